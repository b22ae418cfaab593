"""Radially averaged power spectra by numpy: `tests/golden/spectra.npz`.

For each case NAME: `NAME_image` [C, H, W] (uniform and normal noise, smoothed and not, in float32), `NAME_psd` [C, H, W]
= |fft2|²/N in numpy's order, `NAME_rapsd` [F] the mean over the bins of each ring and over channels, `NAME_f` [F] their
mean |f| in cycles/pixel and `NAME_count` [F] their number. Ring r: round(|f|·max(H, W)) = r, halves upwards, for
r = 0 … max(H, W)//2, decided in Python's integers.

Packages: numpy 2.4.6. Run: `python tools/golden/spectra.py`
"""

import math

import numpy as np

from common import GOLDEN, write_npz

CASES = {"square": (3, 16, 16), "odd": (1, 15, 15), "wide": (2, 12, 20), "tall": (4, 21, 10), "mixed": (1, 9, 32)}


def frequencies(n):
    """Signed integer frequencies in the order of the transform."""
    return [k if 2 * k <= n else k - n for k in range(n)]


def rings(height, width):
    side = max(height, width)
    ring, radius = np.empty((height, width), dtype=np.int64), np.empty((height, width))
    for y, ky in enumerate(frequencies(height)):
        for x, kx in enumerate(frequencies(width)):
            twice = math.isqrt(4 * side**2 * (ky**2 * width**2 + kx**2 * height**2) // (height**2 * width**2))
            ring[y, x] = (twice + 1) // 2
            radius[y, x] = math.hypot(ky / height, kx / width)
    return ring, radius


def main():
    random = np.random.default_rng(20240607)
    arrays = {}
    for name, (channels, height, width) in CASES.items():
        image = random.normal(size=(channels, height, width))
        image[0] = np.cumsum(np.cumsum(random.uniform(-1, 1, (height, width)), axis=0), axis=1)
        image = image.astype("<f4")
        psd = np.abs(np.fft.fft2(image.astype(np.float64))) ** 2 / (height * width)
        ring, radius = rings(height, width)
        kept = ring <= max(height, width) // 2
        count = np.bincount(ring[kept])
        mean = lambda values: np.bincount(ring[kept], weights=values[kept]) / count
        arrays |= {
            f"{name}_image": image, f"{name}_psd": psd, f"{name}_rapsd": mean(psd.mean(axis=0)),
            f"{name}_f": mean(radius), f"{name}_count": count.astype("<i8"),
        }
    write_npz(GOLDEN / "spectra.npz", arrays)


if __name__ == "__main__":
    main()

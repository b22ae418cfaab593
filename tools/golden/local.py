"""The patch-wise posterior mean by numpy: `tests/golden/local.npz`.

`images` [N, C, H, W] in 8 bits with `labels` [N], `x_t` [σ, B, C, H, W], `sigma` [σ] and `side` [k]; for each σ, k and
class (−1 for all) of `classes` [class] the mean `x0` [σ, k, class, B, C, H, W]:

    x0[c, p] = Σ_i w_i(p)·x_i[c, p],  w(p) = softmax_i(−Σ_{q in window(p)} Σ_c (x_t[c, q] − √ᾱ·x_i[c, q])² / (2(1−ᾱ)))

with windows of k×k pixels cut off at the border, √ᾱ = 1/√(1+σ²) and x_i = byte/127.5 − 1. Every window is summed by
itself. The images are coloured boxes on white with some copies, so that patches tie, and noise.

Packages: numpy 2.4.6. Run: `python tools/golden/local.py`
"""

import numpy as np

from common import GOLDEN, write_npz

IMAGES, CHANNELS, HEIGHT, WIDTH = 37, 3, 9, 12
SIGMAS = (0.01, 0.1, 0.6, 3.0, 50.0)
SIDES = (3, 5, 11, 19, 23)
CLASSES = (-1, 1)


def images(random):
    pixels = np.full((IMAGES, CHANNELS, HEIGHT, WIDTH), 255, dtype="|u1")
    for image in pixels[:26]:
        top, left = random.integers(HEIGHT - 3), random.integers(WIDTH - 3)
        bottom, right = top + random.integers(2, 5), left + random.integers(2, 6)
        image[:, top:bottom, left:right] = random.integers(0, 256, (CHANNELS, 1, 1))
    pixels[26:30] = pixels[:4]
    pixels[30:] = random.integers(0, 256, pixels[30:].shape)
    return pixels


def posterior_mean(x_t, values, sigma, side):
    a, b = 1 / np.sqrt(1 + sigma**2), sigma**2 / (1 + sigma**2)
    squares = ((x_t - a * values) ** 2).sum(axis=1)
    mean, reach = np.empty_like(x_t), side // 2
    for y in range(HEIGHT):
        for x in range(WIDTH):
            window = squares[:, max(0, y - reach):y + reach + 1, max(0, x - reach):x + reach + 1]
            logits = -window.sum(axis=(1, 2)) / (2 * b)
            weights = np.exp(logits - logits.max())
            mean[:, y, x] = weights @ values[:, :, y, x] / weights.sum()
    return mean


def main():
    random = np.random.default_rng(20241220)
    pixels, labels = images(random), np.arange(IMAGES, dtype="<i8") % 3
    values = pixels / 127.5 - 1
    states = []
    for sigma in SIGMAS:
        noise = random.normal(size=(2, CHANNELS, HEIGHT, WIDTH))
        # The first sample is an image with noise, the second is like none of them.
        clean = np.stack([values[5], random.uniform(-1, 1, values[5].shape)])
        states.append((clean + sigma * noise) / np.sqrt(1 + sigma**2))
    x_t = np.stack(states)
    x0 = np.stack([
        np.stack([
            np.stack([
                np.stack([posterior_mean(state, values[(labels == c) | (c < 0)], sigma, side) for state in batch])
                for c in CLASSES
            ])
            for side in SIDES
        ])
        for sigma, batch in zip(SIGMAS, x_t)
    ])
    write_npz(GOLDEN / "local.npz", {
        "images": pixels, "labels": labels, "x_t": x_t, "sigma": np.array(SIGMAS), "side": np.array(SIDES, dtype="<i8"),
        "classes": np.array(CLASSES, dtype="<i8"), "x0": x0.astype("<f4"),
    })
    print((GOLDEN / "local.npz").stat().st_size, "bytes")


if __name__ == "__main__":
    main()

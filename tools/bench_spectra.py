"""Radially averaged power spectra: numpy against `Rapsd::samples`, by turns, on the same images and the same cores.

500 images [3, 64, 64] in float32 of a 1/f^2 spectrum, 50 passes over them. numpy: `np.fft.fft2` in float64, |X|^2, the mean
over channels, `np.bincount` by ring and one division, image by image; in one process, and shared among as many processes as
there are cores. Ours: the bench `spectra`, which reads the same file. The results must agree.

Packages: numpy 2.4.6. Run, with nothing else running: `python tools/bench_spectra.py`
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
IMAGES, CHANNELS, SIDE, PASSES, TURNS = 500, 3, 64, 50, 5


def images():
    random = np.random.default_rng(7)
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(SIDE), np.fft.fftfreq(SIDE), indexing="ij"))
    f[0, 0] = 1 / SIDE
    noise = np.fft.fft2(random.standard_normal((IMAGES, CHANNELS, SIDE, SIDE)))
    values = np.fft.ifft2(noise / f).real
    return (values / values.std()).astype("<f4")


class Numpy:
    def __init__(self):
        k = np.rint(np.fft.fftfreq(SIDE) * SIDE).astype(np.int64)
        ring = np.floor(np.hypot(k[:, None], k[None, :]) + 0.5).astype(np.int64)
        self.ring = np.where(ring > SIDE // 2, SIDE // 2 + 1, ring).ravel()
        self.count = np.bincount(self.ring)[:-1]

    def spectrum(self, image):
        x = np.fft.fft2(image.astype(np.float64))
        power = (x.real**2 + x.imag**2).mean(axis=0)
        return np.bincount(self.ring, weights=power.ravel())[:-1] / (self.count * SIDE * SIDE)

    def spectra(self, images):
        return np.stack([self.spectrum(image) for image in images])


PART = None


def share(array, cores, taken):
    """Gives the process that calls it its part of the images."""
    global PART
    with taken.get_lock():
        PART = np.array_split(array, cores)[taken.value % cores]
        taken.value += 1


def own_part(passes):
    numpy = Numpy()
    for _ in range(passes):
        numpy.spectra(PART)


def bench_binary():
    build = ["cargo", "bench", "--locked", "--bench", "spectra", "--no-run"]
    told = subprocess.run(build, cwd=ROOT, check=True, stderr=subprocess.PIPE, text=True).stderr
    return ROOT / told.rsplit("(", 1)[1].split(")")[0]


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else bench_binary()
    cores = len(os.sched_getaffinity(0))
    array, numpy = images(), Numpy()
    one, all_cores = "numpy, 1 process", f"numpy, {cores} processes"
    times = {one: [], all_cores: [], "ours": []}
    # Each process has its part before the clock starts.
    pool = multiprocessing.get_context("fork").Pool(cores, share, (array, cores, multiprocessing.Value("i", 0)))
    with tempfile.TemporaryDirectory() as folder, pool:
        file, out = Path(folder) / "images.npy", Path(folder) / "out.npy"
        np.save(file, array)
        for turn in range(TURNS):
            began = time.perf_counter()
            for _ in range(PASSES):
                theirs = numpy.spectra(array)
            times[one].append(time.perf_counter() - began)
            began = time.perf_counter()
            pool.map(own_part, [PASSES] * cores, chunksize=1)
            times[all_cores].append(time.perf_counter() - began)
            told = subprocess.run([binary, file, str(PASSES), out], check=True, stdout=subprocess.PIPE, text=True)
            times["ours"].append(float(told.stdout))
            print(f"turn {turn}: " + ", ".join(f"{name} {taken[-1]:.2f} s" for name, taken in times.items()))
        apart = np.abs(np.load(out) / theirs - 1).max()
    print(f"{PASSES} passes over {IMAGES} images of {CHANNELS}x{SIDE}x{SIDE}, {cores} cores, medians of {TURNS} by turns:")
    ours = np.median(times["ours"])
    for name, taken in times.items():
        median = np.median(taken)
        print(f"{name:>20}: {median:6.2f} s, {1e6 * median / PASSES / IMAGES:6.1f} µs an image, {median / ours:5.2f} times ours")
    print(f"largest relative difference: {apart:.1e}")
    assert apart < 1e-6


if __name__ == "__main__":
    main()

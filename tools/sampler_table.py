"""Measures every sampler with its default spacing, at 20 and 50 steps, against a fine run on the bundled models.

    python tools/sampler_table.py --program target/release/chromascope [MODEL ...]

Prints the tables of docs/sampling.md. The fine run is Heun's method over many steps of karras from the same noise. Samplers that
add no noise of their own are held against its images; all of them by the mean power spectrum of their samples, in dB over the
rings of frequency, which for few samples cannot be told more exactly than the two halves of the fine run agree.
"""

import argparse
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

MODELS = ("gaussian-64", "emoji-exact-64", "emoji-unet", "emoji-cascade")
EXACT = ("gaussian-64", "emoji-exact-64")
STEPS = (20, 50)
STOCHASTIC = ("ddpm", "euler-ancestral")
# The default of each, the model's own spacing for Heun's method, and Heun's for another of second order.
ROWS = (
    ("ddim", None), ("euler", None), ("dpmpp-2m", None), ("heun", None), ("ddpm", None), ("euler-ancestral", None),
    ("heun", "trailing"), ("dpmpp-2m", "karras-capped"),
)


def sample(program, model, samples, sampler, steps, spacing):
    """(images [B, C, H, W], name of the spacing, whether the result was said to be far out)."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "sample", "--model", model, "--sampler", sampler, "--steps", str(steps), "--batch", str(samples)]
        command += ["--provider", "rust" if model in EXACT else "cpu", "--seed", "0", "--out", folder]
        command += ["--spacing", spacing] if spacing else []
        told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
        record = json.loads(Path(folder, "trajectory.json").read_text(encoding="utf-8"))
        with np.load(Path(folder, "trajectory.npz")) as arrays:
            return arrays["x_t"][-1].astype(np.float64), record["resolved"]["spacing"], "far outside" in told


def rapsd(images):
    """Mean density of each ring round(|f| side) = 1 ... side/2."""
    side = images.shape[-1]
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side), indexing="ij"))
    ring = np.round(f * side).astype(int)
    density = (np.abs(np.fft.fft2(images, norm="ortho")) ** 2).mean((0, 1))
    return np.array([density[ring == r].mean() for r in range(1, side // 2 + 1)])


def decibels(a, b):
    return np.sqrt(np.mean((10 * np.log10(rapsd(a) / rapsd(b))) ** 2))


def table(program, model, samples, fine_steps):
    fine, _, _ = sample(program, model, samples, "heun", fine_steps, "karras")
    apart = decibels(fine[: samples // 2], fine[samples // 2 :])
    print(f"\n`{model}`, {samples} samples, fine run of {fine_steps} steps; the spectra of its halves are {apart:.1f} dB apart.\n")
    print("| sampler | spacing | RMSE, 20 steps | 50 steps | spectrum off, 20 steps | 50 steps | far out |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for sampler, spacing in ROWS:
        made = [sample(program, model, samples, sampler, steps, spacing) for steps in STEPS]
        error = ["–" if sampler in STOCHASTIC else f"{np.sqrt(np.mean((images - fine) ** 2)):.3f}" for images, _, _ in made]
        off = [f"{decibels(images, fine):.2f} dB" for images, _, _ in made]
        name = f"{made[0][1]}{', chosen' if spacing else ''}"
        far_out = "said" if any(far for _, _, far in made) else "no"
        print(f"| {sampler} | {name} | {' | '.join(error)} | {' | '.join(off)} | {far_out} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", default=MODELS, metavar="MODEL")
    parser.add_argument("--program", default="target/release/chromascope")
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--fine", type=int, default=100, help="steps of the fine run")
    arguments = parser.parse_args()
    for model in arguments.models:
        table(arguments.program, model, arguments.samples, arguments.fine)


if __name__ == "__main__":
    main()

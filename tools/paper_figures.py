"""The paper's figures 4 (right) and 5 (arXiv 2401.10247), made by the program from the bundled models.

    python tools/paper_figures.py guidance --out docs/measured/guidance-emoji-unet.png
    python tools/paper_figures.py sizes --out docs/measured/sizes-emoji.png

Needs numpy, matplotlib and a built `chromascope` (`--program`).
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

LEVELS = 6
COLOURS = ["#f7d154", "#f59b3f", "#ea6666", "#b94fa5", "#7b63d6", "#4a8be0"]


def run(program, *arguments):
    """The arrays of one run."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "sample", *map(str, arguments), "--out", folder]
        print(" ".join(command), file=sys.stderr, flush=True)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        with np.load(Path(folder) / "trajectory.npz") as npz:
            return {name: npz[name].astype(np.float64) for name in npz.files}


def pool(x):
    *n, h, w = x.shape
    return x.reshape(*n, h // 2, 2, w // 2, 2).mean((-3, -1))


def energies(x):
    """Mean square of each level [S, LEVELS], the finest first, over samples, channels and pixels; x [S, B, C, H, W]."""
    out = []
    for _ in range(LEVELS):
        low = pool(x)
        out.append(((x - low.repeat(2, -2).repeat(2, -1)) ** 2).mean((1, 2, 3, 4)))
        x = low
    return np.stack(out, 1)


def shares(x0):
    """r_m between consecutive estimates [S-1, LEVELS], amplitude."""
    size = np.sqrt(energies(np.diff(x0, axis=0)))
    return size / size.sum(1, keepdims=True)


def noise(arrays, x0):
    """The noise prediction that an estimate stands for."""
    a = arrays["alpha_bar"][: len(x0), None, None, None, None]
    return (arrays["x_t"][: len(x0)] - np.sqrt(a) * x0) / np.sqrt(1 - a)


def guidance(args):
    common = ["--model", "emoji-unet", "--label", args.label, "--batch", args.samples, "--steps", 50, "--seed", 1]
    guided, plain = run(args.program, *common, "--guidance", args.scale), run(args.program, *common)
    class_, none = (noise(guided, guided[name]) for name in (f"x0_class_{args.label}", "x0_unconditional"))
    maps = [("‖B$_m$ε$_c$‖", class_), ("‖B$_m$ε$_∅$‖", none), ("‖B$_m$(ε$_c$ − ε$_∅$)‖", class_ - none)]
    figure, axes = plt.subplots(3, 3, figsize=(12, 8), layout="constrained")
    for column, (name, values) in enumerate(maps):
        size = np.sqrt(energies(values)).T
        for row, (what, shown) in enumerate([("absolute", np.log10(size)), ("relative", size / size.sum(0))]):
            ax = axes[row, column]
            image = ax.imshow(shown, aspect="auto", cmap="inferno", interpolation="nearest")
            ax.set_title(f"{name}, {what}" + (", log₁₀" if what == "absolute" else ""), fontsize=10)
            ax.set_yticks(range(LEVELS), [f"{2**m} px" for m in range(LEVELS)])
            ax.set_xlabel("step")
            figure.colorbar(image, ax=ax)
    curves = [("guided", guided["x0"]), ("without guidance, w = 1", plain["x0"]), ("without class, same states", guided["x0_unconditional"])]
    for ax, (name, x0) in zip(axes[2], curves):
        for m, r in enumerate(shares(x0).T):
            ax.plot(np.arange(len(r)) + 0.5, r, color=COLOURS[m], label=f"{2**m} px")
        ax.set_title(f"r$_m$ of E[x$_0$|x$_t$], {name}", fontsize=10)
        ax.set_xlabel("step")
        ax.set_ylim(0, 0.75)
    axes[2, 0].legend(fontsize=7, ncols=2)
    figure.suptitle(f"Guidance by resolution: emoji-unet, class {args.label}, w = {args.scale:g}, {args.samples} samples, ddim, 50 steps")
    figure.savefig(args.out, dpi=90)


def picture(values):
    return np.clip((values.transpose(1, 2, 0) + 1) / 2, 0, 1)


def sizes(args):
    classes = args.classes
    large = ["--model", "emoji-unet", "--size", "128x128"]
    rows = [
        ("emoji-unet\n64×64", ["--model", "emoji-unet"]),
        ("emoji-cascade\n64×64", ["--cascade", args.cascade]),
        ("emoji-unet\n128×128, plain", large),
        ("emoji-unet\n128×128, upsample\nguidance", [*large, "--upsample-guidance", 2]),
    ]
    figure, axes = plt.subplots(len(rows), len(classes), figsize=(1.6 * len(classes) + 1.4, 1.65 * len(rows)), layout="constrained")
    for line, (name, arguments) in zip(axes, rows):
        for ax, class_ in zip(line, classes):
            arrays = run(args.program, *arguments, "--label", class_, "--seed", 3, "--steps", args.steps, "--guidance", 2)
            ax.imshow(picture(arrays["x_t"][-1, 0]), interpolation="nearest")
            ax.set_xticks([])
            ax.set_yticks([])
        line[0].set_ylabel(name, fontsize=9, rotation=0, ha="right", va="center", labelpad=8)
    for ax, class_ in zip(axes[0], classes):
        ax.set_title(f"class {class_}", fontsize=9)
    figure.suptitle(f"One column a class and noise; ddim, {args.steps} steps, w = 2", fontsize=10)
    figure.savefig(args.out, dpi=90)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", choices=["guidance", "sizes"])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--program", default="target/release/chromascope")
    parser.add_argument("--cascade", default="emoji-cascade")
    parser.add_argument("--classes", type=int, nargs="+", default=[0, 1, 3, 8], help="the columns of `sizes`")
    parser.add_argument("--steps", type=int, default=20, help="of `sizes`")
    parser.add_argument("--label", type=int, default=0)
    parser.add_argument("--scale", type=float, default=3.0)
    parser.add_argument("--samples", type=int, default=16)
    args = parser.parse_args()
    {"guidance": guidance, "sizes": sizes}[args.figure](args)


if __name__ == "__main__":
    main()

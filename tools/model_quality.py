"""Measures an emoji model through ONNX Runtime and writes the table into its card.json and README.md, and a sample sheet.

    python tools/model_quality.py assets/models/emoji-unet
    python tools/model_quality.py assets/models/emoji-cascade --against assets/models/emoji-unet

1. Mean squared error of E[x_0|x_t] on held-out emoji without class, eight fixed noises an image, beside the Wiener
   denoiser's on the same noises (pixelwise mean and periodic power spectrum of the training part).
2. Radially averaged power spectrum of samples (DDIM, trailing, no class) against that of the training images.
3. sheet.png: samples without class, then one row for each class; with --against those of the other model, from the same
   noise, at the left or above.

With --against the errors are told for each resolution level too, of both models.
"""

import argparse
from pathlib import Path

import numpy as np

from emoji_dataset import NULL_LABEL, save_sheet, split
from export_model import write_json
from sheet import enlarge, log_snr_table, open_model, pool, read_card, sample, sigmoid

SIGMAS = (0.1, 0.3, 1.0, 3.0, 10.0)
GOALS = {0.1: 1.0, 0.3: 0.6, 1.0: 0.6, 3.0: 1.0}  # error over Wiener's
BAND = (0.02, 0.4)  # cycles per pixel
LEVELS = 6  # of factor 2, the finest first
START, END = "<!-- measured -->", "<!-- /measured -->"


def timestep_of_sigma(sigma):
    """The continuous timestep at which the model's noise level is sigma."""
    table = log_snr_table()
    return np.interp(2 * np.log(sigma), -table, np.arange(len(table)))


def by_level(error):
    """Mean square of an error in each resolution level [LEVELS], the finest first, a pixel of the whole image."""
    energies = []
    for _ in range(LEVELS):
        low = pool(error, 2)
        energies.append(((error - enlarge(low, 2)) ** 2).mean())
        error = low
    return np.array(energies)


def denoising_errors(denoise, noises, batch=66):
    """[(sigma, MSE of the model, MSE of the Wiener denoiser, the same by level of both)]."""
    train, _, held_out, _ = split()
    mean = train.mean(0, dtype=np.float64)
    spectrum = np.mean([np.abs(np.fft.fft2(x - mean, norm="ortho")) ** 2 for x in train], axis=0)
    rows = []
    for sigma in SIGMAS:
        alpha_bar, timestep = sigmoid(-2 * np.log(sigma)), timestep_of_sigma(sigma)
        gain = spectrum / (spectrum + sigma**2)
        ours, linear, levels = [], [], []
        for k in range(noises):
            noise = np.random.default_rng((k, int(sigma * 1000))).standard_normal(held_out.shape)
            for i in range(0, len(held_out), batch):
                x_0 = held_out[i : i + batch]
                x = x_0 + sigma * noise[i : i + batch]
                n = len(x)
                x_t = (np.sqrt(alpha_bar) * x).astype(np.float32)
                predicted = denoise(x_t, np.full(n, timestep, np.float32), np.full(n, NULL_LABEL))
                ours.append(((predicted - x_0) ** 2).mean((1, 2, 3)))
                wiener = mean + np.fft.ifft2(gain * np.fft.fft2(x - mean)).real
                linear.append(((wiener - x_0) ** 2).mean((1, 2, 3)))
                levels.append([n * by_level(predicted - x_0), n * by_level(wiener - x_0)])
        errors = float(np.concatenate(ours).mean()), float(np.concatenate(linear).mean())
        rows.append((sigma, *errors, np.sum(levels, 0) / (noises * len(held_out))))
        print(f"sigma {sigma:5}: model {rows[-1][1]:.6f}, Wiener {rows[-1][2]:.6f}, ratio {rows[-1][1] / rows[-1][2]:.3f}", flush=True)
    return rows


def rapsd(images):
    """(frequency of each ring in cycles/pixel, mean density), rings round(|f| max(H, W)) = 0 ... max(H, W)/2."""
    h, w = images.shape[2:]
    f = np.hypot(*np.meshgrid(np.fft.fftfreq(h), np.fft.fftfreq(w), indexing="ij"))
    ring = np.round(f * max(h, w)).astype(int)
    psd = np.mean([np.abs(np.fft.fft2(x, norm="ortho")) ** 2 for x in images], axis=(0, 1))
    rings = range(max(h, w) // 2 + 1)
    return np.array([f[ring == r].mean() for r in rings]), np.array([psd[ring == r].mean() for r in rings])


def markdown(measured):
    errors, spectrum = measured["denoising"], measured["spectrum"]
    rows, missed = [], []
    for e in errors:
        goal = GOALS.get(e["sigma"])
        rows.append(f"| {e['sigma']} | {e['model']:.5f} | {e['wiener']:.5f} | **{e['ratio']:.3f}** | {f'≤ {goal}' if goal else '–'} |")
        if goal and e["ratio"] > goal:
            missed.append(f"σ = {e['sigma']}: {e['ratio']:.3f} instead of {goal}")
    if spectrum["largest_difference_db"] > 3:
        missed.append(f"spectrum: {spectrum['largest_difference_db']:.1f} dB instead of 3")
    return "\n".join([
        f"Mean squared error of E[x_0|x_t] on {measured['held_out_images']} held-out emoji for the null class, {measured['noises']} noise samples per image,",
        "compared with the best linear stationary denoiser (Wiener) on the same noise:",
        "",
        "| σ | model | Wiener | ratio | goal |",
        "| --- | --- | --- | --- | --- |",
        *rows,
        "",
        f"Spectrum of {spectrum['samples']} samples (DDIM, {spectrum['steps']} steps, null class) compared with that of the training images,",
        f"from {BAND[0]} to {BAND[1]} cycles/pixel: largest difference **{spectrum['largest_difference_db']:.1f} dB**,",
        f"root mean square {spectrum['rms_difference_db']:.1f} dB (goal: within 3 dB).",
        "",
        f"Goals missed: {'; '.join(missed) or 'none'}.",
        *against_table(measured),
    ])  # fmt: skip


def against_table(measured):
    """Errors by level of both models, in lines; none where there is one."""
    if "against" not in measured:
        return []
    other = measured["against"]
    head = " | ".join(f"{2**m} px" for m in range(LEVELS))
    rows = [
        f"| {e['sigma']} | {e['ratio']:.3f} / {o['ratio']:.3f} | "
        + " | ".join(f"{a:.3f} / {b:.3f}" for a, b in zip(e["levels"], o["levels"]))
        + " |"
        for e, o in zip(measured["denoising"], other["denoising"])
    ]
    return [
        "",
        f"Error relative to Wiener, this model / {other['name']}, for the whole image and per resolution level:",
        "",
        f"| σ | whole | {head} |",
        "| --- |" + " --- |" * (LEVELS + 1),
        *rows,
    ]


def denoising(rows):
    """The rows as the card has them."""
    return [
        dict(sigma=s, model=round(m, 7), wiener=round(w, 7), ratio=round(m / w, 4), levels=[round(float(x), 4) for x in b[0] / b[1]])
        for s, m, w, b in rows
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model folder")
    parser.add_argument("--noises", type=int, default=8)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--against", type=Path, metavar="MODEL", help="another model to compare with")
    args = parser.parse_args()
    denoise, card = open_model(args.model, args.threads), read_card(args.model)
    other = open_model(args.against, args.threads) if args.against else None
    train, _, held_out, _ = split()
    rows = denoising_errors(denoise, args.noises)

    samples = sample(denoise, np.full(args.samples, NULL_LABEL), steps=args.steps)
    f, ours = rapsd(samples)
    _, data = rapsd(train)
    decibels = 10 * np.log10(ours / data)
    inside = (f >= BAND[0]) & (f <= BAND[1])
    print("spectrum of samples over that of the data, dB: " + " ".join(f"{x:.3f}:{d:+.1f}" for x, d in zip(f, decibels)))

    card["measured"] = {
        "held_out_images": len(held_out),
        "noises": args.noises,
        "denoising": denoising(rows),
        "spectrum": {
            "samples": args.samples,
            "steps": args.steps,
            "largest_difference_db": round(float(np.abs(decibels[inside]).max()), 3),
            "rms_difference_db": round(float(np.sqrt((decibels[inside] ** 2).mean())), 3),
            "cycles_per_px": [round(float(x), 4) for x in f],
            "difference_db": [round(float(x), 2) for x in decibels],
        },
    }
    if other:
        against = denoising_errors(other, args.noises)
        card["measured"]["against"] = {"name": args.against.name, "denoising": denoising(against)}
    write_json(args.model / "card.json", card)
    readme = args.model / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(START)
    readme.write_text(f"{before}{START}\n{markdown(card['measured'])}\n{END}{rest.split(END)[1]}", encoding="utf-8")
    if other:
        labels = np.repeat(np.arange(NULL_LABEL + 1), 8)
        pairs = [sample(d, labels, steps=args.steps, seed=1).reshape(-1, 8, *train.shape[1:]) for d in (other, denoise)]
        rows_of_both = np.concatenate(pairs, 1).reshape(-1, *train.shape[1:])
        save_sheet(rows_of_both, args.model / "sheet.png", columns=16, colours=128)
    else:
        by_class = sample(denoise, np.repeat(np.arange(NULL_LABEL), 16), steps=args.steps, seed=1)
        save_sheet(np.concatenate([samples[:64], by_class]), args.model / "sheet.png", columns=16)
    print(markdown(card["measured"]))


if __name__ == "__main__":
    main()

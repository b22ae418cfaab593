"""Draws a sheet of samples of a bundled model: DDIM, trailing timesteps, through ONNX Runtime.

    python tools/sheet.py assets/models/emoji-unet sheet.png                 # 64 samples, no class
    python tools/sheet.py assets/models/emoji-unet sheet.png --by-class      # one row a class
    python tools/sheet.py assets/models/emoji-unet sheet.png --size 64x96 --steps 50
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np

from emoji_dataset import save_sheet


def log_snr_table(steps=1000, max_beta=0.999):
    """lambda_t = ln(alpha_bar/(1 - alpha_bar)) of squaredcos_cap_v2, f64 [steps]; exactly diffusers' betas."""
    alpha_bar = np.cos((np.arange(steps + 1) / steps + 0.008) / 1.008 * np.pi / 2) ** 2
    betas = np.minimum(1 - alpha_bar[1:] / alpha_bar[:-1], max_beta)
    log_alpha_bar = np.cumsum(np.log1p(-betas))
    return log_alpha_bar - np.log(-np.expm1(log_alpha_bar))


def log_snr(timestep, table=None):
    """lambda at continuous timesteps, linear in between, clamped to the table."""
    table = log_snr_table() if table is None else table
    return np.interp(timestep, np.arange(len(table)), table)


def sigmoid(x):
    return 1 / (1 + np.exp(-np.asarray(x, np.float64)))


def trailing(steps, train_steps=1000):
    """diffusers' `timestep_spacing: trailing`: steps timesteps, the first train_steps - 1."""
    return np.round(np.arange(train_steps, 0, -train_steps / steps)) - 1


def ddim(denoise, shape, steps=32, seed=0):
    """DDIM (eta = 0) on x_0-predictions. `denoise(x_t f32, timestep f32 [B])` gives x_0; the state is f64."""
    x = np.random.default_rng(seed).standard_normal(shape)
    lambdas = [log_snr(t) for t in trailing(steps)] + [np.inf]
    for t, now, after in zip(trailing(steps), lambdas[:-1], lambdas[1:]):
        x0 = denoise(x.astype(np.float32), np.full(shape[0], t, np.float32)).astype(np.float64)
        eps = (x - np.sqrt(sigmoid(now)) * x0) / np.sqrt(sigmoid(-now))
        x = np.sqrt(sigmoid(after)) * x0 + np.sqrt(sigmoid(-after)) * eps
    return x


def pool(x, n):
    """Means of n x n blocks."""
    b, c, h, w = x.shape
    return x.reshape(b, c, h // n, n, w // n, n).mean((3, 5))


def enlarge(x, n):
    return x.repeat(n, 2).repeat(n, 3)


def open_cascade(folder, threads):
    """The recursion of docs/theory.md, section 14, in plain numpy around the stages."""
    description = json.loads((Path(folder) / "cascade.json").read_text(encoding="utf-8"))
    n, stages = description.get("factor", 2), [open_model(Path(folder) / name, threads) for name in description["stages"]]
    table = log_snr_table()

    def denoise(x_t, timestep, class_labels, stage=len(stages) - 1):
        if stage == 0:
            return stages[0](x_t, timestep, class_labels)
        level = log_snr(timestep, table)
        alpha_bar = sigmoid(level)[:, None, None, None]
        pooled = (pool(x_t.astype(np.float64), n) / np.sqrt(alpha_bar + (1 - alpha_bar) / n**2)).astype(np.float32)
        adjusted = np.interp(-(level + 2 * np.log(n)), -table, np.arange(len(table))).astype(np.float32)
        coarse = denoise(pooled, adjusted, class_labels, stage - 1)
        fine = stages[stage](x_t, timestep, class_labels)
        return enlarge(coarse - pool(fine, n), n) + fine

    return denoise


def open_model(folder, threads=0):
    """denoise(x_t, timestep, class_labels) of a model folder; labels are ignored where the model has no classes."""
    if (Path(folder) / "cascade.json").exists():
        return open_cascade(folder, threads)
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(Path(folder) / "model.onnx"), options, ["CPUExecutionProvider"])
    inputs = {i.name for i in session.get_inputs()}

    def denoise(x_t, timestep, class_labels):
        feed = {"sample": x_t, "timestep": timestep, "class_labels": class_labels}
        return session.run(["out_sample"], {k: v for k, v in feed.items() if k in inputs})[0]

    return denoise


def read_card(folder):
    return json.loads((Path(folder) / "card.json").read_text(encoding="utf-8"))


def sample(denoise, labels, size=(64, 64), steps=32, seed=0, batch=32):
    """One sample a label, f64 [len(labels), 3, H, W]."""
    labels = np.asarray(labels, np.int64)
    return np.concatenate([
        ddim(lambda x, t: denoise(x, t, labels[i : i + batch]), (len(labels[i : i + batch]), 3, *size), steps, (seed, i))
        for i in range(0, len(labels), batch)
    ])  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="model folder")
    parser.add_argument("out", help="PNG to write")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--by-class", action="store_true", help="one row of eight per class, the null class last")
    parser.add_argument("--size", default="64x64", help="HxW")
    parser.add_argument("--steps", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    null = read_card(args.model).get("null_label", 0)
    labels = np.repeat(np.arange(null + 1), 8) if args.by_class else np.full(args.count, null)
    size = tuple(int(n) for n in args.size.split("x"))
    save_sheet(sample(open_model(args.model, args.threads), labels, size, args.steps, args.seed), args.out)


if __name__ == "__main__":
    main()

"""Writes the two models that need no training, `gaussian-64` and `emoji-exact-64`, and checks each against NumPy.

    python tools/exact_models.py assets/models

gaussian-64: E[x_0|x_t] under a stationary Gaussian prior with the power spectrum of natural images, 1/|f|^2.
emoji-exact-64: E[x_0|x_t] under the empirical distribution of the emoji, a softmax over all images.
Both are ONNX graphs of a few matrix products with the inputs and the schedule of the trained model.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import emoji_dataset
from emoji_dataset import GROUPS, NULL_LABEL
from export_model import OPSET, scheduler_config, write_json
from sheet import log_snr, log_snr_table, open_model, sigmoid

SIZE = 64
PIXELS = 3 * SIZE * SIZE


class Graph:
    """Builds an ONNX graph: `node` adds an operation and names its result, `constant` an initialiser."""

    def __init__(self):
        self.nodes, self.initializers = [], []

    def node(self, op, *inputs, **attributes):
        output = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], **attributes))
        return output

    def constant(self, name, array, dtype=np.float32):
        self.initializers.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def log_snr(self):
        """log-SNR [B] at the continuous `timestep`, linear between the entries of the table."""
        table = self.constant("log_snr_table", log_snr_table())
        zero, last = self.constant("zero", 0), self.constant("last", 999)
        t = self.node("Min", self.node("Max", "timestep", zero), last)
        below = self.node("Min", self.node("Floor", t), self.constant("last_below", 998))
        index = self.node("Cast", below, to=TensorProto.INT64)
        low = self.node("Gather", table, index)
        high = self.node("Gather", table, self.node("Add", index, self.constant("one_index", 1, np.int64)))
        return self.node("Add", low, self.node("Mul", self.node("Sub", t, below), self.node("Sub", high, low)))

    def schedule(self, shape):
        """(sqrt(alpha_bar), alpha_bar, 1 - alpha_bar), each reshaped from [B] to `shape`."""
        value = self.node("Reshape", self.log_snr(), self.constant("per_image", shape, np.int64))
        alpha_bar = self.sigmoid(value)
        return self.node("Sqrt", alpha_bar), alpha_bar, self.sigmoid(self.node("Neg", value))

    def sigmoid(self, value):
        """1/(1 + exp(-value)); ONNX Runtime's own Sigmoid is wrong beyond -18."""
        one = self.constant(f"one_{len(self.nodes)}", 1)
        return self.node("Div", one, self.node("Add", one, self.node("Exp", self.node("Neg", value))))

    def save(self, path, output, has_classes):
        image = ["batch", 3, SIZE, SIZE]
        inputs = [
            helper.make_tensor_value_info("sample", TensorProto.FLOAT, image),
            helper.make_tensor_value_info("timestep", TensorProto.FLOAT, ["batch"]),
        ]
        if has_classes:
            inputs.append(helper.make_tensor_value_info("class_labels", TensorProto.INT64, ["batch"]))
        self.nodes.append(helper.make_node("Identity", [output], ["out_sample"]))
        outputs = [helper.make_tensor_value_info("out_sample", TensorProto.FLOAT, image)]
        graph = helper.make_graph(self.nodes, path.parent.name, inputs, outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="chromascope")
        model.ir_version = 9
        onnx.save(model, str(path))
        onnx.checker.check_model(str(path))


def natural_spectrum(size=SIZE):
    """(S f64 [size, size] in FFT order, c): S = c/|f|^2 with S(0) = S(1/size), sum(S)/size^2 = 1."""
    f = np.fft.fftfreq(size)
    squared = f[:, None] ** 2 + f[None, :] ** 2
    squared[0, 0] = 1 / size**2
    c = size**2 / (1 / squared).sum()
    return c / squared, c


def write_gaussian(folder):
    spectrum, c = natural_spectrum()
    g = Graph()
    root_alpha, alpha, noise = g.schedule([-1, 1, 1, 1])
    # The gain is even in both frequencies, so the Hartley transform (cos + sin)/8, its own inverse, serves as the DFT.
    angle = 2 * np.pi * np.outer(np.arange(SIZE), np.arange(SIZE)) / SIZE
    dft = g.constant("dft", (np.cos(angle) + np.sin(angle)) / np.sqrt(SIZE))
    s = g.constant("spectrum", spectrum)
    gain = g.node("Div", g.node("Mul", root_alpha, s), g.node("Add", g.node("Mul", alpha, s), noise))
    x_k = g.node("MatMul", g.node("MatMul", dft, "sample"), dft)
    x_0 = g.node("MatMul", g.node("MatMul", dft, g.node("Mul", gain, x_k)), dft)
    g.save(folder / "model.onnx", x_0, has_classes=False)
    difference = check("gaussian-64", folder, gaussian_reference)

    write_json(folder / "scheduler_config.json", scheduler_config())
    config = {"_class_name": "ExactGaussian", "in_channels": 3, "out_channels": 3, "sample_size": SIZE}
    write_json(folder / "config.json", config)
    card = {
        "name": "gaussian-64",
        "title": "Gaussian, 1/f² spectrum",
        "summary": "Exact denoiser of stationary Gaussian noise with the power spectrum of natural images. Everything about its runs is known in closed form.",
        "data": "None: a Gaussian prior, channels independent, mean zero.",
        "licence": "MIT OR Apache-2.0",
        "how_made": "python tools/exact_models.py assets/models",
        "size_multiple": SIZE,
        "exact": {
            "kind": "gaussian",
            "spectrum": "S(k) = c/|f|^2, f = (fftfreq(64), fftfreq(64)) in cycles/pixel, S(0) = c/(1/64)^2; density |X_k|^2/N_pix, so sum_k S/N_pix = 1 is the mean square",
            "c": c,
            "denoiser": "E[x_0|x_t]_k = sqrt(alpha_bar) S/(alpha_bar S + 1 - alpha_bar) x_{t,k}",
        },
        "measured": {"largest_difference_from_f64": difference},
    }
    write_json(folder / "card.json", card)
    (folder / "README.md").write_text(GAUSSIAN_README.format(c=c), encoding="utf-8")


def gaussian_reference(x, timestep, _labels):
    s, lam = natural_spectrum()[0], log_snr(timestep)[:, None, None, None]
    gain = np.sqrt(sigmoid(lam)) * s / (sigmoid(lam) * s + sigmoid(-lam))
    return np.fft.ifft2(gain * np.fft.fft2(x)).real


def write_emoji(folder):
    images, emojis = emoji_dataset.load()
    images.tofile(folder / "images.u8")
    count = len(images)
    from_white = images.reshape(count, -1).astype(np.float64) / 127.5 - 2  # x_i - 1, mostly zero

    g = Graph()
    pixels = TensorProto(name="images", data_type=TensorProto.UINT8, dims=[count, PIXELS], data_location=TensorProto.EXTERNAL)
    pixels.external_data.add(key="location", value="images.u8")
    g.initializers.append(pixels)
    scaled = g.node("Mul", g.node("Cast", "images", to=TensorProto.FLOAT), g.constant("unit", np.float32(1 / 127.5)))
    w = g.node("Sub", scaled, g.constant("two", 2))  # [N, D], folded when the session opens
    root_alpha, _, noise = g.schedule([-1, 1])
    # -|x_t - sqrt(alpha_bar) x_i|^2/(2 (1-alpha_bar)) without what all i share, with white as the origin:
    # y = x_t - sqrt(alpha_bar), w_i = x_i - 1: sqrt(alpha_bar)/(1-alpha_bar) (y.w_i - sqrt(alpha_bar) |w_i|^2/2).
    flat = g.node("Reshape", "sample", g.constant("flat", [-1, PIXELS], np.int64))
    y = g.node("Sub", flat, root_alpha)
    half_norm = g.constant("half_norm", (from_white**2).sum(1)[None] / 2)
    centred = g.node("Sub", g.node("Gemm", y, w, transB=1), g.node("Mul", root_alpha, half_norm))
    logits = g.node("Mul", centred, g.node("Div", root_alpha, noise))
    labels = g.constant("labels", [[e.group for e in emojis]], np.int64)
    wanted = g.node("Unsqueeze", "class_labels", g.constant("axis", [1], np.int64))
    everything = g.node("Equal", wanted, g.constant("null_label", NULL_LABEL, np.int64))
    allowed = g.node("Or", g.node("Equal", wanted, labels), everything)
    masked = g.node("Where", allowed, logits, g.constant("never", -1e30))
    largest = g.node("ReduceMax", masked, g.constant("row", [1], np.int64), keepdims=1)
    weights = g.node("Softmax", g.node("Sub", masked, largest), axis=1)
    mean = g.node("Add", g.node("MatMul", weights, w), g.constant("white", 1))
    g.save(folder / "model.onnx", g.node("Reshape", mean, g.constant("image", [-1, 3, SIZE, SIZE], np.int64)), has_classes=True)
    difference = check("emoji-exact-64", folder, emoji_reference)

    write_json(folder / "scheduler_config.json", scheduler_config())
    config = {
        "_class_name": "ExactEmpirical",
        "in_channels": 3,
        "out_channels": 3,
        "sample_size": SIZE,
        "num_class_embeds": NULL_LABEL + 1,
    }
    write_json(folder / "config.json", config)
    listing = {
        "labels": [e.group for e in emojis],
        "names": [e.name for e in emojis],
        "codepoints": ["-".join(f"{c:X}" for c in e.codepoints) for e in emojis],
        "base": [e.base for e in emojis],
        "held_out": [e.held_out for e in emojis],
    }
    text = ",\n".join(f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False, separators=(',', ':'))}" for k, v in listing.items())
    (folder / "labels.json").write_text("{\n" + text + "\n}\n", encoding="utf-8")
    card = {
        "name": "emoji-exact-64",
        "title": "Emoji, exact",
        "summary": f"Exact posterior mean over {count} emoji: the best possible denoiser of this finite set. Its samples are the emoji themselves.",
        "data": f"{count} emoji of Noto Color Emoji 2.042 at 64×64 on white, groups and names from Unicode 15.0 emoji-test.txt.",
        "licence": "OFL-1.1",
        "how_made": "python tools/exact_models.py assets/models",
        "null_label": NULL_LABEL,
        "class_names": [*GROUPS, "none"],
        "size_multiple": SIZE,
        "exact": {
            "kind": "empirical",
            "images": "images.u8",
            "layout": [count, 3, SIZE, SIZE],
            "pixels": "uint8 in C order, x = u/127.5 - 1",
            "labels": "labels.json",
            "denoiser": "E[x_0|x_t] = sum_i p_i x_i, p = softmax_i(-|x_t - sqrt(alpha_bar) x_i|^2/(2(1-alpha_bar))) over the images of the class, or all",
        },
        "measured": {"largest_difference_from_f64": difference},
    }
    write_json(folder / "card.json", card)
    (folder / "README.md").write_text(EMOJI_README.format(count=count), encoding="utf-8")


def emoji_reference(x, timestep, labels):
    images, emojis = emoji_dataset.load()
    data = images.reshape(len(images), -1).astype(np.float64) / 127.5 - 1
    groups, out = np.array([e.group for e in emojis]), []
    for x_t, lam, label in zip(x.reshape(len(x), -1).astype(np.float64), log_snr(timestep), labels):
        logits = -((x_t - np.sqrt(sigmoid(lam)) * data) ** 2).sum(1) / (2 * sigmoid(-lam))
        logits[(groups != label) & (label != NULL_LABEL)] = -np.inf
        p = np.exp(logits - logits.max())
        out.append(p @ data / p.sum())
    return np.reshape(out, x.shape)


def check(name, folder, reference, tolerance=1e-5):
    """The largest difference from `reference`, in f64, on states near the data at timesteps over the whole range."""
    denoise = open_model(folder)
    rng = np.random.default_rng(0)
    timestep = np.array([0, 20, 60, 150, 300.5, 500, 700, 850.25, 950, 999], np.float32)
    images, emojis = emoji_dataset.load()
    which = rng.integers(len(images), size=len(timestep))
    lam = log_snr(timestep)[:, None, None, None]
    x_t = np.sqrt(sigmoid(lam)) * emoji_dataset.to_float(images[which]) + np.sqrt(sigmoid(-lam)) * rng.standard_normal((len(which), 3, SIZE, SIZE))
    x_t = x_t.astype(np.float32)
    labels = np.where(np.arange(len(which)) % 2, NULL_LABEL, [emojis[i].group for i in which])
    worst = np.abs(denoise(x_t, timestep, labels) - reference(x_t, timestep, labels)).max((1, 2, 3))
    print(f"{name}: largest difference from NumPy in f64 at each timestep: " + " ".join(f"{w:.1e}" for w in worst))
    if not worst.max() < tolerance:
        raise SystemExit(f"{name}: differs from the reference by {worst.max():.2e}")
    return float(f"{worst.max():.1e}")


GAUSSIAN_README = """# gaussian-64

The exact denoiser of stationary Gaussian noise whose power spectrum is that of natural images, at 64×64 with three
independent channels. There is no training and no data: the graph holds one 64×64 transform matrix and one spectrum.

Spectrum, in cycles per pixel, f from `fftfreq(64)` in both directions:

    S(k) = c/|f|²,   S(0) = S(|f| = 1/64),   c = {c:.17g}

scaled so that the mean square is 1 (ΣS/N_pix = 1, with the density |X_k|²/N_pix). The prediction of x_0 is

    E[x_0|x_t]_k = √ᾱ S/(ᾱS + 1 − ᾱ) · x_t,k

Because S is even in both frequencies, the real Hartley matrix (cos + sin)/8, which is its own inverse, replaces the
discrete Fourier transform: two matrix products forward, two back. It agrees with NumPy's FFT in f64 to 1e-5.

Made by `python tools/exact_models.py assets/models`. Licence: MIT OR Apache-2.0, like the program.
"""

EMOJI_README = """# emoji-exact-64

The exact posterior mean over {count} emoji at 64×64 on white: no network can denoise this finite set better, and its
samples are the emoji themselves. With `class_labels` below 9 only the images of that group count, with 9 all do.

    E[x_0|x_t] = Σ p_i x_i,   p = softmax_i( −‖x_t − √ᾱ x_i‖²/(2(1−ᾱ)) )

- `images.u8`: the pictures, uint8 [{count}, 3, 64, 64] in C order, x = u/127.5 − 1. The graph reads it as external data.
- `labels.json`: group (0–8), name, code points and base emoji of each picture, and whether it was held out from the
  training of `emoji-unet` (`held_out`).

Data: the bitmaps of Noto Color Emoji 2.042, composed on white and resized; names and groups from Unicode 15.0
`emoji-test.txt`. Each base emoji has its untoned picture and at most one skin tone. The model agrees
with a direct computation in f64 to 1e-5 in every pixel, at all noise levels.

Made by `python tools/exact_models.py assets/models` (see `tools/emoji_dataset.py`). Licence: SIL Open Font License 1.1,
see `OFL.txt`, because the pictures are derived from the font.
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, help="output folder for the two model folders")
    args = parser.parse_args()
    for name, write in (("gaussian-64", write_gaussian), ("emoji-exact-64", write_emoji)):
        (args.models / name).mkdir(parents=True, exist_ok=True)
        write(args.models / name)


if __name__ == "__main__":
    main()

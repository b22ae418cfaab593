"""Decoded images and colours of latents for `tests/golden/decoder/`, and the small decoders that are not in tests/pipelines/.

- `decoded.npz`: latents of the tiny pipelines, and what diffusers' autoencoder makes of them in f32 (`vae.decode(latents /
  scaling_factor + shift_factor)`); the same for a tiny TAESD (`AutoencoderTiny.decode(latents)`).
- `colours.npz`: latents, images, and the least-squares map of the one to the other, pooled (`numpy.linalg.lstsq`).
- `taesd/model.onnx`: that TAESD, exported by torch. `nan`, `nan-inside`, `flat`, `fixed`: decoders made for one fault each.

Packages: those of requirements.txt, and transformers and optimum for ../tiny_parts.py, which makes the pipelines' weights.
Run: `python tools/golden/decoder.py`, after ../make_tiny_pipelines.py
"""

import io
import os
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import onnx
import onnxruntime as ort
import torch
from diffusers import AutoencoderTiny
from onnx import TensorProto, helper, numpy_helper

from common import GOLDEN
from tiny_parts import PIPELINES

OUT = GOLDEN / "decoder"
PIPELINES_WITH_VAE = ("sd15", "sdxl", "sd3", "flux")
SAMPLES, SIDE = 2, 6


def latents(channels, seed):
    """Of about the size that a denoiser's are."""
    return np.random.default_rng(seed).normal(size=(SAMPLES, channels, SIDE, SIDE + 2)).astype(np.float32)


def of_pipeline(name, files):
    vae = PIPELINES[name](files).vae.eval()
    given = latents(vae.config.latent_channels, len(name))
    scaled = torch.from_numpy(given) / vae.config.scaling_factor + (vae.config.shift_factor or 0.0)
    with torch.no_grad():
        return given, vae.decode(scaled).sample.numpy()


def taesd():
    """A TAESD with few channels, whose random weights are made larger, so that its images are not all of one colour."""
    torch.manual_seed(7)
    vae = AutoencoderTiny(
        encoder_block_out_channels=(8,) * 4, decoder_block_out_channels=(8,) * 4, num_encoder_blocks=(1,) * 4,
        num_decoder_blocks=(1,) * 4, latent_channels=4,
    ).eval()
    with torch.no_grad():
        for weights in vae.parameters():
            weights.mul_(1.6)
    return vae


def export_taesd(vae):
    class Decoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.decoder = vae.decoder

        def forward(self, latent_sample):
            return self.decoder(latent_sample)

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axes = {0: "batch", 2: "height", 3: "width"}
        torch.onnx.export(
            Decoder(), (torch.zeros(1, 4, SIDE, SIDE),), buffer, input_names=["latent_sample"], output_names=["sample"],
            dynamic_axes={"latent_sample": axes, "sample": axes}, opset_version=17, dynamo=False,
        )
    model = onnx.load_from_string(buffer.getvalue())
    for node in model.graph.node:
        node.ClearField("doc_string")
        node.name = ""
    return model


def faulty(kind):
    """A convolution to 3·8² channels, which become 8×8 pixels, and what goes wrong after it."""
    rng = np.random.default_rng(3)
    half = kind in ("nan", "nan-inside")
    ports = TensorProto.FLOAT16 if half and kind != "nan-inside" else TensorProto.FLOAT
    real = np.float16 if half else np.float32
    weights = [
        numpy_helper.from_array((rng.normal(size=(192, 4, 1, 1)) * (0 if kind == "flat" else 1)).astype(real), "kernel"),
    ]
    element = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    nodes = [
        helper.make_node("Cast", ["latent_sample"], ["x"], to=element),
        helper.make_node("Conv", ["x", "kernel"], ["y"]),
    ]
    last = "y"
    if half:  # beyond 65504 there is only infinity, and infinity less infinity is no number
        weights.append(numpy_helper.from_array(np.array(60000, real), "large"))
        nodes.append(helper.make_node("Mul", ["y", "large"], ["z"]))
        nodes.append(helper.make_node("Mul", ["z", "large"], ["far"]))
        nodes.append(helper.make_node("Sub", ["far", "far"], ["none"]))
        last = "none"
    nodes.append(helper.make_node("Cast", [last], ["wide"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("DepthToSpace", ["wide"], ["image"], blocksize=8))
    nodes.append(helper.make_node("Cast", ["image"], ["sample"], to=ports))
    sides = (SIDE, SIDE) if kind == "fixed" else ("height", "width")
    pixels = (8 * SIDE, 8 * SIDE) if kind == "fixed" else ("rows", "columns")
    graph = helper.make_graph(
        nodes, "decoder",
        [helper.make_tensor_value_info("latent_sample", ports, ["batch", 4, *sides])],
        [helper.make_tensor_value_info("sample", ports, ["batch", 3, *pixels])], weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="chromascope-golden")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def write(name, model):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString())
    session = ort.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    port = session.get_inputs()[0]
    given = np.ones((1, 4, SIDE, SIDE), np.float16 if "16" in port.type else np.float32)
    image = session.run(None, {port.name: given})[0]
    print(f"{name:12} {len(model.SerializeToString()):7} B {image.dtype} {image.shape} finite {np.isfinite(image).mean():.2f} "
          f"NaN {np.isnan(image).mean():.2f}")


def colours():
    """Latents and images that no linear map relates exactly, the best one, and that of latents with a constant channel."""
    rng = np.random.default_rng(11)
    arrays = {}
    for name, channels in (("plain", 4), ("constant", 5)):
        x = rng.normal(size=(3, channels, 8, 10)).astype(np.float32)
        if name == "constant":
            x[:, 2] = 0.25
        mixed = np.einsum("bchw,cd->bdhw", x, rng.normal(size=(channels, 3)) * 0.3) + rng.normal(size=(1, 3, 1, 1)) * 0.2
        y = np.kron(mixed, np.ones((4, 4))) + rng.normal(size=(3, 3, 32, 40)) * 0.2
        y = y.astype(np.float32)
        pooled = y.astype(np.float64).reshape(3, 3, 8, 4, 10, 4).mean((3, 5))
        a = np.concatenate([x.astype(np.float64).transpose(0, 2, 3, 1).reshape(-1, channels), np.ones((240, 1))], 1)
        best, *_ = np.linalg.lstsq(a, pooled.transpose(0, 2, 3, 1).reshape(-1, 3), rcond=None)
        shown = (a @ best).reshape(3, 8, 10, 3).transpose(0, 3, 1, 2)
        arrays |= {f"{name}_latents": x, f"{name}_images": y, f"{name}_shown": shown.astype(np.float32)}
    np.savez(OUT / "colours.npz", **arrays)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    arrays = {}
    with tempfile.TemporaryDirectory() as files:
        for name in PIPELINES_WITH_VAE:
            part = Path(files) / name
            part.mkdir()
            arrays[f"{name}_latents"], arrays[f"{name}_images"] = of_pipeline(name, part)
    vae = taesd()
    arrays["taesd_latents"] = latents(4, 5)
    with torch.no_grad():
        arrays["taesd_images"] = vae.decode(torch.from_numpy(arrays["taesd_latents"])).sample.numpy()
    np.savez(OUT / "decoded.npz", **arrays)
    write("taesd", export_taesd(vae))
    for kind in ("nan", "nan-inside", "flat", "fixed"):
        write(kind, faulty(kind))
    colours()


if __name__ == "__main__":
    main()

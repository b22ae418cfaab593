"""Exports a text-to-image pipeline with optimum, and compares what came out with PyTorch: `export_model.py` calls this.

Beside what `optimum-cli export onnx --task text-to-image` writes, CLIP encoders return all hidden states, so that CLIP skip works,
the VAE stays in f32 whatever the rest is, and `export.json` tells what was found.
"""

import json
import os
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import diffusers
import numpy as np
import onnx
import torch

from checkpoint import PIPELINE_CLASSES, needed, refuse

with needed():
    import onnxruntime
    from optimum.exporters.onnx import onnx_export_from_model

PARTS = ("text_encoder", "text_encoder_2", "text_encoder_3", "unet", "transformer", "vae_encoder", "vae_decoder")
# Of the largest value: rounding in f32 and in f16, over as many layers as these networks have.
TOLERANCES = {"f32": 1e-3, "f16": 5e-2}
PROMPT, STEPS = "a photo of a cat", 2


def load(source, dtype=torch.float32, **without):
    try:
        options = {"local_files_only": True} if Path(source).is_dir() else {}
        pipe = diffusers.DiffusionPipeline.from_pretrained(str(source), torch_dtype=dtype, **options, **without)
    except Exception as error:  # noqa: BLE001 diffusers, transformers and the hub have errors of many kinds
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        refuse(f"diffusers cannot load {source} ({reason}); check its files, or the network if it is a name on the hub")
    name = type(pipe).__name__
    if name not in PIPELINE_CLASSES:
        refuse(f"{source} is a {name}; this script exports {', '.join(PIPELINE_CLASSES)}")
    pipe.set_progress_bar_config(disable=True)
    return pipe


def export(pipe, out):
    for name in ("text_encoder", "text_encoder_2"):
        encoder = getattr(pipe, name, None)
        if encoder is not None and hasattr(encoder, "text_model"):
            encoder.config.output_hidden_states = True
            encoder.text_model.config.output_hidden_states = True
    with warnings.catch_warnings():  # the tracing exporter's remarks on shape checks; `compare` covers them
        warnings.simplefilter("ignore")
        onnx_export_from_model(pipe, str(out), task="text-to-image", do_validation=False)


def export_mixed(source, out):
    """Everything in f16 but the VAE."""
    export(load(source, torch.float16), out)
    empty = {name: None for name in ("text_encoder", "text_encoder_2", "text_encoder_3", "unet", "transformer")}
    pipe = load(source)
    for name in empty:
        if hasattr(pipe, name):
            setattr(pipe, name, None)
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        export(pipe, scratch)
        for part in ("vae_encoder", "vae_decoder"):
            for old in (out / part).iterdir():
                old.unlink()
            for new in (Path(scratch) / part).iterdir():
                new.rename(out / part / new.name)


def without_paths(folder):
    """Configurations do not tell where on this machine the checkpoint was."""
    for path in sorted(folder.rglob("*.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict) and value.pop("_name_or_path", None):
            path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


# --- what came out against PyTorch ---------------------------------------------------------------------------------

def session_of(path):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])


def dtype_of(session):
    """f16 if any port is."""
    return "f16" if any("float16" in port.type for port in [*session.get_inputs(), *session.get_outputs()]) else "f32"


def example(pipe, part, session, batch):
    """Inputs in the ranges that the part sees, by the names and types of its graph."""
    draw = torch.Generator().manual_seed(batch)
    height, width, tokens = 8, 12, 77
    sizes = {"batch_size": batch, "sequence_length": tokens, "packed_height_width": height * width // 4, "step": batch}
    sizes |= {"height": height, "width": width, "latent_height": height, "latent_width": width}
    sizes |= {"sample_height": 8 * height, "sample_width": 8 * width}
    values = {}
    for port in session.get_inputs():
        shape = [d if isinstance(d, int) else sizes[d] for d in port.shape]
        if port.name == "input_ids":
            module = getattr(pipe, part)
            value = torch.randint(0, module.config.vocab_size, shape, generator=draw)
        elif port.name == "timestep":
            value = torch.full(shape, 0.5 if part == "transformer" and hasattr(pipe, "_pack_latents") else 501.0)
        elif port.name == "guidance":
            value = torch.full(shape, 3.5)
        elif port.name == "time_ids":
            value = torch.tensor([[64.0, 96.0, 0.0, 0.0, 64.0, 96.0]] * batch)
        elif port.name.endswith("_ids"):
            value = torch.stack([torch.arange(shape[0]) % (k + 3) for k in range(shape[1])], 1)
        else:
            value = torch.randn(shape, generator=draw)
        values[port.name] = value
    return values


def fed(values, session):
    kinds = {"tensor(float16)": np.float16, "tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(int32)": np.int32}
    return {port.name: values[port.name].numpy().astype(kinds[port.type]) for port in session.get_inputs()}


def expected(pipe, part, values, names):
    """What PyTorch gives for outputs of these names."""
    with torch.no_grad():
        if part == "vae_decoder":
            return [pipe.vae.decode(values["latent_sample"], return_dict=False)[0]]
        if part == "vae_encoder":
            return [pipe.vae.encode(values["sample"]).latent_dist.parameters]
        module = getattr(pipe, part)
        if part.startswith("text"):
            out = module(values["input_ids"], output_hidden_states=True)
            states = {f"hidden_states.{i}": state for i, state in enumerate(out.hidden_states)}
            return [states[name] if name in states else getattr(out, name) for name in names]
        floats = {k: v.float() for k, v in values.items()}
        extra = {k: floats.pop(k) for k in ("text_embeds", "time_ids") if k in floats}
        return [module(**floats, **({"added_cond_kwargs": extra} if extra else {}), return_dict=False)[0]]


def compare(pipe, folder):
    """By part: type, operator set and the largest difference over the largest value, at two batch sizes."""
    found = {}
    for part in PARTS:
        path = folder / part / "model.onnx"
        if not path.exists():
            continue
        session, worst = session_of(path), 0.0
        names, kind = [port.name for port in session.get_outputs()], dtype_of(session)
        for batch in (1, 2):
            values = example(pipe, part, session, batch)
            for name, ours, theirs in zip(names, session.run(names, fed(values, session)), expected(pipe, part, values, names)):
                ours, theirs = ours.astype(np.float32), theirs.float().numpy()
                bad = float(np.mean(~np.isfinite(ours)))
                if bad > 0:
                    refuse(f"{path}: {100 * bad:.0f} % of {name} is no number in {kind}; export with --dtype f32")
                worst = max(worst, float(np.abs(ours - theirs).max() / max(np.abs(theirs).max(), 1e-12)))
        opset = next(o.version for o in onnx.load(str(path), load_external_data=False).opset_import if not o.domain)
        found[part] = {"dtype": kind, "opset": opset, "difference": worst}
        print(f"{part}: {kind}, differs from PyTorch by {worst:.1e} of its largest value", flush=True)
        if not worst < TOLERANCES[kind]:
            refuse(f"{path} differs from PyTorch by {worst:.1e} of its largest value, more than {TOLERANCES[kind]}; do not use it")
    return found


def compare_whole(pipe, folder):
    """A run of two steps by optimum's pipeline and by diffusers'; the last latents' largest difference over their largest value."""
    import optimum.onnxruntime as ort

    kind = getattr(ort, "ORT" + type(pipe).__name__.removeprefix("ORT"), None)
    config = (pipe.unet if getattr(pipe, "unet", None) is not None else pipe.transformer).config
    packed = hasattr(pipe, "_pack_latents")
    shape = (1, 16, 16, 16) if packed else (1, config.in_channels, 16, 16)
    latents = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    latents = pipe._pack_latents(latents, *shape) if packed else latents
    results = []
    for runner in (pipe, kind.from_pretrained(str(folder))):
        runner.set_progress_bar_config(disable=True)
        options = dict(num_inference_steps=STEPS, height=128, width=128, output_type="latent", guidance_scale=2.0)
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            images = runner(PROMPT, latents=latents.clone(), generator=generator, **options).images
        results.append(torch.as_tensor(images).float().numpy())
    return float(np.abs(results[1] - results[0]).max() / np.abs(results[0]).max())


def export_pipeline(source, out, dtype, is_checked):
    torch.set_grad_enabled(False)
    out.mkdir(parents=True, exist_ok=True)
    if dtype == "f16":
        export_mixed(source, out)
    else:
        export(load(source), out)
    without_paths(out)
    report = {"pipeline": json.loads((out / "model_index.json").read_text(encoding="utf-8"))["_class_name"], "dtype": dtype}
    report["packages"] = {name: version(name) for name in ("torch", "diffusers", "transformers", "optimum-onnx", "onnxruntime")}
    if is_checked:
        pipe = load(source)
        report["parts"] = compare(pipe, out)
        if dtype == "f32":
            report["whole"] = {"steps": STEPS, "difference": compare_whole(pipe, out)}
            print(f"{STEPS} steps: differ from PyTorch by {report['whole']['difference']:.1e} of the largest value")
            if not report["whole"]["difference"] < TOLERANCES["f32"]:
                refuse(f"{out}: a run differs from PyTorch by {report['whole']['difference']:.1e}; do not use it")
    (out / "export.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if is_checked and dtype != "f32":
        print("the whole run was not compared with PyTorch's, only the parts")
    print(f"wrote {out}; open it with `chromascope {out}`")

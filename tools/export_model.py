"""Makes a model folder that Chromascope opens: from a local diffusers UNet2DModel, or from a text-to-image pipeline.

    python tools/export_model.py PIPELINE_FOLDER OUT            # a folder with unet/ and scheduler/
    python tools/export_model.py UNET_FOLDER OUT --scheduler SCHEDULER_FOLDER
    python tools/export_model.py TEXT_TO_IMAGE OUT [--dtype f16] # a folder with model_index.json, or a name on the hub

A text-to-image pipeline goes through optimum (export_pipeline.py), with the VAE always in f32; export.json tells how far
each part is from PyTorch. For a UNet2DModel, this writes model.onnx (`sample` f32 [batch, C, height, width], `timestep` f32 [batch], `class_labels` i64 [batch] where the
network has classes; `out_sample`), scheduler_config.json, config.json and a minimal card.json with the network's
state, time and prediction (docs/models.md), and compares the ONNX graph with PyTorch at three shapes. The schedule and
these words are those of the checkpoint's scheduler; with none given, diffusers' defaults for DDPM (linear betas, epsilon) are written and should be checked by hand.
"""

import argparse
import copy
import json
import os
import warnings
from pathlib import Path

from checkpoint import check_out, check_pipeline, find_scheduler, find_unet, is_pipeline, needed, read_json, refuse, words_of


def read_arguments():
    """What the user asks for, checked as far as it can be before torch is loaded, which takes seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, help="folder of a pipeline or of its UNet; or OWNER/NAME on the hub")
    parser.add_argument("out", type=Path)
    parser.add_argument("--scheduler", type=Path, help="folder with scheduler_config.json")
    parser.add_argument("--half", action="store_true", help="store large weights as float16 (UNet2DModel)")
    parser.add_argument("--dtype", choices=("f32", "f16"), help="of a text-to-image pipeline, but for its VAE; default f32")
    parser.add_argument("--no-check", action="store_true", help="do not compare a pipeline with PyTorch, for want of memory")
    args = parser.parse_args()
    args.pipeline = is_pipeline(args.checkpoint)
    if args.pipeline:
        if args.half or args.scheduler:
            refuse("a text-to-image pipeline has its scheduler with it and takes --dtype f16; leave out --half and --scheduler")
        check_pipeline(args.checkpoint)
        check_out(args.out)
        return args
    if args.dtype or args.no_check:
        refuse(f"--dtype and --no-check are for text-to-image pipelines, and {args.checkpoint} is none; use --half for a UNet2DModel")
    args.unet = find_unet(args.checkpoint)
    args.scheduler = find_scheduler(args.checkpoint, args.scheduler)
    check_out(args.out)
    return args


ARGUMENTS = read_arguments() if __name__ == "__main__" else None

with needed():
    import numpy as np
    import onnx
    import torch
    from onnx import TensorProto, helper, numpy_helper
    from torch import nn

OPSET = 18
HALF_FROM = 1024  # smaller tensors are not worth halving


def scheduler_config(**changes):
    """The schedule of the bundled models, as diffusers writes it."""
    return {
        "_class_name": "DDIMScheduler",
        "num_train_timesteps": 1000,
        "beta_schedule": "squaredcos_cap_v2",
        "prediction_type": "sample",
        "timestep_spacing": "trailing",
        "clip_sample": False,
        "set_alpha_to_one": True,
        "steps_offset": 0,
        "rescale_betas_zero_snr": False,
        **changes,
    }


def write_json(path, value):
    Path(path).write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def example(channels, shape, multiple, num_classes):
    """Inputs of batch shape[0] and shape[1] x shape[2] units of `multiple` pixels."""
    generator = torch.Generator().manual_seed(shape[0])
    batch, height, width = shape
    inputs = {
        "sample": torch.randn(batch, channels, height * multiple, width * multiple, generator=generator),
        "timestep": torch.linspace(3.5, 990, batch),
    }
    if num_classes:
        inputs["class_labels"] = torch.arange(batch) % num_classes
    return inputs


def halve_weights(model):
    """Stores f32 initialisers of at least HALF_FROM numbers as f16, each with a Cast that runtimes fold at load."""
    casts, renamed = [], {}
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        is_table = tensor.name.endswith("log_snr_table")
        if array.dtype == np.float32 and array.size >= HALF_FROM and not is_table:
            tensor.CopyFrom(numpy_helper.from_array(array.astype(np.float16), tensor.name))
            renamed[tensor.name] = tensor.name + "_f32"
            casts.append(helper.make_node("Cast", [tensor.name], [tensor.name + "_f32"], to=TensorProto.FLOAT))
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = renamed.get(name, name)
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def store_int8(model):
    """Stores f32 matrices and kernels of at least HALF_FROM numbers as int8 with a scale for each output, half the size of
    f16. Casts and products by the scale are folded when a session opens. Returns what the weights then are, by name."""
    nodes, renamed, held = [], {}, {}
    for tensor in list(model.graph.initializer):
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < HALF_FROM or array.ndim < 2:
            continue
        scale = np.abs(array).max(tuple(range(1, array.ndim)), keepdims=True).astype(np.float32) / np.float32(127)
        scale[scale == 0] = 1
        stored = np.clip(np.rint(array / scale), -127, 127).astype(np.int8)
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(stored, name))
        model.graph.initializer.append(numpy_helper.from_array(scale, name + "_scale"))
        nodes.append(helper.make_node("Cast", [name], [name + "_wide"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [name + "_wide", name + "_scale"], [name + "_f32"]))
        renamed[name], held[name] = name + "_f32", stored * scale
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = renamed.get(name, name)
    nodes += list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return held


def name_dimensions(model):
    """Plain names for the free dimensions, whatever expressions the exporter wrote, and no shapes in between."""
    names = ("batch", None, "height", "width")
    for value in [*model.graph.input, *model.graph.output]:
        for name, dim in zip(names, value.type.tensor_type.shape.dim):
            if name and not dim.HasField("dim_value"):
                dim.dim_param = name
    del model.graph.value_info[:]


def export_module(module, path, multiple, num_classes=0, channels=3, half=True, int8=False):
    """Exports `module(sample, timestep[, class_labels])` with free batch, height and width (in steps of `multiple`)
    and checks it against PyTorch. Weights keep their state_dict names. Returns the largest relative difference."""
    module = module.eval()
    shapes = {"sample": {0: "batch", 2: "height", 3: "width"}, "timestep": {0: "batch"}}
    if num_classes:
        shapes["class_labels"] = {0: "batch"}
    inputs = example(channels, (2, 4, 5), multiple, num_classes)
    with warnings.catch_warnings():  # the tracing exporter's remarks on shape checks; `check` covers them
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=["out_sample"],
            dynamic_axes=shapes,
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=False,
        )
    model = onnx.load(str(path))
    name_dimensions(model)
    held = store_int8(model) if int8 else {}
    if half:
        halve_weights(model)
    model.producer_name, model.producer_version = "chromascope", ""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return check(module, path, multiple, num_classes, channels, half, held)


def check(module, path, multiple, num_classes, channels, half, held=None):
    """Compares the file with PyTorch at three shapes; raises where they differ by more than rounding."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
    import onnxruntime

    if half:  # compare with what the file holds
        module = copy.deepcopy(module)
        for name, parameter in module.named_parameters():
            if name in (held or {}):
                parameter.data = torch.from_numpy(held[name])
            elif parameter.numel() >= HALF_FROM:
                parameter.data = parameter.data.half().float()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    worst = 0.0
    for shape in ((1, 4, 4), (3, 6, 4), (2, 8, 8)):
        inputs = example(channels, shape, multiple, num_classes)
        with torch.no_grad():
            expected = module(*inputs.values()).numpy()
        actual = session.run(None, {k: v.numpy() for k, v in inputs.items()})[0]
        worst = max(worst, float(np.abs(actual - expected).max() / np.abs(expected).max()))
    if not worst < 1e-3:
        raise SystemExit(f"{path}: ONNX Runtime differs from PyTorch by {worst:.2e}")
    print(f"{path}: agrees with PyTorch to {worst:.1e}")
    return worst


class Plain(nn.Module):
    """A UNet2DModel that returns its tensor."""

    def __init__(self, unet):
        super().__init__()
        self.unet = unet

    def forward(self, sample, timestep, class_labels=None):
        return self.unet(sample, timestep, class_labels, return_dict=False)[0]


def read_scheduler(folder):
    """The checkpoint's scheduler configuration, or diffusers' DDPM defaults."""
    if folder:
        return read_json(Path(folder) / "scheduler_config.json")
    print("no scheduler_config.json: writing diffusers' DDPM defaults (linear betas, epsilon); check them")
    return {
        "_class_name": "DDPMScheduler",
        "num_train_timesteps": 1000,
        "beta_start": 0.0001,
        "beta_end": 0.02,
        "beta_schedule": "linear",
        "prediction_type": "epsilon",
        "clip_sample": True,
    }


def load(folder):
    """The network of a checkpoint's folder."""
    with needed():
        from diffusers import UNet2DModel
    try:
        return UNet2DModel.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
        refuse(f"diffusers cannot load {folder} ({reason}); check its config.json and weights")


def main(args):
    if args.pipeline:
        with needed():
            from export_pipeline import export_pipeline
        export_pipeline(args.checkpoint, args.out, args.dtype or "f32", not args.no_check)
        return
    unet = load(args.unet)
    from diffusers.models.attention_processor import Attention, AttnProcessor

    for module in unet.modules():
        if isinstance(module, Attention):
            module.set_processor(AttnProcessor())
    classes = unet.config.num_class_embeds or 0
    multiple = 2 ** (len(unet.config.block_out_channels) - 1)
    args.out.mkdir(parents=True, exist_ok=True)
    export_module(Plain(unet), args.out / "model.onnx", multiple, classes, unet.config.in_channels, args.half)

    scheduler = read_scheduler(args.scheduler)
    write_json(args.out / "scheduler_config.json", scheduler)
    keys = ("in_channels", "out_channels", "sample_size", "num_class_embeds")
    config = {"_class_name": "UNet2DModel"} | {k: unet.config[k] for k in keys if unet.config[k] is not None}
    write_json(args.out / "config.json", config)
    name = args.out.resolve().name
    card = {"name": name, "title": name, "summary": "Exported from a diffusers UNet2DModel.", "size_multiple": multiple}
    card |= words_of(scheduler)
    write_json(args.out / "card.json", card)


if __name__ == "__main__":
    main(ARGUMENTS)

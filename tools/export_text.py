"""Writes a text-to-image pipeline as optimum lays it out in ONNX: `train_text.py export` calls this.

model_index.json, tokenizer/, text_encoder/, unet/, vae_encoder/, vae_decoder/, scheduler/; names of inputs and outputs, their
types and ranks are those of `optimum-cli export onnx --task text-to-image`. Every graph is compared with PyTorch.
"""

import copy
import os
import shutil
import warnings

import diffusers
import numpy as np
import onnx
import torch
from torch import nn

from emoji_text import END, SIDE, START
from emoji_text_nets import LATENT_SIDE
from export_model import HALF_FROM, OPSET, halve_weights, scheduler_config, store_int8, write_json

SUMMARY = "Words to pictures of emoji at 128×128: a latent diffusion model of {millions:.1f} M parameters in all, for two CPU cores."
DATA = "Noto Color Emoji 2.042 at its own 128×128 on white, all skin tones; names of Unicode 15.0, keywords of CLDR 48.2; 10 % of the base emoji held out."


class Text(nn.Module):
    """All hidden states too, as optimum exports them."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, input_ids):
        out = self.inner(input_ids, output_hidden_states=True)
        return (out.last_hidden_state, out.pooler_output, *out.hidden_states)


class Unet(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, sample, timestep, encoder_hidden_states):
        return self.inner(sample, timestep, encoder_hidden_states, return_dict=False)[0]


def write_graph(module, path, examples, outputs, axes, weights, rename=""):
    """Exports `module` by tracing its first example; compares all of them with ONNX Runtime, with the weights the file holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    module = module.eval()
    with warnings.catch_warnings():  # the tracing exporter's remarks on shape checks; the comparison covers them
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(examples[0].values()),
            str(path),
            input_names=list(examples[0]),
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
            do_constant_folding=False,
        )
    model = onnx.load(str(path))
    rename_initialisers(model, rename)
    del model.graph.value_info[:]
    held = store_int8(model) if weights == "int8" else {}
    if weights != "float":
        halve_weights(model)
    model.producer_name, model.producer_version = "chromascope", ""
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    compare(module, path, examples, outputs, weights, held, rename)


def rename_initialisers(model, prefix):
    """Weights keep the names they have in the part itself."""
    names = {i.name: i.name.removeprefix(prefix) for i in model.graph.initializer}
    for initializer in model.graph.initializer:
        initializer.name = names[initializer.name]
    for node in model.graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = names.get(name, name)


def compare(module, path, examples, outputs, weights, held, prefix):
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
    import onnxruntime

    module = copy.deepcopy(module)
    for name, parameter in module.named_parameters():
        if name.removeprefix(prefix) in held:
            parameter.data = torch.from_numpy(held[name.removeprefix(prefix)])
        elif weights != "float" and parameter.numel() >= HALF_FROM:
            parameter.data = parameter.data.half().float()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    worst = 0.0
    for example in examples:
        with torch.no_grad():
            expected = module(*example.values())
        expected = expected if isinstance(expected, tuple) else (expected,)
        actual = session.run(outputs, {k: v.numpy() for k, v in example.items()})
        for e, a in zip(expected, actual):
            worst = max(worst, float(np.abs(a - e.numpy()).max() / e.abs().max()))
    if not worst < 1e-3:
        raise SystemExit(f"{path}: ONNX Runtime differs from PyTorch by {worst:.2e}")
    print(f"{path}: {path.stat().st_size / 2**20:.1f} MiB, agrees with PyTorch to {worst:.1e}", flush=True)


def examples_of(make, cases):
    return [make(torch.Generator().manual_seed(i), *case) for i, case in enumerate(cases)]


def autoencoder_config(coder, scaling_factor):
    levels = 4  # three halvings, as readers count them
    return {
        "_class_name": "AutoencoderKL",
        "in_channels": 3,
        "out_channels": 3,
        "latent_channels": coder.config["latent_channels"],
        "block_out_channels": [coder.config["decoder"][0]] * (levels - 1) + [coder.config["decoder"][1]],
        "down_block_types": ["DownEncoderBlock2D"] * levels,
        "up_block_types": ["UpDecoderBlock2D"] * levels,
        "sample_size": SIDE,
        "scaling_factor": round(scaling_factor, 6),
        "shift_factor": None,
        "force_upcast": False,
        "emoji_text": coder.config,
    }


def export_pipeline(folder, tokenizer, coder, facts, model, weights):
    """`coder` the autoencoder, `facts` of the UNet's checkpoint, `model` its averaged weights."""
    coder = copy.deepcopy(coder)
    scaling = coder.normalise(*(torch.tensor(facts[f"latent_{k}"]) for k in ("mean", "deviation")))
    channels, width = coder.config["latent_channels"], model.config["text_width"]
    tokens = model.text_encoder.config.max_position_embeddings
    text = model.text_encoder.config.num_hidden_layers + 1

    write_graph(
        Text(model.text_encoder),
        folder / "text_encoder" / "model.onnx",
        examples_of(lambda g, b: {"input_ids": ids(g, b, tokens)}, [(2,), (1,), (5,)]),
        ["last_hidden_state", "pooler_output", *(f"hidden_states.{i}" for i in range(text))],
        {"input_ids": {0: "batch_size", 1: "sequence_length"}},
        weights,
        "inner.",
    )
    write_graph(
        Unet(model.unet),
        folder / "unet" / "model.onnx",
        examples_of(
            lambda g, b, h, w, t: {
                "sample": torch.randn(b, channels, h, w, generator=g),
                "timestep": torch.tensor(float(t)),
                "encoder_hidden_states": torch.randn(b, tokens, width, generator=g),
            },
            [(2, LATENT_SIDE, LATENT_SIDE + 4, 500), (1, LATENT_SIDE, LATENT_SIDE, 999), (3, 24, 16, 0)],
        ),
        ["out_sample"],
        {
            "sample": {0: "batch_size", 2: "height", 3: "width"},
            "encoder_hidden_states": {0: "batch_size", 1: "sequence_length"},
        },
        weights,
        "inner.",
    )
    side = LATENT_SIDE
    write_graph(
        coder.decoder,
        folder / "vae_decoder" / "model.onnx",
        examples_of(lambda g, b, h, w: {"latent_sample": torch.randn(b, channels, h, w, generator=g) / scaling}, [(2, side, 20), (1, side, side)]),
        ["sample"],
        {"latent_sample": {0: "batch_size", 2: "latent_height", 3: "latent_width"}},
        "float" if weights == "float" else "half",
    )
    write_graph(
        coder.encoder,
        folder / "vae_encoder" / "model.onnx",
        examples_of(lambda g, b, h, w: {"sample": torch.rand(b, 3, h, w, generator=g) * 2 - 1}, [(2, SIDE, SIDE + 32), (1, SIDE, SIDE)]),
        ["latent_parameters"],
        {"sample": {0: "batch_size", 2: "sample_height", 3: "sample_width"}},
        "float" if weights == "float" else "half",
    )
    write_configs(folder, tokenizer, coder, scaling, facts, model)


def ids(generator, batch, tokens):
    """Rows as the tokenizer makes them: a beginning, words, the end, and the end again as padding."""
    from emoji_text import VOCABULARY

    rows = torch.randint(512, VOCABULARY - 2, (batch, tokens), generator=generator)
    rows[:, 0] = VOCABULARY - 2
    for i, row in enumerate(rows):
        row[3 + i :] = VOCABULARY - 1
    return rows


def write_configs(folder, tokenizer, coder, scaling, facts, model):
    version = {"_diffusers_version": diffusers.__version__}
    shutil.copytree(tokenizer, folder / "tokenizer", dirs_exist_ok=True)
    config = {k: v for k, v in dict(model.unet.config).items() if not k.startswith("_")}
    write_json(folder / "unet" / "config.json", {"_class_name": "UNet2DConditionModel", **version, **config})
    write_json(folder / "text_encoder" / "config.json", model.text_encoder.config.to_diff_dict() | {"architectures": ["CLIPTextModel"]})
    for part in ("vae_encoder", "vae_decoder"):
        write_json(folder / part / "config.json", autoencoder_config(coder, scaling) | version)
    schedule = scheduler_config(prediction_type="v_prediction") | version
    (folder / "scheduler").mkdir(exist_ok=True)
    write_json(folder / "scheduler" / "scheduler_config.json", schedule)
    index = {
        "_class_name": "StableDiffusionPipeline",
        **version,
        "feature_extractor": [None, None],
        "image_encoder": [None, None],
        "requires_safety_checker": False,
        "safety_checker": [None, None],
        "scheduler": ["diffusers", schedule["_class_name"]],
        "text_encoder": ["transformers", "CLIPTextModel"],
        "tokenizer": ["transformers", "CLIPTokenizer"],
        "unet": ["diffusers", "UNet2DConditionModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    }
    write_json(folder / "model_index.json", index)
    millions = sum(p.numel() for part in (coder, model) for p in part.parameters()) / 1e6
    card = {
        "name": "emoji-text",
        "title": "Emoji from words",
        "summary": SUMMARY.format(millions=millions),
        "data": DATA,
        "licence": "OFL-1.1",
        "how_made": [*map(without_paths, facts["history"]), f"{facts['step']} steps of the UNet, {facts['pictures']} pictures"],
    }
    write_json(folder / "card.json", card)
    print(f"exported step {facts['step']} to {folder}; scaling factor {scaling:.5f}; special tokens {START} {END}")


def without_paths(command):
    """A command as anybody would give it: where this machine keeps its work says nothing."""
    words = command.split()
    kept = [w for before, w in zip(["", *words], words) if w not in ("--work", "--init") and before not in ("--work", "--init")]
    return " ".join(kept)

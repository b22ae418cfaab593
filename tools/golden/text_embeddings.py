"""Prompt embeddings of diffusers for the tiny pipelines of tests/pipelines/, from their PyTorch weights.

    python tools/golden/text_embeddings.py

Writes tests/golden/text/embeddings.npz: for each case and prompt the states and, where there is one, the pooled vector.
Needs diffusers, transformers and torch; the pipelines are made by tools/tiny_parts.py with fixed seeds.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from common import GOLDEN
from onnx import numpy_helper

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tiny_parts import PIPELINES, sd3_without_t5  # noqa: E402

PROMPTS = ["a photo of a cat", "", "Café, 2 dogs & a 猫! " * 12, "snow <|endoftext|> rain"]
# Case: pipeline, CLIP skip.
CASES = {
    "sd15": ("sd15", None),
    "sd15_skip_1": ("sd15", 1),
    "sd15_skip_3": ("sd15", 3),
    "sd21-v": ("sd21-v", None),
    "lcm": ("lcm", None),
    "sdxl": ("sdxl", None),
    "sdxl_skip_1": ("sdxl", 1),
    "sd3": ("sd3", None),
    "sd3_skip_1": ("sd3", 1),
    "sd3_without_t5": ("sd3_without_t5", None),
    "flux": ("flux", None),
}


def check(name, pipeline):
    """The weights must be those of the committed graph."""
    folder = GOLDEN.parents[0] / "pipelines" / name.removesuffix("_without_t5")
    graph = onnx.load(folder / "text_encoder" / "model.onnx").graph
    weight = "text_model.embeddings.token_embedding.weight"
    stored = next(numpy_helper.to_array(tensor) for tensor in graph.initializer if tensor.name == weight)
    assert np.array_equal(stored, pipeline.text_encoder.state_dict()[weight].numpy()), f"{name} has other weights"


def embeddings(pipeline, prompt, skip):
    """States and pooled vector of the prompt, and of the same text as the negative prompt."""
    with torch.inference_mode():
        if pipeline.__class__.__name__ == "FluxPipeline":
            states, pooled, _ = pipeline.encode_prompt(prompt, None)
            return (states, pooled), (None, None)
        if pipeline.__class__.__name__ in ("StableDiffusion3Pipeline", "StableDiffusionXLPipeline"):
            further = {"prompt_3": None} if "3" in pipeline.__class__.__name__ else {}
            found = pipeline.encode_prompt(prompt, prompt_2=None, negative_prompt=prompt, clip_skip=skip, do_classifier_free_guidance=True, **further)
            return (found[0], found[2]), (found[1], found[3])
        found = pipeline.encode_prompt(prompt, "cpu", 1, True, negative_prompt=prompt, clip_skip=skip)
        return (found[0], None), (found[1], None)


def main():
    arrays = {}
    for case, (name, skip) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            pipeline = {**PIPELINES, "sd3_without_t5": sd3_without_t5}[name](Path(folder))
        check(name, pipeline)
        for number, prompt in enumerate(PROMPTS):
            for kind, (states, pooled) in zip(("prompt", "negative"), embeddings(pipeline, prompt, skip)):
                # A negative prompt has no CLIP skip, so once is enough; long states once as well.
                if states is None or (kind == "negative" and (skip is None or number > 0)) or (number > 1 and states.shape[1] > 77):
                    continue
                arrays[f"{case}/{number}/{kind}"] = states[0].numpy()
                if pooled is not None:
                    arrays[f"{case}/{number}/{kind}_pooled"] = pooled[0].numpy()
        if case == "sdxl":
            # Without a negative prompt it is zeros; an empty one is encoded.
            for key, negative in (("no_negative", None), ("empty_negative", "")):
                with torch.inference_mode():
                    found = pipeline.encode_prompt(PROMPTS[0], do_classifier_free_guidance=True, negative_prompt=negative)
                arrays[f"{case}/{key}"], arrays[f"{case}/{key}_pooled"] = found[1][0].numpy(), found[3][0].numpy()
    np.savez_compressed(GOLDEN / "text" / "embeddings.npz", **arrays)
    print(len(arrays), "arrays")


if __name__ == "__main__":
    main()

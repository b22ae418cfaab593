"""Runs the tiny pipelines with diffusers in PyTorch: tests/golden/pipelines/ has what tests/pipelines.rs compares with.

Every case: token ids, embeddings, given initial latents, the latents after every step, and the last decoded, without its being cut to
[-1, 1]. `scale` is what the latents of diffusers are divided by to be VP states; FLUX's are unpacked. The same runs go through
optimum's ONNX Runtime pipelines where these have the family, and the script fails if they differ from PyTorch by more than
1e-3 of the range. `tokens.json` has the ids of 300 texts by each tokenizer, CLIP's being CLIPTokenizerFast (the
only one in transformers 5): the Python one of transformers 4 without ftfy drops soft hyphens, zero-width spaces and joiners, and
sets Chinese characters apart, which CLIP did not learn from; 65 of the 300 differ.

Packages: tools/requirements.txt. Run: `python tools/golden/pipelines.py` (needs tests/pipelines/).
"""

import math
import os
import random
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
warnings.simplefilter("ignore")

import diffusers
import numpy as np
import torch
from transformers import CLIPTokenizerFast

from common import GOLDEN, write_json, write_npz
from tiny_parts import PIPELINES, t5_tokenizer

FOLDER = GOLDEN / "pipelines"
FIXTURES = GOLDEN.parent / "pipelines"
PROMPT, NEGATIVE = "a red cat riding a horse, detailed oil painting", "blurry, bad quality"
TOLERANCE = 1e-3


def case(fixture, scheduler=None, *, steps=6, guidance=5.0, size=(64, 64), prompt=PROMPT, negative=NEGATIVE, batch=1, skip=None, **changes):
    """`scheduler` another class than the pipeline's; `changes` of its configuration; `skip` layers left out, as diffusers counts."""
    return dict(locals())


CASES = {
    "sd15_pndm": case("sd15"),
    "sd15_ddim": case("sd15", "DDIMScheduler", batch=2, clip_sample=False),
    "sd15_euler": case("sd15", "EulerDiscreteScheduler"),
    "sd15_euler_trailing": case("sd15", "EulerDiscreteScheduler", timestep_spacing="trailing", steps_offset=0),
    "sd15_dpmpp_2m": case("sd15", "DPMSolverMultistepScheduler", steps=8),
    "sd15_dpmpp_2m_karras": case("sd15", "DPMSolverMultistepScheduler", steps=8, use_karras_sigmas=True),
    "sd15_skip_1": case("sd15", skip=1, steps=4),
    "sd15_skip_2": case("sd15", skip=2, steps=4),
    "sd15_wide": case("sd15", size=(64, 96), steps=4),
    "sd15_plain": case("sd15", guidance=1.0, negative=None, steps=4),
    "sd15_long": case("sd15", prompt=" ".join([PROMPT] * 12), negative=None, steps=4),
    "sd21_v_ddim": case("sd21-v", steps=8),  # diffusers' DDIM steps by T // N, which must be whole
    "sdxl_euler": case("sdxl"),
    "sdxl_empty_negative": case("sdxl", negative=None, size=(96, 64), steps=4),
    "lcm": case("lcm", steps=4, guidance=8.0, negative=None),
    "sd3": case("sd3"),
    "sd3_without_t5": case("sd3-without-t5", size=(64, 96), steps=4),
    "flux": case("flux", guidance=3.5, negative=None),
    "flux_wide": case("flux", guidance=3.5, negative=None, size=(64, 96), steps=4),
}
FLOW = ("sd3", "flux")


def is_flow(of):
    return of["fixture"].startswith(FLOW)


def pipeline(of, scratch):
    pipe = PIPELINES[of["fixture"]](scratch)
    if of["scheduler"]:
        pipe.scheduler = getattr(diffusers, of["scheduler"]).from_config(dict(pipe.scheduler.config) | of["changes"])
    pipe.set_progress_bar_config(disable=True)
    return pipe


def embeddings(pipe, of):
    """By the names that the program's own test knows."""
    guided = of["guidance"] > 1 and not of["fixture"].startswith(("flux", "lcm"))
    if of["fixture"] == "flux":
        hidden, pooled, _ = pipe.encode_prompt(of["prompt"], None)
        return {"embeds": hidden, "pooled": pooled}
    if of["fixture"].startswith("sd3"):
        parts = pipe.encode_prompt(of["prompt"], None, None, negative_prompt=of["negative"])
    elif of["fixture"] == "sdxl":
        parts = pipe.encode_prompt(of["prompt"], device="cpu", negative_prompt=of["negative"])
    else:
        parts = pipe.encode_prompt(of["prompt"], "cpu", 1, guided, of["negative"], clip_skip=of["skip"])
    names = ("embeds", "negative_embeds", "pooled", "negative_pooled")
    return {name: value for name, value in zip(names, parts) if value is not None}


def run(pipe, of, latents, noise):
    """Latents after every call of the scheduler, as the pipeline itself makes them, and its scheduler's timesteps."""
    height, width = of["size"]
    packed = of["fixture"] == "flux"
    shape = latents.shape
    given = torch.from_numpy(latents)
    if packed:
        given = diffusers.FluxPipeline._pack_latents(given, *shape)
    elif not is_flow(of):
        pipe.scheduler.set_timesteps(of["steps"])  # the scale of the first state depends on it
    states, drawn = [], iter(noise)

    def after(_pipe, _step, _timestep, now):
        states.append(now["latents"].detach().clone())
        return now

    options = {}
    if of["skip"] is not None:
        options["clip_skip"] = of["skip"]
    if of["fixture"] not in ("flux", "lcm"):
        options["negative_prompt"] = of["negative"]
    lcm = diffusers.schedulers.scheduling_lcm
    before, lcm.randn_tensor = lcm.randn_tensor, lambda *_, **__: torch.from_numpy(next(drawn))
    try:
        result = pipe(
            of["prompt"],
            height=height,
            width=width,
            num_inference_steps=of["steps"],
            guidance_scale=of["guidance"],
            num_images_per_prompt=of["batch"],
            latents=given,
            output_type="latent",
            callback_on_step_end=after,
            **options,
        ).images
    finally:
        lcm.randn_tensor = before
    states = [torch.as_tensor(s) for s in states]
    result = torch.as_tensor(result)
    assert torch.equal(states[-1], result) or of["fixture"] == "lcm", "the last latents are the result"
    if of["fixture"] == "lcm":
        states[-1] = result  # the denoised ones, which the pipeline decodes
    if packed:
        states = [diffusers.FluxPipeline._unpack_latents(s, height, width, 8) for s in states]
    return np.stack([s.numpy() for s in states])


def decoded(vae, latents):
    config = vae.config
    z = torch.from_numpy(latents) / config.scaling_factor + (config.shift_factor or 0.0)
    with torch.no_grad():
        return vae.decode(z, return_dict=False)[0].numpy()


def scales(pipe, of, count):
    """By which diffusers' states are divided to be VP states, for x_T and after every step."""
    scheduler = pipe.scheduler
    if is_flow(of):
        s = scheduler.sigmas.double().numpy()
        return np.hypot(1 - s, s)
    if isinstance(scheduler, diffusers.EulerDiscreteScheduler):
        return np.hypot(1, scheduler.sigmas.double().numpy())
    return np.ones(count)


def ids(pipe, of):
    found = {}
    for number, name in enumerate(("tokenizer", "tokenizer_2", "tokenizer_3"), 1):
        tokenizer = getattr(pipe, name, None)
        if tokenizer is not None:
            limit = tokenizer.model_max_length
            if limit > 77:  # T5's: what the pipelines ask for
                limit = 256 if of["fixture"] == "sd3" else 512
            row = tokenizer([of["prompt"]], padding="max_length", max_length=limit, truncation=True).input_ids
            found[f"ids_{number}"] = np.array(row[0], dtype=np.int64)
    return found


def optimum_differs(of, latents, noise, expected, scheduler):
    """The largest difference of optimum's ONNX Runtime pipeline, over the range; None where it has none for this family."""
    from optimum.onnxruntime import ORTLatentConsistencyModelPipeline, ORTStableDiffusionPipeline, ORTStableDiffusionXLPipeline

    kinds = {
        "sd15": ORTStableDiffusionPipeline,
        "sd21-v": ORTStableDiffusionPipeline,
        "sdxl": ORTStableDiffusionXLPipeline,
        "lcm": ORTLatentConsistencyModelPipeline,
        "sd3": _optional("ORTStableDiffusion3Pipeline"),
        "flux": _optional("ORTFluxPipeline"),
    }
    kind = kinds.get(of["fixture"])
    if kind is None or of["skip"] is not None:  # optimum has no CLIP skip
        return None
    pipe = kind.from_pretrained(str(FIXTURES / of["fixture"]), export=False)
    pipe.scheduler = scheduler.from_config(scheduler.config)
    pipe.set_progress_bar_config(disable=True)
    try:
        states = run(pipe, of, latents, noise)
    except Exception as error:  # noqa: BLE001 what optimum 0.1.0 cannot run with these versions is told, not hidden
        return f"{type(error).__name__}: {str(error).splitlines()[0][:100]}"
    return float(np.abs(states - expected).max() / np.abs(expected).max())


def _optional(name):
    import optimum.onnxruntime as ort

    try:
        return getattr(ort, name)
    except (AttributeError, ImportError, RuntimeError):
        return None


def record(name, of, number):
    scratch = Path(tempfile.mkdtemp())
    try:
        pipe = pipeline(of, scratch)
        height, width = of["size"]
        channels = 16 if is_flow(of) else 4
        shape = (of["batch"], channels, height // 8, width // 8)
        draw = np.random.default_rng(number)
        noise = draw.standard_normal((of["steps"] + 1, *shape)).astype(np.float32)
        initial, noise = noise[0], noise[1:]
        with torch.no_grad():
            found = {key: value.numpy() for key, value in embeddings(pipe, of).items()}
            states = run(pipe, of, initial, noise)
        if isinstance(pipe.scheduler, diffusers.PNDMScheduler):
            states = states[1:]  # the first is tried, and made again with the slope at its end
        assert len(states) == of["steps"], (name, len(states))
        found |= ids(pipe, of)
        scale = scales(pipe, of, of["steps"] + 1)
        first = 1.0 if is_flow(of) else float(pipe.scheduler.init_noise_sigma)
        found |= {
            "initial": (initial * (first / scale[0])).astype(np.float32),  # as a VP state
            "states": states,
            "image": decoded(pipe.vae, states[-1]),
            "scale": scale,
            "timesteps": np.asarray(pipe.scheduler.timesteps, dtype=np.float64),
        }
        if of["fixture"] == "lcm":
            found["step_noise"] = noise
        for array in found.values():
            assert np.isfinite(array).all(), name
        write_npz(FOLDER / f"{name}.npz", found)
        with torch.no_grad():
            difference = optimum_differs(of, initial, noise, run(pipe, of, initial, noise), pipe.scheduler)
        print(f"{name}: {len(states)} steps, optimum's pipeline: {difference}", flush=True)
        assert not isinstance(difference, float) or difference < TOLERANCE, name
        about = {key: of[key] for key in ("fixture", "steps", "guidance", "prompt", "negative", "batch", "skip")}
        about |= {"name": name, "height": height, "width": width}
        config = dict(pipe.scheduler.config)
        scheduler = {k: v for k, v in config.items() if v not in (None, -math.inf) and not k.startswith("_use_default")}
        return about | {"scheduler": {"_class_name": type(pipe.scheduler).__name__, **scheduler}}
    finally:
        shutil.rmtree(scratch)


# --- texts for the tokenizers --------------------------------------------------------------------------------------

WORDS = """a red cat riding horse Castle in the SNOW oil painting 4k 35mm don't it's I'm we're o'clock naïve café Zürich
élève señor Ångström straße İstanbul ﬁne ½ x² 10,000 3.14 1st #tag @me e-mail http://a.b/c?d=e&f=g C++ (masterpiece:1.2)
[blurry] a|b \\ / ~ ^ _under_score_ __ -- ... !!! ?! “quoted” ‘single’ «guillemets» — – … • € £ ¥ © ™ 猫 犬と山 한국어 Привет мир
مرحبا שלום नमस्ते สวัสดี 😀 👍🏽 👩‍👩‍👧‍👦 🏳️‍🌈 🇨🇭 ❤️ ✨ zero\u200bwidth soft\u00adhyphen e\u0301 n\u0303 \u00a0nbsp <|endoftext|>
<|startoftext|> </s> <pad> tab\there""".split(" ")


def texts():
    """300: by hand, by chance from WORDS, and long ones; the same each time."""
    draw = random.Random(15)
    fixed = ["", " ", "  a  red   cat ", PROMPT, NEGATIVE, "\n", "a\nb\tc", "!", "a" * 300, "😀" * 40, "a " * 500, PROMPT.upper()]
    words = [" ".join(WORDS[i : i + 3]) for i in range(len(WORDS) - 2)]
    drawn = [draw.choice(["", ", ", "  "]).join(draw.choices(WORDS, k=draw.randint(1, 24))) for _ in range(60)]
    letters = ["".join(chr(draw.choice([*range(32, 127), *range(0xA0, 0x250)])) for _ in range(draw.randint(1, 40))) for _ in range(60)]
    long = [" ".join(draw.choices(WORDS, k=500)) for _ in range(4)]
    found = list(dict.fromkeys([*fixed, *words, *long, *drawn, *letters]))
    while len(found) < 300:
        found.append(" ".join(draw.choices(WORDS, k=draw.randint(2, 12))))
    return found[:300]


def write_tokens():
    fast = CLIPTokenizerFast.from_pretrained
    tokenizers = {
        "sd15/tokenizer": (fast(FIXTURES / "sd15" / "tokenizer"), 77),
        "sdxl/tokenizer_2": (fast(FIXTURES / "sdxl" / "tokenizer_2"), 77),
        "sd3/tokenizer_3": (t5_tokenizer(), 256),
    }
    given = texts()
    rows = {}
    for name, (tokenizer, limit) in tokenizers.items():
        whole = tokenizer(given, padding="max_length", max_length=limit, truncation=True)
        # Pads at the end are left out; `limit` says how many are there.
        ids = []
        for row, mask in zip(whole.input_ids, whole.attention_mask):
            assert row[sum(mask) :] == [tokenizer.pad_token_id] * (limit - sum(mask))
            ids.append(row[: sum(mask)])
        rows[name] = {"limit": limit, "pad": tokenizer.pad_token_id, "ids": ids}
    write_json(FOLDER / "tokens.json", {"texts": given, "tokenizers": rows})


def main():
    torch.set_num_threads(1)
    write_tokens()
    names = sys.argv[1:] or list(CASES)
    runs = [record(name, CASES[name], list(CASES).index(name)) for name in names]
    if not sys.argv[1:]:
        write_json(FOLDER / "runs.json", {"runs": runs}, indent=1)


if __name__ == "__main__":
    main()

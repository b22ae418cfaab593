"""Thousands of scheduler configurations, drawn at random, as diffusers runs them: `tests/golden/differential.npz`.

    cases       bytes   two lines of JSON a configuration: what was asked and came of it, and the configuration itself
    timesteps   f4      of all cases, one after the other: what the network is told at each step's first evaluation
    levels      f4      likewise, one more than timesteps: σ of √ᾱ·(x_0 + σ·ε), or the flow time s where `axis` is "s"
    samples     f4      8 pixels each, for cases with `run`: the VP state at the end

The first line of a case has `steps` and `seq` (the sequence length that dynamic shifting counts), and if diffusers ran it
`count` (of timesteps), `axis`, `scale` (its x_T over that of unit variance, unless equal) and `run`; else `refused` or
`failed`, its own words.

Whole timesteps are diffusers' own; `rounding` says that single precision decides how they are rounded, and then they, as all
else, come from the same code with `float32` replaced by `float64`, so that a difference is one of method. What single
precision alone does to diffusers is printed at the end. Every run starts from unit variance, and takes x_T, noise and
network from `analytic.py`.

Run: `python tools/golden/differential.py [--cases 3200] [--seed 1403]`. `--compare` reads the file and prints what the
installed diffusers does differently, writing nothing.
"""

import argparse
import importlib
import inspect
import json
import logging
import math
import random
import re
import sys
import types
import warnings
from collections import Counter, defaultdict

import diffusers
from diffusers import schedulers
import numpy as np
import torch

from analytic import PIXELS, network, noise
from common import GOLDEN, write_npz, write_versions
from differential_draws import MORE, WEIGHTS, draw

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.set_num_threads(1)

FILE = GOLDEN / "differential.npz"
NOT_RUN = {"RePaintScheduler", "DDIMInverseScheduler", "DPMSolverMultistepInverseScheduler"}
VE = re.compile("Euler(Ancestral)?Discrete|^Heun|^LMS|^KDPM2|DPMSolverSDE|^EDM")


class Draws:
    """Stands for torch's generator: noise by step and by draw within the step."""

    def __init__(self, number):
        self.number, self.step, self.draw = number, 0, 0

    def at(self, step):
        self.step, self.draw = step, 0

    def __call__(self, dtype):
        self.draw += 1
        return torch.from_numpy(noise(self.number, self.step, self.draw - 1)).to(dtype).reshape(1, 1, 2, PIXELS // 2)


def loaded(name, double):
    """A scheduler class of its own module, in single precision or, by its source, in double."""
    cls = getattr(schedulers, name)
    module = importlib.import_module(cls.__module__)
    source = inspect.getsource(module)
    if double:
        source = source.replace("float32", "float64").replace(".float()", ".double()")
    own = types.ModuleType(module.__name__ + ("_double" if double else "_single"))
    own.__package__, own.__file__ = module.__package__, module.__file__
    sys.modules[own.__name__] = own
    exec(compile(source, module.__file__, "exec"), own.__dict__)
    return own


MODULES = {}


def scheduler(config, double, draws=None):
    name = config["_class_name"]
    # TCD multiplies timesteps in the default precision before it rounds them down.
    torch.set_default_dtype(torch.float64 if double and name != "TCDScheduler" else torch.float32)
    if (name, double) not in MODULES:
        MODULES[name, double] = loaded(name, double)
    module = MODULES[name, double]
    dtype = torch.float64 if double else torch.float32
    module.randn_tensor = lambda *_, **__: draws(dtype)
    made = getattr(module, name)(**{key: value for key, value in config.items() if not key.startswith("_")})
    if name == "DPMSolverSDEScheduler":
        made.set_timesteps = then(made.set_timesteps, lambda: setattr(made, "noise_sampler", lambda *_: draws(dtype)))
    return made


def then(first, after):
    def both(*args, **kwargs):
        first(*args, **kwargs)
        after()
    return both


def shift(config, seq):
    """μ, as the pipelines count it."""
    get = lambda key, default: config.get(key) if config.get(key) is not None else default  # noqa: E731
    low, high = get("base_image_seq_len", 256), get("max_image_seq_len", 4096)
    slope = (get("max_shift", 1.15) - get("base_shift", 0.5)) / (high - low)
    return seq * slope + get("base_shift", 0.5) - slope * low


def visited(config, made):
    """(indices of each step's first evaluation, levels, axis)."""
    name, times = config["_class_name"], made.timesteps.double().numpy()
    every = list(range(len(times)))
    if VE.search(name) or hasattr(made, "sigmas") and not hasattr(made, "custom_timesteps"):
        sigmas = made.sigmas.double().numpy()
        axis = "s" if name.startswith(("Flow", "LTX", "Helios")) or config.get("use_flow_sigmas") else "sigma"
        if name.startswith(("Heun", "FlowMatchHeun")):
            return [0, *every[1::2]], np.array([sigmas[0], *sigmas[1::2]]), axis
        if name.startswith(("KDPM2", "DPMSolverSDE")):
            sigmas = sigmas[:-1] if name.startswith("KDPM2") else sigmas
            return every[::2], np.array([sigmas[0], *sigmas[1::2]]), axis
        # Evenly in ln σ, Euler has one more than it visits.
        return every, sigmas[:len(times) + 1], axis
    alpha_bar = made.alphas_cumprod.double().numpy()
    if name == "PNDMScheduler":
        whole = made._timesteps[::-1].astype(int)
        every = [int(np.flatnonzero(times == t)[0]) if t in times else 0 for t in whole]
        levels = alpha_bar[whole]
    else:
        levels = alpha_bar[times.astype(int)]
    final = float(made.final_alpha_cumprod) if hasattr(made, "final_alpha_cumprod") else 1.0
    # Whatever they say of it, LCM's last step ends clean and TCD's at timestep 0.
    final = {"LCMScheduler": 1.0, "TCDScheduler": alpha_bar[0]}.get(name, final)
    levels = np.array([*levels, final])
    with np.errstate(divide="ignore"):
        return every, np.sqrt((1 - levels) / levels), "sigma"


def vp_norm(config, level, axis):
    """What a state is divided by to be variance preserving."""
    if axis == "s":
        return math.hypot(1 - level, level)
    return math.hypot(1, level) if VE.search(config["_class_name"]) else 1.0


def set_timesteps(made, config, steps, seq):
    extra = {}
    if made.config.get("use_dynamic_shifting") and "mu" in inspect.signature(type(made).set_timesteps).parameters:
        extra["mu"] = shift(config, seq)
    made.set_timesteps(steps, **extra)


def run(config, steps, seq, number, double):
    draws = Draws(number)
    made = scheduler(config, double, draws)
    set_timesteps(made, config, steps, seq)
    if hasattr(made, "set_begin_index"):
        made.set_begin_index(0)
    firsts, levels, axis = visited(config, made)
    name, dtype = config["_class_name"], torch.float64 if double else torch.float32
    kind = "edm" if name.startswith("EDM") else "flow_prediction" if axis == "s" and name.startswith(("Flow", "LTX")) \
        else made.config.prediction_type
    trained = made.config.num_train_timesteps
    x = torch.from_numpy(noise(number, -1)).reshape(1, 1, 2, -1).to(dtype) * vp_norm(config, levels[0], axis)
    times = made.timesteps
    for call, t in enumerate(times):
        if call in firsts:
            draws.at(max(i for i, first in enumerate(firsts) if first <= call))
        told = float(t) if kind == "edm" else float(t) / trained
        seen = made.scale_model_input(x, t) if hasattr(made, "scale_model_input") else x
        out = network(kind, seen.double().numpy().reshape(-1), told).reshape(1, 1, 2, -1)
        out = torch.from_numpy(out).to(dtype)
        extra = {}
        if name == "UnCLIPScheduler":
            extra["prev_timestep"] = int(times[call + 1]) if call + 1 < len(times) else None
        x = made.step(out, t, x, **extra).prev_sample.to(dtype)
    return x.double().numpy().reshape(-1) / vp_norm(config, levels[-1], axis)


def cut(error):
    return f"{type(error).__name__}: {error}".split("\n")[0][:70]


def ran(case, config, number):
    """What diffusers makes of a case: the rest of its line, and arrays."""
    steps, seq = case["steps"], case["seq"]
    try:
        single = scheduler(config, False)
        set_timesteps(single, config, steps, seq)
    except Exception as error:  # whatever it says
        return case | {"refused": cut(error)}, None
    try:
        firsts, own_levels, axis = visited(config, single)
        double = scheduler(config, True)
        set_timesteps(double, config, steps, seq)
        _, levels, _ = visited(config, double)
        times = single.timesteps.double().numpy()[firsts]
        assert len(levels) == len(times) + 1 == len(own_levels)
    except Exception as error:
        return case | {"failed": cut(error)}, None
    case = case | {"count": len(times), "axis": axis}
    # Fractions are computed from σ, whose single precision shows, and a whole number may be cut from either side of it.
    exact = double.timesteps.double().numpy()[firsts]
    if not np.array_equal(times, exact):
        if (times == np.floor(times)).all():
            case["rounding"] = True
        times = exact
    with np.errstate(all="ignore"):
        off = np.abs(own_levels / levels - 1)
    off = float(np.nanmax(np.where(np.isfinite(off), off, 0)))
    scale = float(getattr(single, "init_noise_sigma", 1.0)) / vp_norm(config, float(own_levels[0]), axis)
    if abs(scale - 1) > 1e-6 and math.isfinite(scale):
        case["scale"] = round(scale, 6)
    samples, case_off = None, math.nan
    if case.pop("wants_run", False) and runnable(config):
        try:
            samples = run(config, steps, seq, number, True)
            case["run"] = True
            if number % 8 == 0:
                case_off = np.abs(run(config, steps, seq, number, False) - samples).max() / np.abs(samples).max()
        except Exception as error:
            case["failed"] = cut(error)
    return case, (times, levels, samples, off, case_off)


def runnable(config):
    return config["_class_name"] not in NOT_RUN | set(MORE) and "learned" not in str(config.get("variance_type"))


def text(config):
    """As `save_config` writes it."""
    return json.dumps(config, separators=(",", ":"))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--cases", type=int, default=3200)
    arguments.add_argument("--seed", type=int, default=1403)
    arguments.add_argument("--compare", action="store_true")
    asked = arguments.parse_args()
    if asked.compare:
        return compare(asked.cases)
    rng = random.Random(asked.seed)
    lines, times, levels, samples, seen = [], [], [], [], Counter()
    precision = defaultdict(list)
    for number in range(asked.cases):
        config, steps, seq = draw(rng)
        case = {"steps": steps, "seq": seq}
        case, arrays = ran(case | {"wants_run": rng.random() < 0.42}, config, number)
        case.pop("wants_run", None)
        lines += [json.dumps(case, separators=(",", ":")), text(config)]
        seen["refused" if "refused" in case else "failed" if "failed" in case else "ran" if "run" in case else "planned"] += 1
        if arrays:
            times.append(arrays[0])
            levels.append(arrays[1])
            if arrays[2] is not None:
                samples.append(arrays[2])
            precision[config["_class_name"]].append((arrays[3], arrays[4], number))
    write_npz(FILE, {
        "cases": np.frombuffer("\n".join(lines).encode(), dtype=np.uint8),
        "timesteps": np.concatenate(times).astype("<f4"), "levels": np.concatenate(levels).astype("<f4"),
        "samples": np.array(samples).astype("<f4"),
    })
    write_versions()
    print(dict(seen), f"{FILE.stat().st_size / 1e6:.2f} MB")
    print("diffusers' single precision: class, most of σ, most of samples")
    for name in sorted(precision):
        rows = precision[name]
        worst = max(rows, key=lambda row: row[0])
        of_samples = max((row[1] for row in rows if math.isfinite(row[1])), default=math.nan)
        print(f"  {name:40} {worst[0]:.1e} (case {worst[2]})  {of_samples:.1e}")


def compare(cases):
    """What this diffusers does otherwise than the one that made the file."""
    with np.load(FILE) as kept:
        lines = bytes(kept["cases"]).decode().split("\n")
        arrays = {key: kept[key] for key in ("timesteps", "levels", "samples")}
    at = Counter()
    differing = defaultdict(list)
    pairs = list(zip(lines[::2], lines[1::2], strict=True))[:cases]
    for number, (case, config) in enumerate(pairs):
        case, config = json.loads(case), json.loads(config)
        now, new = ran({"steps": case["steps"], "seq": case["seq"], "wants_run": "run" in case}, config, number)
        what = []
        if ("refused" in case) != ("refused" in now):
            what.append(f"refused: {case.get('refused')} / {now.get('refused')}")
        if "count" in case:
            count = case["count"]
            times, levels = arrays["timesteps"][at["t"]:at["t"] + count], arrays["levels"][at["l"]:at["l"] + count + 1]
            at["t"] += count
            at["l"] += count + 1
            sample = arrays["samples"][at["s"]] if "run" in case else None
            at["s"] += "run" in case
            if new is not None:
                if len(new[0]) != count or np.abs(new[0] - times).max() > 1e-3:
                    what.append("timesteps")
                elif not np.allclose(new[1], levels, rtol=1e-5, atol=1e-7, equal_nan=True):
                    what.append("levels")
                elif sample is not None and new[2] is not None \
                        and not np.allclose(new[2], sample, rtol=1e-4, atol=1e-4, equal_nan=True):
                    what.append("samples")
        for kind in what:
            differing[config["_class_name"], kind].append(number)
    print(f"diffusers {diffusers.__version__}: {sum(map(len, differing.values()))} of {len(pairs)} cases differ")
    for (name, kind), numbers in sorted(differing.items()):
        print(f"  {name}: {kind}: {len(numbers)}, for one case {numbers[0]}")


if __name__ == "__main__":
    main()

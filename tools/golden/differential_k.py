"""Hundreds of random settings of k-diffusion's samplers: `tests/golden/differential_k.npz`.

    cases    bytes   a line of JSON a run: `sampler` (the function), `options` (its arguments), `steps`, or `failed`
    sigmas   f8      of all runs, one after the other; one more than steps
    samples  f4      8 pixels each: the VP state at the end of each run that did not fail

All in double precision, on the denoiser and noise of `analytic.py`; every run starts from √(1+σ²) times unit variance, and its
noise is keyed by step, and by draw where a step draws two.

Run: `python tools/golden/differential_k.py [--cases 500] [--seed 1404]`. `--compare` reads the file and prints what the
installed k-diffusion does differently, writing nothing.
"""

import argparse
import json
import random
import warnings
from collections import Counter
from unittest import mock

import numpy as np
import torch

from analytic import PIXELS, denoiser, noise
from common import GOLDEN, write_npz

warnings.filterwarnings("ignore")
from k_diffusion import sampling as k  # noqa: E402

FILE = GOLDEN / "differential_k.npz"
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def eta(r):
    return r.choice([0.0, 0.3, 0.7, 1.0, 1.0])


def churn(r):
    options = {}
    if r.random() < 0.5:
        options["s_churn"] = r.choice([0.5, 5.0, 20.0, 60.0])
        if r.random() < 0.5:
            options |= {"s_tmin": r.choice([0.0, 0.05, 0.5]), "s_tmax": r.choice([5.0, 50.0])}
        if r.random() < 0.5:
            options["s_noise"] = r.choice([1.0, 1.003, 0.9])
    return options


def ancestral(rng, **more):
    drawn = {"eta": eta, "s_noise": lambda r: r.choice([1.0, 1.0, 1.1, 0.8])} | more
    options = {key: value(rng) for key, value in drawn.items()}
    return {key: value for key, value in options.items() if rng.random() < 0.6}


SAMPLERS = {
    "sample_euler": churn,
    "sample_euler_ancestral": ancestral,
    "sample_heun": churn,
    "sample_dpm_2": churn,
    "sample_dpm_2_ancestral": ancestral,
    "sample_lms": lambda r: {"order": r.choice([1, 2, 3, 4])} if r.random() < 0.5 else {},
    "sample_dpmpp_2s_ancestral": ancestral,
    "sample_dpmpp_sde": lambda r: ancestral(r, r=lambda r: r.choice([0.5, 0.3, 0.7])),
    "sample_dpmpp_2m": lambda r: {},
    "sample_dpmpp_2m_sde": lambda r: ancestral(r, solver_type=lambda r: r.choice(["midpoint", "heun"])),
    "sample_dpmpp_3m_sde": ancestral,
}


def sigmas_of(r, steps):
    low, high = r.choice([0.0292, 0.002, 0.1]), r.choice([14.6146, 80.0, 5.0, 157.0])
    kind = r.choice(["karras", "exponential", "polyexponential", "vp", "list", "list"])
    if kind == "karras":
        found = k.get_sigmas_karras(steps, low, high, r.choice([7.0, 5.0, 3.0]))
    elif kind == "exponential":
        found = k.get_sigmas_exponential(steps, low, high)
    elif kind == "polyexponential":
        found = k.get_sigmas_polyexponential(steps, low, high, r.choice([1.0, 2.0, 0.5]))
    elif kind == "vp":
        found = k.get_sigmas_vp(steps)
    else:
        # No two so close that a multistep method would divide by nothing.
        gaps = np.array([0.2 + r.random() for _ in range(steps)])
        found = torch.from_numpy(high * (low / high) ** (np.cumsum(gaps) / gaps.sum()))
        found = torch.cat([torch.tensor([high]), found if r.random() < 0.4 else torch.cat([found[:-1], torch.zeros(1)])])
    return found.double()


class Source:
    """Noise by the step that it is asked for in."""

    def __init__(self, number, sigmas):
        self.number, self.sigmas, self.step, self.draw = number, sigmas, None, 0

    def at(self, step):
        if step != self.step:
            self.step, self.draw = step, 0

    def __call__(self, *_):
        self.draw += 1
        return torch.from_numpy(noise(self.number, self.step, self.draw - 1)).reshape(1, 1, 2, -1)


def run(case, sigmas, number):
    source = Source(number, sigmas)
    norm = lambda sigma: (1 + float(sigma) ** 2) ** 0.5  # noqa: E731

    def model(x, sigma, **_):
        return torch.from_numpy(denoiser(x.numpy().reshape(-1), float(sigma[0]))).reshape(x.shape)

    steps = iter(range(len(sigmas)))

    def counted(n, disable=None):
        for step in n:
            source.at(next(steps))
            yield step

    options = dict(case["options"])
    if case["sampler"] not in {"sample_euler", "sample_heun", "sample_dpm_2", "sample_lms", "sample_dpmpp_2m"}:
        options["noise_sampler"] = source
    x = torch.from_numpy(noise(number, -1)).reshape(1, 1, 2, -1) * norm(sigmas[0])
    with mock.patch.object(k, "trange", lambda n, **kw: counted(range(n))), \
            mock.patch.object(k.torch, "randn_like", lambda *_, **__: source()):
        x = getattr(k, case["sampler"])(model, x, sigmas, disable=True, **options)
    return x.numpy().reshape(-1) / norm(sigmas[-1])


def tried(case, sigmas, number):
    try:
        sample = run(case, sigmas, number)
    except Exception as error:  # whatever it says
        return case | {"failed": f"{type(error).__name__}: {error}"[:70]}, None
    return case, sample


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--cases", type=int, default=500)
    arguments.add_argument("--seed", type=int, default=1404)
    arguments.add_argument("--compare", action="store_true")
    asked = arguments.parse_args()
    if asked.compare:
        return compare()
    rng = random.Random(asked.seed)
    lines, levels, samples, seen = [], [], [], Counter()
    for number in range(asked.cases):
        name = rng.choice(list(SAMPLERS))
        sigmas = sigmas_of(rng, rng.choice([1, 2, 3, 5, 8, 10, 15, 20, 25]))
        case = {"sampler": name, "options": SAMPLERS[name](rng), "steps": len(sigmas) - 1}
        case, sample = tried(case, sigmas, number)
        seen["failed" if sample is None else "ran"] += 1
        lines.append(json.dumps(case, separators=(",", ":")))
        levels.append(sigmas.numpy())
        if sample is not None:
            assert sample.shape == (PIXELS,)
            samples.append(sample)
    write_npz(FILE, {
        "cases": np.frombuffer("\n".join(lines).encode(), dtype=np.uint8),
        "sigmas": np.concatenate(levels), "samples": np.array(samples).astype("<f4"),
    })
    print(dict(seen), f"{FILE.stat().st_size / 1e3:.0f} kB")


def compare():
    with np.load(FILE) as kept:
        cases = [json.loads(line) for line in bytes(kept["cases"]).decode().split("\n")]
        sigmas, samples = kept["sigmas"], iter(kept["samples"])
    differing = Counter()
    at = 0
    for number, case in enumerate(cases):
        levels = torch.from_numpy(sigmas[at:at + case["steps"] + 1].copy())
        at += case["steps"] + 1
        before = None if "failed" in case else next(samples)
        _, now = tried(case, levels, number)
        if (before is None) != (now is None) or before is not None and not np.allclose(before, now, rtol=1e-4, atol=1e-4):
            differing[case["sampler"]] += 1
    print(f"{sum(differing.values())} of {len(cases)} runs differ: {dict(differing)}")


if __name__ == "__main__":
    main()

"""Timesteps and noise levels visited: `tests/golden/spacings.json`.

`config`    the betas of all `spacings` entries (Stable Diffusion's).
`spacings`  one entry a (class, spacing, steps_offset, n): `timesteps` of `set_timesteps(n)`, exact. `sigmas` (length
            n + 1, the last 0; for Heun the list with each level once) as diffusers gives them from its f32 tables;
            `sigmas_exact` the same call on a f64 table (still rounded to f32 at the end, a relative 6e-8).
            `defects` names what is wrong with an entry, where something is. Heun repeats all timesteps but the first:
            here each is kept once. PNDM: with and without PRK steps, as the class orders them (repeats included).
`families`  sigma families. `sigmas` is the formula in f64; `package` what the package's function or class gives, in f32;
            `timesteps` those of the class (log-σ interpolation; DPM++ rounds them). The formulas are in `family_*`.
`flow`      FlowMatchEulerDiscrete: `sigmas` are flow times s, f64 formula, with the 0 appended; `package` as given.

n = 999 and 1000 only for DDIM. A combination that a class refuses is absent.

Packages: diffusers 0.39.0, k-diffusion 0.0.16, scipy 1.17.1, numpy 2.4.6. Run: `python tools/golden/spacings.py`
"""

import math
import warnings

import diffusers
import numpy as np
import scipy.stats
import torch
from diffusers.schedulers.scheduling_utils import AysSchedules

from common import DDPM_LINEAR, GOLDEN, SD, alpha_bar_f64, sigma_from_alpha_bar, write_json, write_versions

warnings.filterwarnings("ignore")  # clip's import of pkg_resources, in k-diffusion
from k_diffusion import sampling as k  # noqa: E402

SMALL = (1, 2, 7, 10, 15, 20, 32, 50)
CLASSES = {
    "DDIMScheduler": {}, "DDPMScheduler": {}, "PNDMScheduler": {"skip_prk_steps": True}, "EulerDiscreteScheduler": {},
    "EulerAncestralDiscreteScheduler": {}, "HeunDiscreteScheduler": {}, "DPMSolverMultistepScheduler": {},
    "UniPCMultistepScheduler": {}, "LMSDiscreteScheduler": {},
}


def floats(values):
    return [float(v) for v in values]


def once(scheduler, values):
    """Heun lists every inner level twice."""
    return [values[0], *values[1::2]] if type(scheduler).__name__.startswith("Heun") else values


def grid(cls, n, exact=False, **config):
    scheduler = getattr(diffusers, cls)(**config)
    if exact:
        betas = {key: scheduler.config[key] for key in ("beta_schedule", "beta_start", "beta_end", "num_train_timesteps")}
        scheduler.alphas_cumprod = torch.from_numpy(alpha_bar_f64(**betas))
    scheduler.set_timesteps(n)
    timesteps = floats(once(scheduler, scheduler.timesteps))
    sigmas = floats(once(scheduler, scheduler.sigmas)) if hasattr(scheduler, "sigmas") else None
    return timesteps, sigmas


def defects(timesteps, n, repeats=False):
    found = []
    if len(timesteps) != n and not repeats:
        found.append(f"{len(timesteps)} timesteps for n = {n}")
    if min(timesteps) < 0:
        found.append("a negative timestep")
    if max(timesteps) > SD["num_train_timesteps"] - 1:
        found.append("a timestep beyond T - 1")
    if n == 1 and timesteps[0] <= 1:
        found.append("one step, at the noise-free end")
    if len(set(timesteps)) < len(timesteps) and not repeats:
        found.append("repeated timesteps")
    return found


def spacings():
    for cls, extra in CLASSES.items():
        for skip_prk in (True, False) if cls.startswith("PNDM") else (None,):
            own = extra if skip_prk is None else {"skip_prk_steps": skip_prk}
            for spacing in ("linspace", "leading", "trailing"):
                for offset in (0, 1):
                    for n in SMALL + ((999, 1000) if cls.startswith("DDIM") else ()):
                        config = SD | own | {"timestep_spacing": spacing, "steps_offset": offset}
                        try:
                            timesteps, sigmas = grid(cls, n, **config)
                        except Exception as error:  # noqa: BLE001
                            print(f"refused: {cls} {spacing} offset {offset} n {n}: {error}")
                            continue
                        entry = {"class": cls, "spacing": spacing, "steps_offset": offset, "n": n} | own
                        entry["timesteps"] = timesteps
                        if sigmas is not None:
                            entry |= {"sigmas": sigmas, "sigmas_exact": grid(cls, n, exact=True, **config)[1]}
                        if found := defects(timesteps, n, repeats=cls.startswith("PNDM")):
                            entry["defects"] = found
                            print(f"defect: {cls} {spacing} offset {offset} n {n}: {found}")
                        yield entry


# --- families, in f64; u = 0 … 1 over n levels from σ_max to σ_min, the final 0 appended ----------------------------

def ramp(n):
    return np.linspace(0, 1, n)


def family_karras(n, lo, hi, rho=7.0):
    return (hi ** (1 / rho) + ramp(n) * (lo ** (1 / rho) - hi ** (1 / rho))) ** rho


def family_exponential(n, lo, hi):
    return np.exp(np.linspace(math.log(hi), math.log(lo), n))


def family_polyexponential(n, lo, hi, rho=1.0):
    return np.exp(np.linspace(1, 0, n) ** rho * (math.log(hi) - math.log(lo)) + math.log(lo))


def family_vp(n, beta_d=19.9, beta_min=0.1, eps_s=1e-3):
    t = np.linspace(1, eps_s, n)
    return np.sqrt(np.expm1(beta_d * t**2 / 2 + beta_min * t))


def family_beta(n, lo, hi, a=0.6, b=0.6):
    return lo + scipy.stats.beta.ppf(1 - ramp(n), a, b) * (hi - lo)


def family_kl_optimal(n, lo, hi):
    return np.tan(ramp(n) * math.atan(lo) + (1 - ramp(n)) * math.atan(hi))


AYS = {"ays_sd15": "StableDiffusionSigmas", "ays_sdxl": "StableDiffusionXLSigmas"}
AYS_LAST = 0.029  # the eleventh level, for which diffusers writes the final 0


def family_ays(n, model):
    """The 11 published levels interpolated log-linearly to n + 1, the last then set to 0."""
    levels = [*AysSchedules[AYS[model]][:-1], AYS_LAST]
    sigmas = np.exp(np.interp(np.linspace(0, 1, n + 1), np.linspace(0, 1, 11), np.log(levels)))
    return sigmas[:-1]  # the caller appends the 0


def families():
    def entry(family, n, sigmas, **more):
        if isinstance(more.get("package"), torch.Tensor):
            more["package"] = floats(more["package"])
        return {"family": family, "n": n, **more, "sigmas": [*floats(sigmas), 0.0]}

    ranges = {}
    for name, config in (("sd", SD), ("ddpm_linear", DDPM_LINEAR)):
        sigma = sigma_from_alpha_bar(alpha_bar_f64(**config))
        ranges[name] = (float(sigma[0]), float(sigma[-1]))

    for n in (2, 7, 10, 20):
        for rng, (lo, hi) in ranges.items():
            r = {"range": rng, "sigma_min": lo, "sigma_max": hi}
            for rho in (7.0, 3.0):
                yield entry("karras", n, family_karras(n, lo, hi, rho), **r, rho=rho, source="k-diffusion get_sigmas_karras",
                            package=k.get_sigmas_karras(n, lo, hi, rho))
            yield entry("exponential", n, family_exponential(n, lo, hi), **r, source="k-diffusion get_sigmas_exponential",
                        package=k.get_sigmas_exponential(n, lo, hi))
            for rho in (1.0, 0.7):
                yield entry("polyexponential", n, family_polyexponential(n, lo, hi, rho), **r, rho=rho,
                            source="k-diffusion get_sigmas_polyexponential",
                            package=k.get_sigmas_polyexponential(n, lo, hi, rho))
            yield entry("kl_optimal", n, family_kl_optimal(n, lo, hi), **r, source="formula")
        yield entry("vp", n, family_vp(n), beta_d=19.9, beta_min=0.1, eps_s=1e-3, source="k-diffusion get_sigmas_vp",
                    package=k.get_sigmas_vp(n))

        flags = {"karras": "use_karras_sigmas", "exponential": "use_exponential_sigmas", "beta": "use_beta_sigmas",
                 "lu": "use_lu_lambdas"}
        formulas = {"karras": family_karras, "exponential": family_exponential, "beta": family_beta,
                    "lu": family_exponential}  # Lu: linear in λ, which is linear in ln σ
        for cls in ("EulerDiscreteScheduler", "DPMSolverMultistepScheduler"):
            for family, flag in flags.items():
                if flag not in getattr(diffusers, cls)().config:
                    continue
                for rng, config in (("sd", SD), ("ddpm_linear", DDPM_LINEAR)):
                    lo, hi = ranges[rng]
                    timesteps, package = grid(cls, n, **config, **{flag: True})
                    exact = grid(cls, n, exact=True, **config, **{flag: True})
                    formula = formulas[family](n, lo, hi)
                    assert np.allclose(exact[1][:-1], formula, rtol=3e-7), (cls, family, rng, n)
                    yield entry(family, n, formula, range=rng, sigma_min=lo, sigma_max=hi, source=f"diffusers {cls}",
                                package=package, timesteps=timesteps, timesteps_exact=exact[0])

    for n in (5, 7, 10, 15, 20, 30):
        for model in AYS:
            yield entry(model, n, family_ays(n, model), source="diffusers AysSchedules, ComfyUI's log-linear interpolation")

    for n in (2, 7, 10, 20):
        for family, formula in (("karras", family_karras), ("exponential", family_exponential)):
            scheduler = diffusers.EDMEulerScheduler(sigma_schedule=family)
            scheduler.set_timesteps(n)
            yield entry(family, n, formula(n, 0.002, 80.0), range="edm", sigma_min=0.002, sigma_max=80.0,
                        source="diffusers EDMEulerScheduler", package=scheduler.sigmas, timesteps=floats(scheduler.timesteps))


def flow():
    """s from 1 to s_min, shifted. `s_min` is 1/T shifted already once by the class's constructor (sic)."""
    cases = [dict(shift=1.0), dict(shift=3.0)] + [dict(mu=mu) for mu in (0.5, 0.8, 1.15)]
    for case in cases:
        shift, mu = case.get("shift", 1.0), case.get("mu")
        scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=shift, use_dynamic_shifting=mu is not None)
        s_min = shift / 1000 / (1 + (shift - 1) / 1000)
        for n in (1, 2, 7, 10, 20, 50):
            scheduler.set_timesteps(n, mu=mu)
            s = np.linspace(1, s_min, n)
            if mu is None:
                shifted, once = (shift * v / (1 + (shift - 1) * v) for v in (s, np.linspace(1, 1e-3, n)))
            else:
                shifted = once = math.exp(mu) / (math.exp(mu) + 1 / s - 1)
            assert np.allclose(shifted, scheduler.sigmas[:-1], rtol=1e-6)
            yield case | {"n": n, "sigmas": [*floats(shifted), 0.0], "sigmas_shifted_once": [*floats(once), 0.0],
                          "package": floats(scheduler.sigmas), "timesteps": floats(scheduler.timesteps)}


def mu_of_sequence_length(base=0.5, high=1.15, base_tokens=256, high_tokens=4096):
    """μ as the pipelines compute it from the class's defaults: linear in the number of image tokens."""
    slope = (high - base) / (high_tokens - base_tokens)
    return [{"tokens": tokens, "mu": base + slope * (tokens - base_tokens)} for tokens in (64, 256, 1024, 4096)]


if __name__ == "__main__":
    write_json(GOLDEN / "spacings.json", {
        "config": SD, "spacings": list(spacings()), "families": list(families()), "flow": list(flow()),
        "mu": mu_of_sequence_length(),
    })
    write_versions()
    print((GOLDEN / "spacings.json").stat().st_size, "bytes")

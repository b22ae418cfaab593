"""Timesteps and noise levels that diffusers' schedulers make from configurations, for tests/scheduler_grids.rs.

Every case is a scheduler_config.json, a number of steps, and what `set_timesteps` gives. Evaluations between steps (Heun,
KDPM2) are left out. Cases with `mu` pass it as diffusers' pipelines do.
"""

import json
import logging
import warnings
from pathlib import Path

import diffusers

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)

SD = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
COSINE = {"beta_schedule": "squaredcos_cap_v2"}
FLOW = {"use_flow_sigmas": True, "prediction_type": "flow_prediction"}
KARRAS, EXPONENTIAL, BETA = ({f"use_{name}_sigmas": True} for name in ("karras", "exponential", "beta"))
LEADING, TRAILING = ({"timestep_spacing": name} for name in ("leading", "trailing"))
SOLVERS = ["DPMSolverMultistep", "DPMSolverSinglestep", "UniPCMultistep", "DEISMultistep", "SASolver"]
SPACED = ["EulerDiscrete", "LMSDiscrete", "HeunDiscrete", "KDPM2Discrete", "KDPM2AncestralDiscrete", "DPMSolverSDE"]


def cases():
    for name in SPACED:
        for family in (KARRAS, EXPONENTIAL, BETA):
            for spacing in ({**LEADING, "steps_offset": 1}, TRAILING, {}):
                yield name, {**SD, **family, **spacing}, 7, None
        yield name, SD, 7, None
        yield name, {**SD, **KARRAS, "sigma_min": 0.1, "sigma_max": 10.0}, 5, None
    yield "EulerDiscrete", {**SD, "final_sigmas_type": "sigma_min"}, 6, None
    yield "EulerDiscrete", {**SD, "interpolation_type": "log_linear"}, 6, None
    yield "EulerDiscrete", {**SD, **KARRAS, "interpolation_type": "log_linear", **TRAILING}, 6, None
    yield "EulerAncestralDiscrete", SD, 7, None
    for name in SOLVERS:
        for betas in (SD, COSINE):
            for family in (KARRAS, EXPONENTIAL, BETA, {}):
                yield name, {**betas, **family}, 9, None
        yield name, {**FLOW, "flow_shift": 3.0}, 4, None
        yield name, {**FLOW, "flow_shift": 1.0}, 20, None
        yield name, {**FLOW, "flow_shift": 5.0, "num_train_timesteps": 500}, 11, None
    for name in ("DPMSolverMultistep", "DPMSolverSinglestep", "UniPCMultistep"):
        for options in (SD, {**SD, **KARRAS}, {**SD, **BETA}, {**FLOW, "flow_shift": 2.0}):
            yield name, {**options, "final_sigmas_type": "sigma_min"}, 8, None
    for spacing in ({}, LEADING, TRAILING):
        yield "DPMSolverMultistep", {**COSINE, **spacing, "lambda_min_clipped": -5.1}, 10, None
        yield "SASolver", {**COSINE, **spacing, "lambda_min_clipped": -2.0}, 5, None
    yield "DPMSolverSinglestep", {**COSINE, "lambda_min_clipped": -5.1}, 10, None
    yield "DPMSolverMultistep", {**SD, "use_lu_lambdas": True}, 10, None
    yield "DPMSolverMultistep", {**COSINE, "use_lu_lambdas": True}, 10, None
    yield "DPMSolverMultistep", {**SD, **KARRAS, "sigma_min": 0.1, "sigma_max": 10.0}, 5, None
    yield "UniPCMultistep", {**FLOW, **KARRAS, "flow_shift": 3.0}, 7, None
    yield "UniPCMultistep", {**FLOW, "flow_shift": 3.0, "shift_terminal": 0.1}, 7, None
    yield "UniPCMultistep", {**FLOW, "use_dynamic_shifting": True}, 7, 1.15
    yield "DPMSolverMultistep", {**FLOW, "flow_shift": 3.0, "use_dynamic_shifting": True}, 7, 1.15
    yield "DEISMultistep", {**FLOW, "use_dynamic_shifting": True}, 7, 1.15
    for name in ("LCM", "TCD"):
        for steps in (1, 4, 8, 26):
            yield name, SD, steps, None
        yield name, {**SD, "original_inference_steps": 100}, 6, None
    for name in ("DDIM", "DDPM"):
        for spacing in (LEADING, TRAILING, {"timestep_spacing": "linspace"}):
            yield name, {**SD, **spacing}, 13, None
    yield "UnCLIP", {}, 7, None
    yield "PNDM", {**SD, "skip_prk_steps": True, "steps_offset": 1}, 7, None
    for name in ("EDMEuler", "EDMDPMSolverMultistep"):
        yield name, {}, 6, None
        yield name, {"sigma_schedule": "exponential", "sigma_max": 20.0}, 6, None
        yield name, {"rho": 5.0, "final_sigmas_type": "sigma_min"}, 6, None
    for name in ("FlowMatchEulerDiscrete", "FlowMatchLCM"):
        for family in (KARRAS, EXPONENTIAL, BETA, {}):
            yield name, {"shift": 3.0, **family}, 8, None
            yield name, {"shift": 3.0, **family, "use_dynamic_shifting": True}, 4, 1.15
        yield name, {"shift_terminal": 0.1}, 5, None
        yield name, {"use_dynamic_shifting": True, "time_shift_type": "linear", "shift_terminal": 0.02}, 6, 1.15
        yield name, {"shift": 3.0, "use_dynamic_shifting": True, **KARRAS}, 1, 1.15
    yield "FlowMatchHeunDiscrete", {"shift": 3.0}, 10, None


def made(name, options, steps, mu):
    scheduler = getattr(diffusers, f"{name}Scheduler").from_config(options)
    scheduler.set_timesteps(steps, **({} if mu is None else {"mu": mu}))
    timesteps = scheduler.timesteps.double().tolist()
    sigmas = getattr(scheduler, "sigmas", None)
    sigmas = None if sigmas is None or name in ("LCM", "TCD") else sigmas.double().tolist()
    if name in ("HeunDiscrete", "FlowMatchHeunDiscrete", "KDPM2Discrete", "KDPM2AncestralDiscrete", "DPMSolverSDE"):
        timesteps = timesteps[::2] if not name.endswith("HeunDiscrete") else timesteps[:1] + timesteps[1::2]
        sigmas = [sigma for i, sigma in enumerate(sigmas) if i == 0 or sigma != sigmas[i - 1]]
    if name == "PNDM":
        timesteps = [t for i, t in enumerate(timesteps) if i == 0 or t != timesteps[i - 1]]
    assert len(timesteps) == steps and (sigmas is None or len(sigmas) >= steps + 1), (name, options, timesteps, sigmas)
    return timesteps, None if sigmas is None else sigmas[: steps + 1]


def main():
    found = []
    for name, options, steps, mu in cases():
        timesteps, sigmas = made(name, options, steps, mu)
        config = {"_class_name": f"{name}Scheduler", **options}
        found.append({"config": config, "steps": steps, "timesteps": timesteps, "sigmas": sigmas})
    rows = ",\n".join(json.dumps(case) for case in found)
    text = f'{{"diffusers": "{diffusers.__version__}", "cases": [\n{rows}\n]}}\n'
    Path(__file__).parents[2].joinpath("tests/golden/scheduler_grids.json").write_text(text)
    print(len(found), "cases")


if __name__ == "__main__":
    main()

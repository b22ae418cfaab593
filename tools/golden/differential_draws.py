"""Draws scheduler configurations for `differential.py`: any class with any of its options, mostly sane."""

import inspect
import json

import diffusers
from diffusers import schedulers

# Classes of diffusers, and how often each is drawn.
WEIGHTS = {
    "DDIMScheduler": 8, "DDIMParallelScheduler": 1, "DDIMInverseScheduler": 1, "DDPMScheduler": 6,
    "DDPMParallelScheduler": 1, "RePaintScheduler": 0.5, "PNDMScheduler": 5, "EulerDiscreteScheduler": 10,
    "EulerAncestralDiscreteScheduler": 4, "LMSDiscreteScheduler": 5, "HeunDiscreteScheduler": 5,
    "KDPM2DiscreteScheduler": 4, "KDPM2AncestralDiscreteScheduler": 4, "DPMSolverSDEScheduler": 4,
    "DPMSolverMultistepScheduler": 14, "DPMSolverMultistepInverseScheduler": 1, "DPMSolverSinglestepScheduler": 7,
    "DEISMultistepScheduler": 7, "SASolverScheduler": 4, "UniPCMultistepScheduler": 10, "LCMScheduler": 5,
    "TCDScheduler": 5, "UnCLIPScheduler": 2, "EDMEulerScheduler": 3, "EDMDPMSolverMultistepScheduler": 5,
    "FlowMatchEulerDiscreteScheduler": 8, "FlowMatchHeunDiscreteScheduler": 3, "FlowMatchLCMScheduler": 3,
}
# Further ones, of which it is only asked that they are refused or named.
MORE = {
    "LTXEulerAncestralRFScheduler": 0.3, "FlowMapEulerDiscreteScheduler": 0.3, "SCMScheduler": 0.2,
    "CMStochasticIterativeScheduler": 0.2, "CogVideoXDDIMScheduler": 0.2, "CogVideoXDPMScheduler": 0.2,
    "CosineDPMSolverMultistepScheduler": 0.2, "IPNDMScheduler": 0.2, "DDPMWuerstchenScheduler": 0.2,
    "HeliosScheduler": 0.2, "HeliosDMDScheduler": 0.2, "ScoreSdeVeScheduler": 0.2, "AmusedScheduler": 0.1,
    "VQDiffusionScheduler": 0.1, "ConsistencyDecoderScheduler": 0.1, "BlockRefinementScheduler": 0.1,
    "DiscreteDDIMScheduler": 0.1, "EntropyBoundScheduler": 0.1,
}
FAMILIES = ("use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "use_lu_lambdas", "use_flow_sigmas")
# Handled elsewhere, or no JSON.
LEFT_OUT = {"self", "kwargs", "tau_func", "solver_p", "beta_start", "beta_end", "trained_betas", *FAMILIES}


def log_uniform(rng, low, high):
    return float(f"{low * (high / low) ** rng.random():.3g}")


def betas(rng):
    kind = rng.random()
    if kind < 0.4:
        return {}
    if kind < 0.75:
        return {"beta_start": 0.00085, "beta_end": 0.012}
    if kind < 0.85:
        return {"beta_start": 0.0001, "beta_end": 0.02}
    return {"beta_start": log_uniform(rng, 1e-5, 2e-3), "beta_end": log_uniform(rng, 4e-3, 5e-2)}


def of_class(name):
    """The defaults of a class's options."""
    parameters = inspect.signature(getattr(schedulers, name).__init__).parameters
    return {key: parameter.default for key, parameter in parameters.items() if key not in {"self", "kwargs"}}


# (how often an option is written, its values)
OPTIONS = {
    "num_train_timesteps": (0.5, lambda r: r.choice([1000] * 6 + [50, 100, 200, 250, 500, 750, 1024, 2000, r.randint(50, 2000)])),
    "beta_schedule": (0.6, lambda r: r.choice(["linear"] * 4 + ["scaled_linear"] * 5 + ["squaredcos_cap_v2"] * 3 + ["sigmoid", "laplace", "exp"])),
    "prediction_type": (0.5, lambda r: r.choice(["epsilon"] * 4 + ["v_prediction"] * 4 + ["sample"] * 2)),
    "timestep_spacing": (0.65, lambda r: r.choice(["linspace", "leading", "trailing"])),
    "steps_offset": (0.35, lambda r: r.choice([0, 1, 1, 1, 1, 2, 5])),
    "rescale_betas_zero_snr": (0.25, lambda r: r.random() < 0.7),
    "clip_sample": (0.5, lambda r: r.choice([True, False, False, None])),
    "clip_sample_range": (0.2, lambda r: r.choice([0.5, 0.8, 1.0, 2.0, 4.0])),
    "thresholding": (0.15, lambda r: r.random() < 0.7),
    "dynamic_thresholding_ratio": (0.2, lambda r: r.choice([0.5, 0.9, 0.95, 0.995, 1.0])),
    "sample_max_value": (0.2, lambda r: r.choice([0.6, 1.0, 1.5, 3.0, 100.0])),
    "variance_type": (0.4, lambda r: r.choice(["fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log", "learned", "learned_range"])),
    "set_alpha_to_one": (0.5, lambda r: r.random() < 0.5),
    "skip_prk_steps": (0.6, lambda r: r.random() < 0.8),
    "interpolation_type": (0.15, lambda r: r.choice(["linear", "log_linear", "log_linear"])),
    "timestep_type": (0.15, lambda r: r.choice(["discrete", "continuous"])),
    "final_sigmas_type": (0.4, lambda r: r.choice(["zero", "sigma_min"])),
    "solver_order": (0.6, lambda r: r.choice([1, 2, 2, 3])),
    "predictor_order": (0.4, lambda r: r.choice([1, 2, 2, 3])),
    "corrector_order": (0.4, lambda r: r.choice([1, 2, 2, 3])),
    "lower_order_final": (0.4, lambda r: r.random() < 0.5),
    "euler_at_final": (0.3, lambda r: r.random() < 0.5),
    "lambda_min_clipped": (0.25, lambda r: r.choice([float("-inf"), -5.1, -4.0, -3.0])),
    "predict_x0": (0.3, lambda r: r.random() < 0.5),
    "disable_corrector": (0.2, lambda r: r.choice([[], [0], [0, 1], [2, 5]])),
    "flow_shift": (0.4, lambda r: r.choice([1.0, 3.0, 5.0, 0.7])),
    "shift": (0.6, lambda r: r.choice([1.0, 3.0, 1.15, 6.0, 0.5])),
    "use_dynamic_shifting": (0.25, lambda r: r.random() < 0.8),
    "base_shift": (0.3, lambda r: r.choice([0.5, 0.95, 0.3])),
    "max_shift": (0.3, lambda r: r.choice([1.15, 2.05, 0.9])),
    "base_image_seq_len": (0.2, lambda r: r.choice([256, 1024])),
    "max_image_seq_len": (0.2, lambda r: r.choice([4096, 8192, 6400])),
    "invert_sigmas": (0.06, lambda r: r.random() < 0.7),
    "shift_terminal": (0.15, lambda r: r.choice([None, 0.1, 0.02])),
    "time_shift_type": (0.2, lambda r: r.choice(["exponential", "exponential", "linear"])),
    "stochastic_sampling": (0.1, lambda r: r.random() < 0.7),
    "original_inference_steps": (0.5, lambda r: r.choice([50, 50, 25, 100, 10])),
    "timestep_scaling": (0.3, lambda r: r.choice([10.0, 1.0, 3.0, 100.0])),
    "sigma_data": (0.3, lambda r: r.choice([0.5, 1.0, 0.25])),
    "sigma_schedule": (0.5, lambda r: r.choice(["karras", "exponential"])),
    "rho": (0.3, lambda r: r.choice([7.0, 5.0, 3.0])),
    "noise_sampler_seed": (0.1, lambda r: r.choice([None, 0])),
    "scale_factors": (0.1, lambda r: r.choice([None, [0.5, 1.0]])),
    "upscale_mode": (0.1, lambda r: r.choice(["bicubic", "nearest"])),
    "eta": (0.2, lambda r: r.choice([0.0, 0.5, 1.0])),
}


def option(rng, name, key, defaults):
    """A value for a key, among those that the class knows."""
    if key == "solver_type":
        of = {"UniPCMultistepScheduler": ["bh1", "bh2", "bh2", "midpoint"], "DEISMultistepScheduler": ["logrho", "midpoint"]}
        return rng.choice(of.get(name, ["midpoint", "heun"]))
    if key == "algorithm_type":
        of = {"DEISMultistepScheduler": ["deis", "dpmsolver++"], "SASolverScheduler": ["data_prediction", "noise_prediction"],
              "DPMSolverSinglestepScheduler": ["dpmsolver++", "dpmsolver", "sde-dpmsolver++"],
              "EDMDPMSolverMultistepScheduler": ["dpmsolver++", "sde-dpmsolver++"]}
        return rng.choice(of.get(name, ["dpmsolver++", "dpmsolver++", "dpmsolver", "sde-dpmsolver", "sde-dpmsolver++"]))
    if key == "sigma_min":
        return rng.choice([0.002, 0.01, 0.05]) if name.startswith("EDM") else rng.choice([None, 0.03, 0.1])
    if key == "sigma_max":
        if name == "UniPCMultistepScheduler":
            return None
        return rng.choice([80.0, 40.0, 20.0]) if name.startswith("EDM") else rng.choice([None, 10.0, 14.0, 80.0])
    if key == "variance_type" and defaults[key] is None:
        return None
    if key == "shift_terminal" and name == "UniPCMultistepScheduler":
        return rng.choice([None, None, 0.1])
    return OPTIONS[key][1](rng)


def draw(rng):
    """(configuration, steps, sequence length)."""
    weights = WEIGHTS | MORE
    name = rng.choices(list(weights), list(weights.values()))[0]
    defaults = of_class(name)
    drawn = {}
    if name not in MORE:
        for key in defaults:
            often = OPTIONS[key][0] if key in OPTIONS else 0.4
            if key not in LEFT_OUT and rng.random() < often:
                drawn[key] = option(rng, name, key, defaults)
        if "beta_start" in defaults:
            drawn |= betas(rng)
        families = [key for key in FAMILIES if key in defaults]
        if families and rng.random() < 0.4:
            drawn[rng.choice(families)] = True
            if rng.random() < 0.06:
                drawn[rng.choice(families)] = True
        if drawn.get("use_flow_sigmas") and rng.random() < 0.85:
            drawn["prediction_type"] = "flow_prediction"
        if "trained_betas" in defaults and rng.random() < 0.01:
            drawn["num_train_timesteps"] = 50
            drawn["trained_betas"] = [round(1e-3 + 4e-3 * i / 49 + 1e-3 * rng.random(), 6) for i in range(50)]
    if name == "VQDiffusionScheduler":
        drawn["num_vec_classes"] = 8
    if name == "AmusedScheduler":
        drawn["mask_token_id"] = 7
    if name == "BlockRefinementScheduler" or rng.random() < 0.3:
        # All keys, as a saved file has them.
        drawn = {key: value for key, value in defaults.items() if is_json(value)} | drawn
    config = {"_class_name": name, "_diffusers_version": diffusers.__version__} | drawn
    steps = rng.choice([4, 8, 10, 20, 20, 25, 30, 50] + [rng.randint(1, 60) for _ in range(4)])
    if name in {"LCMScheduler", "TCDScheduler", "FlowMatchLCMScheduler"} and rng.random() < 0.8:
        steps = rng.randint(1, 8)
    return config, steps, rng.choice([64, 256, 1024, 4096])


def is_json(value):
    try:
        json.dumps(value)
    except TypeError:
        return False
    return value is not inspect.Parameter.empty

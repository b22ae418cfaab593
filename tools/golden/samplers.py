"""Sampler runs on the tiny models: `tests/golden/samplers_*.npz`, and their settings in `samplers.json`.

Every run starts from the same unit-variance `x_T` and takes entry i of the same `step_noise` at step i, both in
`samplers_inputs.npz`; a run of `size` 8 uses their top-left 8×8 corners. A run NAME saves in `samplers_NAME.npz`

    x_t             [S+1, B, C, H, W] f4  VP states: x_t[0] = x_T, then the state after each step (k-diffusion and Euler
                                          states divided by √(1+σ²), flow states by √((1−s)²+s²)); before any churn
    x0, eps         [S, B, C, H, W] f4    of each step's first evaluation; x0 after clipping, eps before it
    timesteps       [S] f8                fed to the network at that evaluation (as f32)
    alpha_bar       [S+1] f8              noise levels of x_t
    alpha_bar_eval  [S] f8                noise level of the first evaluation (differs from alpha_bar under churn only)
    sigmas          [S+1] f8              √((1−ᾱ)/ᾱ)
    class_labels    [B] i8                of the class-conditional runs; alpha_bar_to [S] f8 and flow_s [S+1] f8, see code

Runs marked `patched` use diffusers with its f32 `alphas_cumprod` replaced by the f64 formula. Other departures from
what a package does by itself are listed in each run's `deviations`:

- DDIM steps to `t − T//N` whatever the spacing; `NextTimestepDDIM` steps to the next timestep of the list. One run
  keeps the package's behaviour, and says so in its name.
- DDPM adds noise after the last step unless that step is t = 0 (with fixed_large, a lot): here it gets zeros.
- VE samplers start from √(1+σ_0²)·x_T whatever `init_noise_sigma` says (Euler: σ_max for linspace and trailing).
- DPM++ and UniPC round timesteps, or cut them off, where sigmas come from a family; the network is fed the
  continuous timestep instead (log σ interpolated on the f64 table).
- Churn is taken from k-diffusion only: diffusers' Euler adds that noise after the network has been evaluated.

Packages: diffusers 0.39.0, k-diffusion 0.0.16, torch 2.15.0, onnxruntime 1.31.1. Run: `python tools/golden/samplers.py`
(after make_test_models.py)
"""

import contextlib
import inspect
import os
import sys
import warnings
from fractions import Fraction
from unittest import mock

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded

import diffusers
import numpy as np
import onnxruntime as ort
import torch

from common import (
    GOLDEN, MODELS, SD, alpha_bar_f64, alpha_bar_from_sigma, sigma_from_alpha_bar, write_json, write_npz, write_versions,
)
from spacings import family_exponential, family_karras

warnings.filterwarnings("ignore")  # clip's import of pkg_resources, in k-diffusion
from k_diffusion import external  # noqa: E402
from k_diffusion import sampling as k  # noqa: E402

B, C, SIDE, NOISES = 2, 3, 16, 20
TABLE = alpha_bar_f64(**SD)
SIGMAS = sigma_from_alpha_bar(TABLE)
SIGMA_DATA = 0.5  # EDM's
LABELS = np.array([1, 3])

rng = np.random.default_rng(1707)
X_T = rng.standard_normal((B, C, SIDE, SIDE)).astype("<f4")
STEP_NOISE = rng.standard_normal((NOISES, B, C, SIDE, SIDE)).astype("<f4")


def timestep_from_sigma(sigma):
    """Continuous t at which the model's σ is `sigma`: linear in log σ, clamped to the table."""
    return np.interp(np.log(sigma), np.log(SIGMAS), np.arange(len(SIGMAS)))


class Net:
    """An ONNX model called with torch tensors; remembers every call as (x, t, output)."""

    def __init__(self, model, labels=None, guidance=None):
        self.session = ort.InferenceSession(MODELS / model / "model.onnx", providers=["CPUExecutionProvider"])
        self.labels, self.guidance, self.calls = labels, guidance, []

    def _run(self, x, t, labels):
        feeds = {"sample": x, "timestep": np.full(len(x), t, np.float32)}
        if labels is not None:
            feeds["class_labels"] = labels
        return self.session.run(None, feeds)[0]

    def __call__(self, x, t):
        fed, t = x.numpy().astype(np.float32), np.float32(t)
        out = self._run(fed, t, self.labels)
        if self.guidance is not None:  # label 0 plays the empty prompt
            null = self._run(fed, t, np.zeros_like(self.labels))
            out = null + np.float32(self.guidance) * (out - null)
        self.calls.append((fed.astype(np.float64), float(t), out.astype(np.float64)))
        return torch.from_numpy(out).to(x.dtype)


def predictions(x, out, alpha_bar, kind):
    """(x̂_0, ε̂) in f64 from the network's input (a VP state; flow: x_s; EDM: c_in·x_σ) and its output."""
    if kind == "flow_prediction":
        sigma = sigma_from_alpha_bar(alpha_bar)
        s = sigma / (1 + sigma)
        return x - s * out, x + (1 - s) * out
    if kind == "edm":
        sigma, data = sigma_from_alpha_bar(alpha_bar), SIGMA_DATA
        c = np.sqrt(sigma**2 + data**2)
        x0 = (data / c) ** 2 * (x * c) + sigma * data / c * out  # c_skip·x_σ + c_out·F
        return x0, (x * c - x0) / sigma
    signal, noise = np.sqrt(alpha_bar), np.sqrt(1 - alpha_bar)
    if kind == "sample":
        return out, (x - signal * out) / noise
    if kind == "v_prediction":
        return signal * x - noise * out, signal * out + noise * x
    return (x - noise * out) / signal, out


class Recorder:
    """Collects runs: arrays into npz files, settings into the manifest."""

    def __init__(self):
        self.manifest, self.runs = [], {}

    def add(self, name, states, firsts, alpha_bar, kind, alpha_bar_eval=None, post=lambda x0: x0, extra=None, **settings):
        alpha_bar = np.asarray(alpha_bar, dtype=np.float64)
        alpha_bar_eval = alpha_bar[:-1] if alpha_bar_eval is None else np.asarray(alpha_bar_eval)
        pairs = [predictions(x, out, a, kind) for (x, _, out), a in zip(firsts, alpha_bar_eval, strict=True)]
        run = {
            "x_t": np.stack([np.asarray(s) for s in states]).astype("<f4"),
            "x0": np.stack([post(x0) for x0, _ in pairs]).astype("<f4"),
            "eps": np.stack([eps for _, eps in pairs]).astype("<f4"),
            "timesteps": np.array([t for _, t, _ in firsts]),
            "alpha_bar": alpha_bar, "alpha_bar_eval": alpha_bar_eval, "sigmas": sigma_from_alpha_bar(alpha_bar),
        } | (extra or {})
        steps, side = len(firsts), run["x_t"].shape[-1]
        assert len(run["x_t"]) == len(alpha_bar) == steps + 1 and all(np.isfinite(v).all() for v in run.values())
        assert np.abs(run["x_t"][0] - X_T[..., :side, :side]).max() < 1e-6
        run["x_t"][0] = X_T[..., :side, :side]
        self.runs[name] = run
        write_npz(GOLDEN / f"samplers_{name}.npz", run)
        self.manifest.append({"name": name, "file": f"samplers_{name}.npz", "size": side, "steps": steps,
                              "prediction_type": kind} | settings)
        print(f"{name:34} S {steps:2}  max|x_t| {np.abs(run['x_t']).max():.2f}  max|x0| {np.abs(run['x0']).max():.2f}  "
              f"final rms {run['x_t'][-1].std():.3f}")


# --- diffusers -----------------------------------------------------------------------------------------------------

class NextTimestepDDIM(diffusers.DDIMScheduler):
    """DDIM whose previous timestep is the next of the list. `step` computes t − T//N: N becomes T/gap, exactly."""

    def step(self, model_output, timestep, sample, **kwargs):
        index = (self.timesteps == timestep).nonzero()[0].item()
        following = self.timesteps[index + 1].item() if index + 1 < len(self.timesteps) else -1
        whole, self.num_inference_steps = self.num_inference_steps, Fraction(1000, int(timestep) - following)
        try:
            return super().step(model_output, timestep, sample, **kwargs)
        finally:
            self.num_inference_steps = whole


def patched(cls, config):
    """A scheduler on the f64 table."""
    scheduler = cls(**config)
    scheduler.alphas_cumprod = torch.from_numpy(TABLE.copy())
    if hasattr(scheduler, "final_alpha_cumprod"):
        one = torch.tensor(1.0, dtype=torch.float64)
        scheduler.final_alpha_cumprod = one if scheduler.config.set_alpha_to_one else scheduler.alphas_cumprod[0]
    return scheduler


def injected(scheduler, noise):
    """Replaces `randn_tensor` in the module of the scheduler's class by `noise()`."""
    module = sys.modules[next(c.__module__ for c in type(scheduler).__mro__ if c.__module__.startswith("diffusers"))]
    if not hasattr(module, "randn_tensor"):
        return contextlib.nullcontext()
    return mock.patch.object(module, "randn_tensor", lambda *_, **__: noise())


def diffusers_run(rec, name, cls, n, *, model="tiny-eps", side=8, config=None, kind="epsilon", zero_last_noise=False,
                  step=None, labels=None, guidance=None, last_sigma=None, **settings):
    """One run of a diffusers scheduler whose levels come from the SD table."""
    own = dict(config or {})
    config = SD | own | ({} if kind == "epsilon" else {"prediction_type": kind})
    scheduler = patched(cls, config)
    if hasattr(scheduler, "lambda_t"):  # only used to clip λ
        scheduler.lambda_t = scheduler.lambda_t.double()
    scheduler.set_timesteps(n)
    if last_sigma is not None:
        scheduler.sigmas[-1] = last_sigma
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    discrete = isinstance(scheduler, (diffusers.DDIMScheduler, diffusers.DDPMScheduler, diffusers.LCMScheduler))
    heun = isinstance(scheduler, diffusers.HeunDiscreteScheduler)
    two_stage = heun and n > 1
    has_ve_state = "Euler" in cls.__name__ or heun or cls is diffusers.LMSDiscreteScheduler

    timesteps = scheduler.timesteps.numpy().astype(np.float64)
    if discrete:
        final = 1.0 if not hasattr(scheduler, "final_alpha_cumprod") else float(scheduler.final_alpha_cumprod)
        alpha_bar = [*TABLE[timesteps.astype(int)], final]
    else:
        sigmas = scheduler.sigmas.numpy().astype(np.float64)
        if two_stage:
            sigmas = np.array([sigmas[0], *sigmas[1::2]])
        alpha_bar = alpha_bar_from_sigma(sigmas)
        if any(own.get(f"use_{f}_sigmas") for f in ("karras", "exponential", "beta")):
            timesteps = timestep_from_sigma(sigmas[:-1])
            timesteps = np.array([timesteps[0], *np.repeat(timesteps[1:], 2)]) if two_stage else timesteps

    net = Net(model, labels, guidance)
    scale = [1 / np.sqrt(a) if has_ve_state else 1.0 for a in alpha_bar]
    x = torch.from_numpy(X_T[..., :side, :side]) * scale[0]
    states, firsts, clipped = [x.numpy() / scale[0]], [], []
    i = 0

    def noise():
        entry = STEP_NOISE[i, ..., :side, :side]
        return torch.from_numpy(np.zeros_like(entry) if zero_last_noise and i == n - 1 else entry.copy())

    with injected(scheduler, noise):
        for call, (t, fed) in enumerate(zip(scheduler.timesteps, timesteps, strict=True), start=1):
            first = not heun or scheduler.state_in_first_order
            out = net(scheduler.scale_model_input(x, t), fed)
            kwargs = dict(step or {})
            if kwargs.get("eta"):
                kwargs["variance_noise"] = noise()
            result = scheduler.step(out, t, x, **kwargs)
            x = result.prev_sample
            if first:
                firsts.append(net.calls[-1])
                clipped.append(getattr(result, "pred_original_sample", None))
            if not heun or not first or call == len(timesteps):
                i += 1
                states.append(x.numpy() / scale[i])

    def post(x0):
        if scheduler.config.get("thresholding"):
            return scheduler._threshold_sample(torch.from_numpy(x0)).numpy()
        if scheduler.config.get("clip_sample"):
            return x0.clip(-scheduler.config.clip_sample_range, scheduler.config.clip_sample_range)
        return x0

    extra = {} if labels is None else {"class_labels": labels.astype("<i8")}
    if cls is diffusers.DDIMScheduler:  # the package's own idea of the previous timestep
        to = timesteps.astype(int) - 1000 // n
        extra["alpha_bar_to"] = np.where(to < 0, final, TABLE[to])
    rec.add(name, states, firsts, alpha_bar, kind, post=post, extra=extra, model=model, source=f"diffusers {cls.__name__}",
            state="ve" if has_ve_state else "vp", config=own, step=step or {}, patched=True, guidance_scale=guidance,
            **settings)
    for saved, theirs in zip(rec.runs[name]["x0"], clipped):
        if theirs is not None:
            assert np.abs(saved - theirs.numpy()).max() < 2e-4, name


def all_diffusers(rec):
    ddim, ddpm, euler = NextTimestepDDIM, diffusers.DDPMScheduler, diffusers.EulerDiscreteScheduler
    ancestral, heun, dpm = (diffusers.EulerAncestralDiscreteScheduler, diffusers.HeunDiscreteScheduler,
                            diffusers.DPMSolverMultistepScheduler)
    plain = {"clip_sample": False}
    next_t = ["the previous timestep is the next of the list"]

    def spaced(spacing, **more):
        return {"timestep_spacing": spacing} | more

    def run_ddim(name, n=10, spacing="trailing", side=8, step=None, deviations=next_t, **more):
        config = plain | spaced(spacing) | more.pop("config", {})
        diffusers_run(rec, f"ddim_{name}", more.pop("cls", ddim), n, side=side, config=config, step=step,
                      sampler="ddim", spacing=spacing, eta=(step or {}).get("eta", 0.0), deviations=deviations, **more)

    run_ddim("leading_10", spacing="leading", side=16)
    run_ddim("trailing_10", side=16)
    run_ddim("linspace_10", spacing="linspace")
    run_ddim("trailing_7", n=7, side=16)
    run_ddim("leading_7", n=7, spacing="leading")
    run_ddim("trailing_7_diffusers_defect", n=7, cls=diffusers.DDIMScheduler, deviations=[
        "diffusers as it is: steps to t - T//N = t - 142 (the last to t = 0), not to the next of the list",
        "alpha_bar lists the levels of `timesteps` and 1, alpha_bar_to [S] those stepped to"])
    run_ddim("eta1_trailing_10", side=16, step={"eta": 1.0})
    run_ddim("eta05_leading_10", spacing="leading", step={"eta": 0.5})
    run_ddim("alpha0_leading_10", spacing="leading", config={"set_alpha_to_one": False, "steps_offset": 1})
    run_ddim("clip_10", config={"clip_sample": True, "clip_sample_range": 1.0}, clip=1.0)
    run_ddim("clip_reeps_10", config={"clip_sample": True, "clip_sample_range": 1.0}, clip=1.0,
             step={"use_clipped_model_output": True}, notes=["ε̂ is recomputed from the clipped x̂_0 before the step"])
    run_ddim("threshold_10", model="class-labels", labels=LABELS, class_labels=LABELS.tolist(), guidance=3.0,
             null_label=0, config={"thresholding": True, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5},
             threshold={"ratio": 0.9, "max": 1.5})
    run_ddim("v_10", model="tiny-v", kind="v_prediction")
    run_ddim("sample_10", model="tiny-sample", kind="sample")
    run_ddim("class_10", model="class-labels", labels=LABELS, class_labels=LABELS.tolist())
    run_ddim("class_guided_10", model="class-labels", labels=LABELS, class_labels=LABELS.tolist(), guidance=3.0,
             null_label=0)

    for variance, spacing, side in (("fixed_small", "trailing", 16), ("fixed_small", "leading", 8),
                                    ("fixed_large", "trailing", 8), ("fixed_large", "leading", 8)):
        diffusers_run(rec, f"ddpm_{variance}_{spacing}_10", ddpm, 10, side=side, zero_last_noise=True,
                      config=plain | spaced(spacing, variance_type=variance), sampler="ddpm", spacing=spacing,
                      variance=variance, deviations=["no noise after the last step"])
    diffusers_run(rec, "ddpm_fixed_small_trailing_7", ddpm, 7, zero_last_noise=True, sampler="ddpm", spacing="trailing",
                  config=plain | spaced("trailing"), variance="fixed_small", deviations=["no noise after the last step"])

    start = "starts from √(1+σ_0²)·x_T"
    for name, n, more, config in (
        ("leading_10", 10, {"spacing": "leading"}, spaced("leading")),
        ("trailing_10", 10, {"spacing": "trailing", "side": 16}, spaced("trailing")),
        ("linspace_7", 7, {"spacing": "linspace"}, spaced("linspace")),
        ("karras_10", 10, {"sigma_family": "karras"}, {"use_karras_sigmas": True}),
        ("exponential_10", 10, {"sigma_family": "exponential"}, {"use_exponential_sigmas": True}),
    ):
        fractions = ["fractional timesteps; σ there is linear in t, not log-linear"] if name == "linspace_7" else []
        diffusers_run(rec, f"euler_{name}", euler, n, config=config, sampler="euler",
                      deviations=[start, *fractions], **more)
    for kind, model in (("v_prediction", "tiny-v"), ("sample", "tiny-sample")):
        diffusers_run(rec, f"euler_{model[5:]}_10", euler, 10, model=model, kind=kind, config=spaced("trailing"),
                      sampler="euler", spacing="trailing", deviations=[start])
    for spacing, side in (("trailing", 16), ("leading", 8)):
        diffusers_run(rec, f"euler_ancestral_{spacing}_10", ancestral, 10, side=side, config=spaced(spacing),
                      sampler="euler_ancestral", spacing=spacing, eta=1.0, deviations=[start])
    diffusers_run(rec, "heun_trailing_10", heun, 10, side=16, config=spaced("trailing"), sampler="heun",
                  spacing="trailing", deviations=[start], order_rules="Euler on the last step (σ' = 0)")
    diffusers_run(rec, "heun_karras_10", heun, 10, config={"use_karras_sigmas": True}, sampler="heun",
                  sigma_family="karras", deviations=[start], order_rules="Euler on the last step (σ' = 0)")
    diffusers_run(rec, "lms_trailing_10", diffusers.LMSDiscreteScheduler, 10, config=spaced("trailing"), sampler="lms",
                  spacing="trailing", order=4, deviations=[start], order_rules="order min(i + 1, 4)")

    first_and_last = "first order on the first step and on the last, second between"
    continuous = ["the network is fed continuous timesteps, not the rounded ones of the class"]

    def run_dpm(name, n, config, side=8, rules=first_and_last, sampler="dpmpp_2m", **more):
        diffusers_run(rec, f"{sampler}_{name}", dpm, n, side=side, config=config, sampler=sampler, order_rules=rules,
                      deviations=more.pop("deviations", []), **more)

    run_dpm("trailing_10", 10, spaced("trailing"), side=16, spacing="trailing")
    run_dpm("linspace_10", 10, spaced("linspace"), spacing="linspace")
    run_dpm("leading_10", 10, spaced("leading"), spacing="leading")
    run_dpm("karras_10", 10, {"use_karras_sigmas": True}, sigma_family="karras", deviations=continuous)
    run_dpm("karras_10", 10, {"use_karras_sigmas": True, "algorithm_type": "sde-dpmsolver++"}, sigma_family="karras",
            sampler="dpmpp_2m_sde", eta=1.0, deviations=continuous)
    run_dpm("trailing_20", 20, spaced("trailing"), spacing="trailing")
    run_dpm("trailing_20_sigma_min", 20, spaced("trailing", final_sigmas_type="sigma_min"), spacing="trailing",
            final_sigma="sigma_min", rules="first order on the first step, second on all others (N >= 15, final σ > 0)")
    run_dpm("trailing_10_sigma_min", 10, spaced("trailing", final_sigmas_type="sigma_min"), spacing="trailing",
            final_sigma="sigma_min")
    run_dpm("v_10", 10, spaced("trailing"), spacing="trailing", model="tiny-v", kind="v_prediction")
    run_dpm("trailing_10", 10, spaced("trailing", algorithm_type="sde-dpmsolver++"), spacing="trailing",
            sampler="dpmpp_2m_sde", eta=1.0)
    unipc = diffusers.UniPCMultistepScheduler
    diffusers_run(rec, "unipc_trailing_10", unipc, 10, config=spaced("trailing"),
                  sampler="unipc", spacing="trailing", order_rules="solver_order 2, bh2, predict_x0; lower_order_final")
    diffusers_run(rec, "unipc_bh1_10", unipc, 10, config={"solver_type": "bh1"}, sampler="unipc_bh1",
                  levels="as they stand", last_sigma=1e-3, order_rules="predict_x0; lower_order_final",
                  deviations=["ends at σ = 0.001: bh1 gives NaN at 0 in the package"])
    for name, n, config in (("unipc_3", 10, {"solver_order": 3}),
                            ("unipc_3", 20, {"solver_order": 3}), ("unipc", 20, {})):
        diffusers_run(rec, f"{name}_trailing_{n}", unipc, n, config=spaced("trailing", **config), sampler=name,
                      spacing="trailing", order_rules="predict_x0; lower_order_final")

    run_dpm("trailing_10", 10, spaced("trailing", solver_type="heun"), spacing="trailing", sampler="dpmpp_2m_heun")
    third = "as many orders as outputs up to 3; first on the last step, for N < 15 second on the one before"
    for n in (10, 20):
        run_dpm(f"trailing_{n}", n, spaced("trailing", solver_order=3), spacing="trailing", sampler="dpmpp_3m", rules=third)
    run_dpm("karras_10", 10, {"use_karras_sigmas": True, "solver_order": 3}, sigma_family="karras", sampler="dpmpp_3m",
            rules=third, deviations=continuous)
    for order in (2, 3):
        for n in (10, 20):
            run_dpm(f"trailing_{n}", n, spaced("trailing", solver_order=order, algorithm_type="dpmsolver",
                                               final_sigmas_type="sigma_min"),
                    spacing="trailing", final_sigma="sigma_min", sampler=f"dpm_solver_{order}m", rules=third)
        for n in (10, 11):
            diffusers_run(rec, f"dpmpp_{order}s_{n}", diffusers.DPMSolverSinglestepScheduler, n,
                          config={"solver_order": order}, sampler=f"dpmpp_{order}s", levels="as they stand",
                          order_rules="1, 2(, 3) in turn; first on the last step")
        for n in (10, 20):
            name = "deis" if order == 2 else "deis_3m"
            diffusers_run(rec, f"{name}_trailing_{n}", diffusers.DEISMultistepScheduler, n,
                          config=spaced("trailing", solver_order=order), sampler=name, levels="as they stand",
                          order_rules=third, notes=["ends at the level of timestep 0"])
    diffusers_run(rec, "lcm_10", diffusers.LCMScheduler, 10, sampler="lcm", spacing="trailing",
                  notes=["its timesteps are 999, 899, … 99; boundary scalings are within 3e-7 of 0 and 1"])


def all_flow(rec):
    """Rectified flow: Euler in s, the network fed s·1000."""
    for shift in (1.0, 3.0):
        scheduler = diffusers.FlowMatchEulerDiscreteScheduler(shift=shift)
        scheduler.set_timesteps(10)
        scheduler.set_begin_index(0)
        net, x = Net("tiny-flow"), torch.from_numpy(X_T[..., :8, :8])
        s = scheduler.sigmas.numpy().astype(np.float64)
        s[0] = 1 - 1e-12  # so that σ stays finite in the file; the run itself starts at s = 1
        scale = np.sqrt((1 - s) ** 2 + s**2)
        states = [x.numpy()]
        for i, t in enumerate(scheduler.timesteps):
            x = scheduler.step(net(x, float(t)), t, x).prev_sample
            states.append(x.numpy() / scale[i + 1])
        rec.add(f"flow_euler_shift{shift:.0f}_10", states, net.calls, (1 - s) ** 2 / scale**2, "flow_prediction",
                model="tiny-flow", source="diffusers FlowMatchEulerDiscreteScheduler", state="flow", sampler="euler",
                config={"shift": shift}, step={}, patched=False, extra={"flow_s": np.float64(scheduler.sigmas.numpy())},
                deviations=["s_min is shifted twice, see spacings.json; alpha_bar[0] is that of s = 1 - 1e-12"])


def all_edm(rec):
    """EDM preconditioning: the network takes c_in·x_σ and ¼ ln σ, and is turned into x̂_0 by c_skip and c_out."""
    for family in ("karras", "exponential"):
        scheduler = diffusers.EDMEulerScheduler(sigma_schedule=family)
        scheduler.set_timesteps(10)
        scheduler.set_begin_index(0)
        sigmas = scheduler.sigmas.numpy().astype(np.float64)
        scale = np.sqrt(1 + sigmas**2)
        net, x = Net("tiny-edm"), torch.from_numpy(X_T[..., :8, :8]) * scale[0]
        states = [x.numpy() / scale[0]]
        for i, t in enumerate(scheduler.timesteps):
            x = scheduler.step(net(scheduler.scale_model_input(x, t), t), t, x).prev_sample
            states.append(x.numpy() / scale[i + 1])
        rec.add(f"edm_euler_{family}_10", states, net.calls, alpha_bar_from_sigma(sigmas), "edm", model="tiny-edm",
                source="diffusers EDMEulerScheduler", state="ve", sampler="euler", sigma_family=family,
                config={"sigma_schedule": family}, step={}, patched=False, deviations=[])


# --- k-diffusion ---------------------------------------------------------------------------------------------------

def kdiffusion_run(rec, name, function, sigmas, *, side=8, arguments=None, evaluations=1, noise_sampler=None, **settings):
    """One run of a k-diffusion sampler, in f64 around the f32 network, timesteps continuous."""
    net = Net("tiny-eps")
    denoiser = external.DiscreteEpsDDPMDenoiser(net_of_batch(net), torch.from_numpy(TABLE), quantize=False)
    states, sigma_hat = [], []

    def callback(info):
        sigma_hat.append(float(info["sigma_hat"]))
        if len(states) < len(sigma_hat):
            states.append(info["x"].numpy())

    def fresh(i):
        return torch.from_numpy(STEP_NOISE[i, ..., :side, :side].astype(np.float64))

    def churn_noise(x):  # sample_euler and sample_heun draw once at the top of each step: the state before churn
        states.append(x.numpy())
        return fresh(len(states) - 1)

    arguments = dict(arguments or {})
    call = dict(arguments)
    if "noise_sampler" in inspect.signature(function).parameters:
        call["noise_sampler"] = noise_sampler or (lambda *_: fresh(len(sigma_hat) - 1))
    x = torch.from_numpy(X_T[..., :side, :side].astype(np.float64)) * np.sqrt(1 + sigmas[0] ** 2)
    with mock.patch.object(torch, "randn_like", churn_noise):
        last = function(denoiser, x, torch.from_numpy(sigmas), callback=callback, disable=True, **call)
    states = [s / np.sqrt(1 + sigma**2) for s, sigma in zip([*states, last.numpy()], sigmas, strict=True)]
    firsts = net.calls[::evaluations]
    rec.add(name, states, firsts, alpha_bar_from_sigma(sigmas), "epsilon", model="tiny-eps", state="ve",
            alpha_bar_eval=alpha_bar_from_sigma(sigma_hat), source=f"k-diffusion {function.__name__}", step=arguments,
            sampler=function.__name__.removeprefix("sample_"), patched=False, deviations=settings.pop("deviations", []),
            **settings)


def net_of_batch(net):
    """The same t for the whole batch, as `Net` takes it; without gradients, in f64."""
    class Module(torch.nn.Module):
        def forward(self, x, t):
            assert (t == t[0]).all()
            return net(x, float(t[0]))
    return Module()


def all_kdiffusion(rec):
    lo, hi = SIGMAS[0], SIGMAS[-1]
    karras = {n: np.append(family_karras(n, lo, hi), 0.0) for n in (10, 20)}
    exponential = np.append(family_exponential(10, lo, hi), 0.0)
    family = {"sigma_family": "karras"}
    kdiffusion_run(rec, "k_euler_karras_10", k.sample_euler, karras[10], **family)
    kdiffusion_run(rec, "k_euler_churn_karras_10", k.sample_euler, karras[10], arguments={"s_churn": 3.0}, **family,
                   notes=["the first σ̂ is above σ_max: its timestep is clamped to 999"])
    kdiffusion_run(rec, "k_euler_ancestral_karras_10", k.sample_euler_ancestral, karras[10], **family)
    leading = np.append(SIGMAS[900::-100], 0.0)
    kdiffusion_run(rec, "k_euler_ancestral_leading_10", k.sample_euler_ancestral, leading, spacing="leading")
    kdiffusion_run(rec, "k_euler_ancestral_eta05_10", k.sample_euler_ancestral, karras[10], **family,
                   arguments={"eta": 0.5, "s_noise": 1.01})
    kdiffusion_run(rec, "k_heun_karras_10", k.sample_heun, karras[10], evaluations=2, **family)
    kdiffusion_run(rec, "k_heun_churn_karras_10", k.sample_heun, karras[10], side=16, evaluations=2, **family,
                   arguments={"s_churn": 2.0}, notes=["the first σ̂ is above σ_max: its timestep is clamped to 999"])
    kdiffusion_run(rec, "k_heun_churn_window_10", k.sample_heun, karras[10], evaluations=2, **family,
                   arguments={"s_churn": 40.0, "s_tmin": 0.1, "s_tmax": 10.0, "s_noise": 1.007},
                   notes=["γ is capped at √2 − 1"])
    kdiffusion_run(rec, "k_dpmpp_2m_karras_10", k.sample_dpmpp_2m, karras[10], **family)
    kdiffusion_run(rec, "k_dpmpp_2m_karras_20", k.sample_dpmpp_2m, karras[20], **family)
    kdiffusion_run(rec, "k_dpmpp_2m_exponential_10", k.sample_dpmpp_2m, exponential, sigma_family="exponential")
    kdiffusion_run(rec, "k_dpmpp_2m_sde_karras_10", k.sample_dpmpp_2m_sde, karras[10], **family)
    kdiffusion_run(rec, "k_dpmpp_2m_sde_eta05_heun_10", k.sample_dpmpp_2m_sde, karras[10], **family,
                   arguments={"eta": 0.5, "solver_type": "heun"})
    kdiffusion_run(rec, "k_dpmpp_3m_sde_karras_10", k.sample_dpmpp_3m_sde, karras[10], **family)
    kdiffusion_run(rec, "k_dpmpp_3m_sde_eta05_10", k.sample_dpmpp_3m_sde, karras[10], **family, arguments={"eta": 0.5})
    kdiffusion_run(rec, "k_dpmpp_3m_sde_eta0_20", k.sample_dpmpp_3m_sde, karras[20], **family, arguments={"eta": 0.0})
    kdiffusion_run(rec, "k_lms_karras_10", k.sample_lms, karras[10], **family)
    kdiffusion_run(rec, "k_dpm_2_karras_10", k.sample_dpm_2, karras[10], evaluations=2, **family)
    for function in (k.sample_dpm_2_ancestral, k.sample_dpmpp_2s_ancestral):
        name = function.__name__.removeprefix("sample_")
        kdiffusion_run(rec, f"k_{name}_karras_10", function, karras[10], evaluations=2, **family)
        kdiffusion_run(rec, f"k_{name}_eta05_10", function, karras[10], evaluations=2, **family, arguments={"eta": 0.5})


def agreements(rec):
    """Runs that must agree: one method in two packages, or two names of one method. max |Δ| over all x_t."""
    for a, b in (
        ("k_euler_karras_10", "euler_karras_10"), ("k_heun_karras_10", "heun_karras_10"),
        ("k_dpmpp_2m_karras_10", "dpmpp_2m_karras_10"), ("k_euler_ancestral_leading_10", "euler_ancestral_leading_10"),
        ("k_dpmpp_2m_sde_karras_10", "dpmpp_2m_sde_karras_10"),
        ("ddim_trailing_10", "euler_trailing_10"),  # η = 0: the same ODE step in two scalings
        ("ddim_eta1_trailing_10", "ddpm_fixed_small_trailing_10"), ("ddim_eta1_trailing_10", "euler_ancestral_trailing_10"),
    ):
        difference = np.abs(rec.runs[a]["x_t"] - rec.runs[b]["x_t"]).max()
        print(f"{a} = {b}: {difference:.1e}")
        assert difference < 1e-4, (a, b)


def main():
    rec = Recorder()
    for old in GOLDEN.glob("samplers_*.npz"):
        old.unlink()
    write_npz(GOLDEN / "samplers_inputs.npz", {"x_T": X_T, "step_noise": STEP_NOISE[:10]})
    all_diffusers(rec)
    all_flow(rec)
    all_edm(rec)
    all_kdiffusion(rec)
    agreements(rec)
    write_json(GOLDEN / "samplers.json", {"config": SD, "runs": rec.manifest}, indent=1)
    write_versions()


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        main()

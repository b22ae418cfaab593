"""Runs of the samplers' options and of methods with several evaluations or noises a step, as `samplers.py` has the others:
`tests/golden/solvers_*.npz`, and their settings in `solvers.json`. `sampler` is written as on Chromascope's command line.

Departures besides those of samplers.py:

- PNDM steps to the next timestep of its list, which is what diffusers does for `leading` spacing.
- Runs whose `draws` is 2 take entries 2i and 2i + 1 of `step_noise` at step i.

Run: `python tools/golden/solvers.py` (after samplers.py)
"""

import numpy as np
import torch
from unittest import mock

from common import GOLDEN, SD, alpha_bar_from_sigma, sigma_from_alpha_bar, write_json
from samplers import (
    STEP_NOISE, TABLE, X_T, Net, Recorder, diffusers, diffusers_run, family_karras, injected, k, kdiffusion_run, patched, SIGMAS,
)

SIDE = 8


class Renamed(Recorder):
    """Writes under another name."""

    def add(self, name, *arguments, **settings):
        super().add(name, *arguments, **settings)
        (GOLDEN / f"samplers_{name}.npz").rename(GOLDEN / f"solvers_{name}.npz")
        self.manifest[-1]["file"] = f"solvers_{name}.npz"


def multistep_options(rec):
    dpm, single = diffusers.DPMSolverMultistepScheduler, diffusers.DPMSolverSinglestepScheduler
    unipc, deis = diffusers.UniPCMultistepScheduler, diffusers.DEISMultistepScheduler
    as_listed = {"levels": "as they stand"}
    noisy_end = {"final_sigmas_type": "sigma_min"}
    for name, cls, n, sampler, config, more in (
        ("dpmpp_1s", dpm, 10, "dpmpp-1s", {"solver_order": 1}, {}),
        ("dpm_2m_heun", dpm, 10, "dpm-solver-2m:solver_type=heun", {"algorithm_type": "dpmsolver", "solver_type": "heun"} | noisy_end, {}),
        ("dpm_2m_sde", dpm, 10, "dpm-solver-2m-sde", {"algorithm_type": "sde-dpmsolver"} | noisy_end, {}),
        ("dpm_2m_sde_heun", dpm, 10, "dpm-solver-2m-sde:solver_type=heun", {"algorithm_type": "sde-dpmsolver", "solver_type": "heun"} | noisy_end, {}),
        ("dpm_1m_sde", dpm, 10, "dpm-solver-2m-sde:solver_order=1", {"algorithm_type": "sde-dpmsolver", "solver_order": 1} | noisy_end, {}),
        ("dpmpp_2m_euler_end", dpm, 16, "dpmpp-2m:euler_at_final=true", {"euler_at_final": True} | noisy_end, {}),
        ("dpmpp_2m_not_lower", dpm, 10, "dpmpp-2m:lower_order_final=false", {"lower_order_final": False} | noisy_end, {}),
        ("dpmpp_3m_not_lower", dpm, 10, "dpmpp-3m:lower_order_final=false,solver_type=heun", {"lower_order_final": False, "solver_order": 3, "solver_type": "heun"} | noisy_end, {}),
        ("dpmpp_1m_sde", dpm, 10, "dpmpp-2m-sde:solver_order=1", {"algorithm_type": "sde-dpmsolver++", "solver_order": 1}, {}),
        ("dpmpp_2m_sde_lower", dpm, 10, "dpmpp-2m-sde-heun:lower_order_final=true", {"algorithm_type": "sde-dpmsolver++", "solver_type": "heun"} | noisy_end, {}),
        ("dpmpp_2s_heun", single, 10, "dpmpp-2s:solver_type=heun", {"solver_type": "heun"}, {}),
        ("dpmpp_3s_heun", single, 9, "dpmpp-3s:solver_type=heun", {"solver_type": "heun", "solver_order": 3} | noisy_end, {}),
        ("dpmpp_2s_plain", single, 10, "dpmpp-2s", noisy_end, {}),
        ("dpmpp_2s_lower", single, 10, "dpmpp-2s:lower_order_final=true", {"lower_order_final": True} | noisy_end, {}),
        ("dpm_2s", single, 10, "dpm-solver-2s", {"algorithm_type": "dpmsolver"} | noisy_end, {}),
        ("dpm_3s_heun", single, 9, "dpm-solver-2s:solver_order=3,solver_type=heun", {"algorithm_type": "dpmsolver", "solver_order": 3, "solver_type": "heun"} | noisy_end, {}),
        ("dpmpp_2s_sde", single, 10, "dpmpp-2s-sde", {"algorithm_type": "sde-dpmsolver++"}, {}),
        ("dpmpp_3s_sde", single, 9, "dpmpp-2s-sde:solver_order=3", {"algorithm_type": "sde-dpmsolver++", "solver_order": 3} | noisy_end, {}),
        ("unipc_not_lower", unipc, 10, "unipc:lower_order_final=false", {"lower_order_final": False} | noisy_end, {}),
        ("unipc_3_not_lower", unipc, 10, "unipc-3:lower_order_final=false", {"lower_order_final": False, "solver_order": 3} | noisy_end, {}),
        ("unipc_1", unipc, 10, "unipc:solver_order=1", {"solver_order": 1}, {}),
        ("unipc_noise", unipc, 10, "unipc:predict_x0=false", {"predict_x0": False} | noisy_end, {}),
        ("unipc_noise_bh1", unipc, 10, "unipc-bh1:predict_x0=false", {"predict_x0": False, "solver_type": "bh1"} | noisy_end, {}),
        ("deis_1", deis, 10, "deis:solver_order=1", {"solver_order": 1}, {}),
        ("deis_not_lower", deis, 10, "deis-3m:lower_order_final=false", {"lower_order_final": False, "solver_order": 3}, {}),
        ("sa_solver", diffusers.SASolverScheduler, 10, "sa-solver", {}, {}),
        ("sa_solver_not_lower", diffusers.SASolverScheduler, 10, "sa-solver:lower_order_final=false", {"lower_order_final": False}, {}),
        ("sa_solver_noise", diffusers.SASolverScheduler, 10, "sa-solver:predict_x0=false", {"algorithm_type": "noise_prediction"}, {}),
        ("sa_solver_3", diffusers.SASolverScheduler, 10, "sa-solver:predictor_order=3,corrector_order=3", {"predictor_order": 3, "corrector_order": 3}, {}),
        ("lms_2", diffusers.LMSDiscreteScheduler, 10, "lms:solver_order=2", {"timestep_spacing": "trailing"}, {"step": {"order": 2}}),
    ):
        diffusers_run(rec, name, cls, n, config=config, sampler=sampler, **as_listed, **more)


def record(rec, name, scheduler, alpha_bar, per_step, *, kind="epsilon", model="tiny-eps", scale=None, draws=1, step=None, feed=None, **settings):
    """Calls `scheduler.step` once for each of its timesteps, `per_step[i]` of them at step i."""
    alpha_bar = np.asarray(alpha_bar, dtype=np.float64)
    scale = np.ones(len(alpha_bar)) if scale is None else scale
    net, x = Net(model), torch.from_numpy(X_T[..., :SIDE, :SIDE]) * scale[0]
    states, firsts, calls = [x.numpy() / scale[0]], [], iter(scheduler.timesteps)
    drawn = {"step": 0, "draw": 0}

    def noise():
        entry = STEP_NOISE[draws * drawn["step"] + drawn["draw"], ..., :SIDE, :SIDE]
        drawn["draw"] += 1
        return torch.from_numpy(entry.copy())

    with injected(scheduler, noise):
        for i, count in enumerate(per_step):
            drawn.update(step=i, draw=0)
            for call in range(count):
                t = next(calls)
                out = net(scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x, float(t))
                if call == 0:
                    firsts.append(net.calls[-1])
                x = scheduler.step(out, t, x, **(step or {})).prev_sample
            states.append(x.numpy() / scale[i + 1])
    assert next(calls, None) is None
    rec.add(name, states, firsts, alpha_bar, kind, model=model, source=f"diffusers {type(scheduler).__name__}",
            step=step or {}, patched=kind not in ("edm", "flow_prediction"), levels=settings.pop("levels", "as they stand"), **settings)


def table_classes(rec):
    for kind, model, combined in (("epsilon", "tiny-eps", ""), ("v_prediction", "tiny-v", ":multistep_in=v")):
        config = SD | {"prediction_type": kind, "steps_offset": 1}
        for n in (10, 4):
            plms = patched(diffusers.PNDMScheduler, config | {"skip_prk_steps": True})
            plms.set_timesteps(n)
            levels = [*TABLE[plms._timesteps[::-1].astype(int)], float(plms.final_alpha_cumprod)]
            record(rec, f"plms_{kind[:3]}_{n}", plms, levels, [2] + [1] * (n - 1), kind=kind, model=model, sampler=f"plms{combined}")
            pndm = patched(diffusers.PNDMScheduler, config)
            pndm.set_timesteps(n)
            record(rec, f"pndm_{kind[:3]}_{n}", pndm, levels, [4] * 3 + [1] * (n - 3), kind=kind, model=model, sampler=f"pndm{combined}")
    # Steps of an odd length, whose halves diffusers rounds.
    pndm = patched(diffusers.PNDMScheduler, SD | {"steps_offset": 1})
    pndm.set_timesteps(9)
    levels = [*TABLE[pndm._timesteps[::-1].astype(int)], float(pndm.final_alpha_cumprod)]
    record(rec, "pndm_odd_9", pndm, levels, [4] * 3 + [1] * 6, sampler="pndm")
    for eta in (0.3, 0.0, 1.0):
        tcd = patched(diffusers.TCDScheduler, SD)
        tcd.set_timesteps(8)
        levels = [*TABLE[tcd.timesteps.numpy()], TABLE[0]]
        record(rec, f"tcd_{eta}", tcd, levels, [1] * 8, step={"eta": eta}, sampler="tcd")
    lcm = patched(diffusers.LCMScheduler, SD | {"timestep_scaling": 0.01})
    lcm.set_timesteps(8)
    record(rec, "lcm_scaled", lcm, [*TABLE[lcm.timesteps.numpy()], 1.0], [1] * 8, sampler="lcm:timestep_scaling=0.01")


def flow_and_edm(rec):
    for name, cls, config, sampler, twice in (
        ("flow_euler", diffusers.FlowMatchEulerDiscreteScheduler, {"shift": 3.0}, "euler:steps_in=flow", False),
        ("flow_heun", diffusers.FlowMatchHeunDiscreteScheduler, {"shift": 3.0}, "heun:steps_in=flow", True),
        ("flow_lcm", diffusers.FlowMatchLCMScheduler, {"shift": 3.0}, "lcm:timestep_scaling=0", False),
        ("flow_stochastic", diffusers.FlowMatchEulerDiscreteScheduler, {"stochastic_sampling": True}, "lcm:timestep_scaling=0", False),
    ):
        scheduler = cls(**config)
        scheduler.set_timesteps(10)
        scheduler.set_begin_index(0) if hasattr(scheduler, "set_begin_index") else None
        s = scheduler.sigmas.numpy().astype(np.float64)
        s = np.array([s[0], *s[1::2]]) if twice else s
        scale = np.sqrt((1 - s) ** 2 + s**2)
        s = np.array([1 - 1e-12, *s[1:]])  # so that σ stays finite in the file; the run itself starts at s = 1
        record(rec, name, scheduler, (1 - s) ** 2 / ((1 - s) ** 2 + s**2), [2] * 9 + [1] if twice else [1] * 10, kind="flow_prediction",
               model="tiny-flow", scale=scale, sampler=sampler, levels="pure noise first", config=config)
    edm = diffusers.EDMDPMSolverMultistepScheduler
    for name, config, sampler in (
        ("edm_2m", {}, "dpmpp-2m"), ("edm_2m_heun", {"solver_type": "heun"}, "dpmpp-2m-heun"),
        ("edm_3m", {"solver_order": 3}, "dpmpp-3m"), ("edm_2m_sde", {"algorithm_type": "sde-dpmsolver++"}, "dpmpp-2m-sde"),
    ):
        scheduler = edm(**config)
        scheduler.set_timesteps(10)
        scheduler.set_begin_index(0)
        sigmas = scheduler.sigmas.numpy().astype(np.float64)
        record(rec, name, scheduler, alpha_bar_from_sigma(sigmas), [1] * 10, kind="edm", model="tiny-edm",
               scale=np.sqrt(1 + sigmas**2), sampler=sampler)


def two_noises(rec):
    sigmas = np.append(family_karras(5, SIGMAS[0], SIGMAS[-1]), 0.0)
    for name, arguments, options in (
        ("sde", {}, ""), ("sde_eta05", {"eta": 0.5, "s_noise": 1.02}, ":s_noise=1.02"), ("sde_eta0", {"eta": 0.0}, ""),
        ("sde_r", {"r": 0.4}, ":r=0.4"),
    ):
        drawn = []

        def noise_sampler(*_):
            drawn.append(len(drawn))
            return torch.from_numpy(STEP_NOISE[drawn[-1], ..., :SIDE, :SIDE].astype(np.float64))

        kdiffusion_run(rec, f"k_{name}", k.sample_dpmpp_sde, sigmas, evaluations=2, levels="as they stand", draws=2,
                       arguments=arguments, noise_sampler=noise_sampler)
        rec.manifest[-1]["sampler"] = f"dpmpp-sde{options}"
    kdiffusion_run(rec, "k_euler_a_noise", k.sample_euler_ancestral, sigmas, levels="as they stand", arguments={"eta": 0.5, "s_noise": 1.01})
    rec.manifest[-1]["sampler"] = "euler-ancestral:s_noise=1.01"
    kdiffusion_run(rec, "k_2m_sde_noise", k.sample_dpmpp_2m_sde, sigmas, levels="as they stand", arguments={"s_noise": 1.01})
    rec.manifest[-1]["sampler"] = "dpmpp-2m-sde:s_noise=1.01"
    for function in (k.sample_dpm_2_ancestral, k.sample_dpmpp_2s_ancestral):
        name = function.__name__.removeprefix("sample_")
        kdiffusion_run(rec, f"k_{name}_noise", function, sigmas, evaluations=2, levels="as they stand", arguments={"s_noise": 1.01})
        rec.manifest[-1]["sampler"] = f"{name.replace('_', '-')}:s_noise=1.01"


def main():
    rec = Renamed()
    for old in GOLDEN.glob("solvers_*.npz"):
        old.unlink()
    multistep_options(rec)
    table_classes(rec)
    flow_and_edm(rec)
    two_noises(rec)
    write_json(GOLDEN / "solvers.json", {"config": SD, "runs": rec.manifest}, indent=1)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        main()

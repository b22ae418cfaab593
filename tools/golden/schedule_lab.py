"""What diffusers and k-diffusion make of exported schedules: `tests/golden/schedule_lab/`.

The program writes these exports, which are kept beside what was made of them:

    config.json   a cosine schedule of power 3 as trained_betas; `alphas_cumprod` [1000] f8 as diffusers' DDIMScheduler
                  and EulerDiscreteScheduler (`alphas_cumprod_euler`) load it
    snippet.py    8 Karras steps on tiny-eps; executed, `snippet` [B, C, H, W] f4 is the image its sample() makes
    sigmas.txt    the same levels for k-diffusion; `k_diffusion` is what k-diffusion's sample_euler makes of them

    flow.json, turbo.txt, flow_snippet.py   a flow model's configuration with a shift of 3, a list of its σ (flow times), and
                  the run along it; executed on tiny-flow, `flow_snippet` is the image and `flow_timesteps` f8 what is fed

`published.json` holds the lists that diffusers has, by the names that they have here.

All start from x_T of `samplers_inputs.npz`. `families` [F, 101] f8 are ᾱ(t) at t = 0, 0.01, … 1 of the continuous
families with the parameters in `families.json`, from the papers' formulas in 50 digits (mpmath) or, for flow, exactly.

Packages: diffusers 0.39.0, k-diffusion 0.0.16, torch 2.15.0, onnxruntime 1.31.1, mpmath (comes with torch).
Run: `cargo build && python tools/golden/schedule_lab.py` (after samplers.py)
"""

import json
import os
import subprocess
import sys

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import diffusers
import mpmath as mp
import numpy as np
import torch
from diffusers.pipelines.ltx2 import utils as ltx2
from diffusers.schedulers.scheduling_utils import AysSchedules

from common import GOLDEN, MODELS, SD, alpha_bar_f64, alpha_bar_from_sigma, write_json, write_npz
from samplers import Net, timestep_from_sigma  # noqa: E402
from k_diffusion import sampling as k  # noqa: E402

OUT = GOLDEN / "schedule_lab"
PROGRAM = GOLDEN.parents[1] / "target" / "debug" / "chromascope"
mp.mp.dps = 50
# A flow model that shifts, and a published list for one that was distilled (fal, FLUX.2-dev-Turbo).
FLOW = {"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0,
        "use_dynamic_shifting": False}
TURBO = [1.0, 0.6509, 0.4374, 0.2932, 0.1893, 0.1108, 0.0495, 0.00031, 0]


def export(name, *arguments):
    OUT.mkdir(exist_ok=True)
    subprocess.run([PROGRAM, "schedule", *arguments, "--out", OUT / name], check=True)
    return (OUT / name).read_text()


def vp_input(x, sigma):
    return x / (sigma**2 + 1) ** 0.5


class EpsDenoiser:
    """k-diffusion's view of the ε-model tiny-eps: D(x, σ) = x − σ·ε."""

    def __init__(self, net):
        self.net = net

    def __call__(self, x, sigma, **_):
        s = float(sigma[0])
        return x - s * self.net(vp_input(x, s), timestep_from_sigma(s))


def families():
    pi = mp.pi

    def cosine(t, s, power):
        return (mp.cos((t + s) / (1 + s) * pi / 2) / mp.cos(s / (1 + s) * pi / 2)) ** power

    def sigmoid(t, start, end, tau):
        f = lambda v: 1 / (1 + mp.exp(-v / tau))  # noqa: E731
        return (f(end) - f(start + t * (end - start))) / (f(end) - f(start))

    def vp_linear(t, beta_min, beta_max):
        return mp.exp(-(beta_max - beta_min) * t**2 / 2 - beta_min * t)

    def log_snr_linear(t, log_snr_max, log_snr_min):
        return 1 / (1 + mp.exp(-(log_snr_max + t * (log_snr_min - log_snr_max))))

    def flow(t, shift):
        return (1 - t) ** 2 / ((1 - t) ** 2 + (shift * t) ** 2)

    named = {"cosine": cosine, "sigmoid": sigmoid, "vp-linear": vp_linear, "log-snr-linear": log_snr_linear, "flow": flow}
    cases = [
        ("cosine", dict(s=0.008, power=2)), ("cosine", dict(s=0.02, power=3)), ("cosine", dict(s=0, power=1)),
        ("sigmoid", dict(start=-3, end=3, tau=1)), ("sigmoid", dict(start=0, end=3, tau=0.3)),
        ("vp-linear", dict(beta_min=0.1, beta_max=20)), ("log-snr-linear", dict(log_snr_max=12, log_snr_min=-9)),
        ("flow", dict(shift=1)), ("flow", dict(shift=3)),
    ]
    times = [mp.mpf(i) / 100 for i in range(101)]
    values = [[float(named[name](t, **{k: mp.mpf(str(v)) for k, v in p.items()})) for t in times] for name, p in cases]
    return cases, np.array(values)


def published():
    """Lists as diffusers has them; those of σ with the 0 at which it ends a run."""
    scheduler, lcm = diffusers.LCMScheduler(), {}
    for steps in (2, 4, 8):
        scheduler.set_timesteps(steps)
        lcm[f"lcm-{steps}"] = scheduler.timesteps.tolist()
    return lcm | {
        "ltx2-distilled": ltx2.DISTILLED_SIGMA_VALUES + [0],
        "ltx2-distilled-stage-2": ltx2.STAGE_2_DISTILLED_SIGMA_VALUES + [0],
        "ays-sd15-timesteps": AysSchedules["StableDiffusionTimesteps"],
        "ays-sdxl-timesteps": AysSchedules["StableDiffusionXLTimesteps"],
        "ays-sd15": AysSchedules["StableDiffusionSigmas"],
        "ays-sdxl": AysSchedules["StableDiffusionXLSigmas"],
        "ays-svd": AysSchedules["StableDiffusionVideoSigmas"],
    }


def main():
    config = json.loads(export("config.json", "--family", "cosine", "--param", "power=3", "--for", "diffusers"))
    ddim = diffusers.DDIMScheduler.from_config(config)
    euler = diffusers.EulerDiscreteScheduler.from_config(config)
    arrays = {
        "alphas_cumprod": ddim.alphas_cumprod.double().numpy(),
        "alphas_cumprod_euler": euler.alphas_cumprod.double().numpy(),
    }

    source = ("--config", MODELS / "tiny-eps" / "scheduler_config.json", "--steps", "8", "--spacing", "karras")
    noise = torch.from_numpy(np.load(GOLDEN / "samplers_inputs.npz")["x_T"]).double()
    snippet = {}
    exec(export("snippet.py", *source, "--for", "python"), snippet)
    net = Net("tiny-eps")
    arrays["snippet"] = snippet["sample"](net, noise).numpy().astype("<f4")
    fed = [t for _, t, _ in net.calls]

    listed = {"torch": torch}
    exec(export("sigmas.txt", *source, "--for", "k-diffusion"), listed)
    sigmas = listed["sigmas"].double()
    x = noise * (sigmas[0] ** 2 + 1) ** 0.5
    arrays["k_diffusion"] = k.sample_euler(EpsDenoiser(Net("tiny-eps")), x, sigmas, disable=True).numpy().astype("<f4")

    write_json(OUT / "flow.json", FLOW, indent=1)
    (OUT / "turbo.txt").write_text(", ".join(map(str, TURBO)) + "\n")
    source = ("--sigmas", OUT / "turbo.txt", "--config", OUT / "flow.json")
    flow = {}
    exec(export("flow_snippet.py", *source, "--for", "python"), flow)
    net = Net("tiny-flow")
    arrays["flow_snippet"] = flow["sample"](net, noise).numpy().astype("<f4")
    arrays["flow_timesteps"] = np.array([t for _, t, _ in net.calls])
    # As the case says: what diffusers feeds for this list, whatever the model's own shift is.
    assert np.abs(arrays["flow_timesteps"] - 1000 * np.array(TURBO[:-1])).max() < 1e-4, arrays["flow_timesteps"]
    assert flow["SIGMAS"] == TURBO[:-1]

    write_json(OUT / "published.json", published(), indent=1)
    cases, arrays["families"] = families()
    write_json(OUT / "families.json", [{"family": name, "parameters": p} for name, p in cases], indent=1)
    write_npz(OUT / "arrays.npz", arrays)

    # Said, so that whoever runs this sees that the exports mean what they should.
    t = (np.arange(1000) + 1) / 1000
    curve = (np.cos((t + 0.008) / 1.008 * np.pi / 2) / np.cos(0.008 / 1.008 * np.pi / 2)) ** 3
    print("largest error of alphas_cumprod", np.abs(arrays["alphas_cumprod"] - curve).max())
    wanted = [timestep_from_sigma(s) for s in snippet["SIGMAS"][:-1]]
    print("largest difference of the timesteps fed", np.abs(np.array(fed) - wanted).max())
    print("snippet against k-diffusion", np.abs(arrays["snippet"] - arrays["k_diffusion"]).max())


if __name__ == "__main__":
    sys.exit(main())

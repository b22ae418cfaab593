"""Training schedules: `tests/golden/schedules.npz`, with its index `schedules.json`.

For each case NAME the npz holds ᾱ_0 … ᾱ_{T−1} twice: `NAME_f32`, the `alphas_cumprod` of the diffusers class as it is
(float32), and `NAME_f64`, the same formula in float64. The index gives the class, its config, T, the largest
relative difference of ᾱ between the two, and of σ where both are finite. `trained_betas` is stored as `NAME_betas`.

Packages: diffusers 0.39.0, torch 2.15.0, numpy 2.4.6. Run: `python tools/golden/schedules.py`
"""

import diffusers
import numpy as np

from common import DDPM_LINEAR, GOLDEN, SD, alpha_bar_f64, sigma_from_alpha_bar, write_json, write_npz, write_versions

EULER_LAST = 2.0**-24  # what Euler, Euler ancestral, DPM++ and UniPC put at the end of a zero-SNR schedule


def trained_betas(steps=50):
    """A bumpy but valid list of β that no named schedule gives, exact in float32."""
    i = np.arange(steps)
    return np.float32(0.002 + 0.15 * (i / steps) ** 2 * (1 + 0.3 * np.sin(i))).astype(np.float64)


def cases():
    short = dict(num_train_timesteps=100)
    yield "linear_ddpm", "DDIMScheduler", DDPM_LINEAR
    yield "linear_ddpm_100", "DDIMScheduler", DDPM_LINEAR | short
    yield "linear_wide", "DDPMScheduler", DDPM_LINEAR | dict(beta_start=0.0015, beta_end=0.0195)
    yield "linear_heun", "HeunDiscreteScheduler", {}  # defaults: 8.5e-4 … 0.012
    yield "scaled_linear_sd", "DDIMScheduler", SD
    yield "scaled_linear_sd_100", "DDIMScheduler", SD | short
    yield "scaled_linear_ldm", "DDIMScheduler", SD | dict(beta_start=0.0015, beta_end=0.0195)
    cosine = dict(beta_schedule="squaredcos_cap_v2")
    yield "squaredcos", "DDIMScheduler", cosine
    yield "squaredcos_100", "DDIMScheduler", cosine | short
    yield "sigmoid_ddpm", "DDPMScheduler", DDPM_LINEAR | dict(beta_schedule="sigmoid")
    yield "sigmoid_sd_100", "DDPMScheduler", SD | short | dict(beta_schedule="sigmoid")
    yield "exp", "HeunDiscreteScheduler", dict(beta_schedule="exp")
    yield "exp_100", "HeunDiscreteScheduler", short | dict(beta_schedule="exp")
    yield "laplace", "DDPMScheduler", dict(beta_schedule="laplace")
    yield "laplace_100", "DDPMScheduler", short | dict(beta_schedule="laplace")
    yield "trained", "DDIMScheduler", dict(trained_betas=trained_betas().tolist(), num_train_timesteps=50)
    zero = dict(rescale_betas_zero_snr=True)
    yield "zero_snr_ddim_sd", "DDIMScheduler", SD | zero
    yield "zero_snr_ddim_linear", "DDIMScheduler", DDPM_LINEAR | zero
    yield "zero_snr_ddim_sd_100", "DDIMScheduler", SD | short | zero
    yield "zero_snr_ddim_squaredcos", "DDIMScheduler", cosine | zero
    yield "zero_snr_euler_sd", "EulerDiscreteScheduler", SD | zero
    yield "zero_snr_dpm_linear", "DPMSolverMultistepScheduler", DDPM_LINEAR | zero


def main():
    arrays, index = {}, []
    for name, cls, config in cases():
        scheduler = getattr(diffusers, cls)(**config)
        table = scheduler.alphas_cumprod.numpy()
        keys = ("beta_schedule", "beta_start", "beta_end", "num_train_timesteps", "trained_betas")
        effective = {k: scheduler.config[k] for k in keys if scheduler.config[k] is not None}
        zero_snr = config.get("rescale_betas_zero_snr", False)
        last = EULER_LAST if zero_snr and not cls.startswith("DDIM") else None
        exact = alpha_bar_f64(zero_snr=zero_snr, last=last, **effective)

        with np.errstate(divide="ignore", invalid="ignore"):
            a = np.abs(table / exact - 1)
            s = np.abs(sigma_from_alpha_bar(table.astype(np.float64)) / sigma_from_alpha_bar(exact) - 1)
        arrays |= {f"{name}_f32": table.astype("<f4"), f"{name}_f64": exact}
        if "trained_betas" in effective:
            arrays[f"{name}_betas"] = np.array(effective.pop("trained_betas"))
        index.append({
            "name": name, "class": cls, "config": effective | {"rescale_betas_zero_snr": zero_snr}, "T": len(exact),
            "last_replaced_by": last, "max_relative_error_alpha_bar": float(np.nanmax(a)),
            "max_relative_error_sigma": float(np.nanmax(np.where(np.isfinite(s), s, 0))),
        })
        print(f"{name:26} ᾱ {np.nanmax(a):.1e}  σ {index[-1]['max_relative_error_sigma']:.1e}  last {exact[-1]:.3e}")
    write_npz(GOLDEN / "schedules.npz", arrays)
    write_json(GOLDEN / "schedules.json", index, indent=1)
    write_versions()


if __name__ == "__main__":
    main()

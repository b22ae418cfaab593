"""Shared by the golden-table scripts: where output goes, the f64 schedules, package versions, and npz/JSON writers.

Not run by itself. Every table is written under `tests/golden/`; `write_versions` records the packages that made it.
"""

import json
import math
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

GOLDEN = Path(__file__).resolve().parents[2] / "tests" / "golden"
MODELS = GOLDEN / "models"
PACKAGES = ("diffusers", "k-diffusion", "numpy", "onnx", "onnxruntime", "scipy", "torch")

SD = dict(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, num_train_timesteps=1000)
DDPM_LINEAR = dict(beta_schedule="linear", beta_start=1e-4, beta_end=0.02, num_train_timesteps=1000)


# --- training schedules in f64, the oracle beside diffusers' f32 tables --------------------------------------------

def _betas_from_survival(f, steps, max_beta=0.999):
    return np.array([min(1 - f((i + 1) / steps) / f(i / steps), max_beta) for i in range(steps)])


def _laplace(t):
    log_snr_half = -0.5 * math.copysign(1, 0.5 - t) * math.log(1 - 2 * abs(0.5 - t) + 1e-6)
    snr = math.exp(log_snr_half)
    return math.sqrt(snr / (1 + snr))  # sic: diffusers cumulates √ᾱ here, not ᾱ


def betas_f64(beta_schedule="linear", beta_start=1e-4, beta_end=0.02, num_train_timesteps=1000, trained_betas=None):
    """β_0 … β_{T−1} in f64, by the formulas of diffusers."""
    steps = num_train_timesteps
    if trained_betas is not None:
        return np.asarray(trained_betas, dtype=np.float64)
    if beta_schedule == "linear":
        return np.linspace(beta_start, beta_end, steps)
    if beta_schedule == "scaled_linear":
        return np.linspace(beta_start**0.5, beta_end**0.5, steps) ** 2
    if beta_schedule == "squaredcos_cap_v2":
        return _betas_from_survival(lambda t: math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2, steps)
    if beta_schedule == "sigmoid":
        return 1 / (1 + np.exp(-np.linspace(-6, 6, steps))) * (beta_end - beta_start) + beta_start
    if beta_schedule == "exp":
        return _betas_from_survival(lambda t: math.exp(-12 * t), steps)
    if beta_schedule == "laplace":
        return _betas_from_survival(_laplace, steps)
    raise ValueError(beta_schedule)


def alpha_bar_f64(zero_snr=False, last=None, **config):
    """ᾱ_0 … ᾱ_{T−1} in f64; `zero_snr` rescales to a zero terminal SNR, `last` then replaces the last entry."""
    alpha_bar = np.cumprod(1 - betas_f64(**config))
    if zero_snr:
        s = np.sqrt(alpha_bar)
        alpha_bar = ((s - s[-1]) * s[0] / (s[0] - s[-1])) ** 2
    if last is not None:
        alpha_bar[-1] = last
    return alpha_bar


def sigma_from_alpha_bar(alpha_bar):
    """k-diffusion's noise level, √((1−ᾱ)/ᾱ)."""
    alpha_bar = np.asarray(alpha_bar, dtype=np.float64)
    return np.sqrt((1 - alpha_bar) / alpha_bar)


def alpha_bar_from_sigma(sigma):
    return 1 / (1 + np.asarray(sigma, dtype=np.float64) ** 2)


# --- writers -----------------------------------------------------------------------------------------------------

def write_json(path, value, indent=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=indent, allow_nan=False, ensure_ascii=False) + "\n")


def write_npz(path, arrays):
    """Uncompressed npz of little-endian f8, f4, i8, u1 and bool arrays, nothing pickled, the same bytes every time."""
    for name, array in arrays.items():
        assert array.dtype.str in ("<f8", "<f4", "<i8", "|u1", "|b1"), (name, array.dtype)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, **{name: np.ascontiguousarray(array) for name, array in arrays.items()})


def write_versions():
    versions = {"python": ".".join(map(str, sys.version_info[:3]))} | {p: version(p) for p in PACKAGES}
    write_json(GOLDEN / "VERSIONS.json", versions, indent=2)

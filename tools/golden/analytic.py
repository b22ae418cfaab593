"""What the differential tests run on both sides: a network in one line, and noise from a counter.

`tests/differential/analytic.rs` has the same two, so that nothing but the scheduler can differ.
"""

import numpy as np

PIXELS = 8
MASK = (1 << 64) - 1


def mixed(key):
    """SplitMix64's finaliser."""
    key = (key + 0x9E3779B97F4A7C15) & MASK
    key = ((key ^ (key >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    key = ((key ^ (key >> 27)) * 0x94D049BB133111EB) & MASK
    return key ^ (key >> 31)


def noise(config, step, draw=0):
    """Uniform deviates of unit variance, keyed by the configuration's number, the step (−1 for x_T) and the draw within it."""
    keys = [mixed(mixed(mixed(config) + step + 1 & MASK) + 16 * draw + pixel & MASK) for pixel in range(PIXELS)]
    return np.array([((key >> 11) * 2.0**-53 - 0.5) * np.sqrt(12.0) for key in keys])


PHASES = np.sin(0.7 * np.arange(PIXELS))


def network(kind, x, u):
    """Outputs that keep a run tame: `x` is what the network sees, `u` its time over T (EDM: the time itself)."""
    if kind == "epsilon":
        return x * (1 - (1 - u) ** 3) + 0.5 * (1 - u) ** 2 * np.tanh(2 * x + PHASES)
    if kind == "sample":
        return 0.9 * np.tanh(1.1 * x + PHASES + 0.5 * u)
    if kind == "v_prediction":
        return 0.8 * np.tanh(0.9 * x - PHASES + u)
    if kind == "flow_prediction":
        return 0.5 * x + 0.8 * np.tanh(x + PHASES - u)
    assert kind == "edm", kind
    return 0.8 * np.tanh(0.9 * x + PHASES + 0.3 * np.tanh(u))


def denoiser(x, sigma):
    """The image in the VE state `x`, for k-diffusion."""
    return 0.9 * np.tanh(1.1 * x / np.sqrt(1 + sigma**2) + PHASES + 0.2 * np.log1p(sigma))

# A run of 8 steps along a schedule made with Chromascope, on an unchanged flow model: the noise levels are passed
# as sigmas, which are flow times from 1 (pure noise) to 0. They are final, so the scheduler must not shift them again.
# diffusers adds the 0 at the end. With a pipeline: set pipe.scheduler = scheduler, then pipe(..., sigmas=SIGMAS).
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

SIGMAS = [
    1.0, 0.6509, 0.4374, 0.2932,
    0.1893, 0.1108, 0.0495, 0.00031,
]

scheduler = FlowMatchEulerDiscreteScheduler(
    num_train_timesteps=1000,
    shift=1.0,
    use_dynamic_shifting=False,
    shift_terminal=None,
)
scheduler.set_timesteps(sigmas=SIGMAS)


def sample(model, noise):
    """The image that model(x_s, timestep) makes of unit noise; x_s = (1 - s) * image + s * noise."""
    x = noise
    for timestep in scheduler.timesteps:
        x = scheduler.step(model(x, timestep), timestep, x).prev_sample
    return x

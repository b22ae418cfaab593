# A run of 8 steps along a schedule made with Chromascope, on an unchanged model: its configuration stays,
# and the noise levels are passed as sigmas. With a pipeline: set pipe.scheduler = scheduler, then pipe(..., sigmas=SIGMAS).
# EulerDiscreteScheduler replaces DDIMScheduler, which diffusers cannot give these noise levels; its kind of step is lost.
import torch
from diffusers import EulerDiscreteScheduler

SIGMAS = [
    14.614641229333612, 7.9029350442827155, 4.027737513108811, 1.910356511823479,
    0.8288677368653451, 0.32111952019901946, 0.1071983932920961, 0.02916715815172007,
    0.0,
]

scheduler = EulerDiscreteScheduler(
    num_train_timesteps=1000,
    beta_start=0.00085,
    beta_end=0.012,
    beta_schedule="scaled_linear",
    prediction_type="epsilon",
    rescale_betas_zero_snr=False,
)
scheduler.set_timesteps(sigmas=SIGMAS)


def sample(model, noise):
    """The image that model(x_t, timestep) makes of unit noise; x_t is the variance-preserving state."""
    x = noise * (SIGMAS[0] ** 2 + 1) ** 0.5
    for timestep in scheduler.timesteps:
        prediction = model(scheduler.scale_model_input(x, timestep), timestep)
        x = scheduler.step(prediction, timestep, x).prev_sample
    return x

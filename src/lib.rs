//! Chromascope shows *how* a diffusion model generates: coarse first, fine last.
//!
//! # Map
//! A layer uses only the layers listed above it; `app` and `cli` do not use each other.
//!
//! - [`words`]: numbers in sentences.
//! - [`reading`]: reading the user's files, with error sentences.
//! - [`theory`]: noise levels, predictions, the chromatogram, closed forms. No pixels, no files.
//! - [`schedule`]: which noise levels a run visits, and their timesteps on a model.
//! - [`spectrum`]: images by level and by spatial frequency.
//! - [`denoiser`]: estimates of the image in a noisy state, and combinations of them.
//! - [`sampler`]: how a state moves along the noise levels, one file per paper.
//! - [`model`]: networks on disk, and ONNX Runtime, which runs them.
//! - [`session`]: a run, what is kept of it, and its files; the user's settings, and the playhead.
//! - [`figure`]: each plot as data, drawn the same way in the window and in files.
//! - [`optimise`]: schedules fitted to a model, so that few steps come close to many.
//! - [`ensemble`]: measurements over many samples per step, compared with theory.
//! - [`runtime`]: the inference thread, behind requests and events.
//! - `app`: the window (with the feature `gui`).
//! - `cli`: the command line (with the feature of that name).
//!
//! # Notation
//! | here | paper | meaning |
//! |---|---|---|
//! | `alpha_bar` | ᾱ | share of the image in the variance of a VP state (diffusers: `alphas_cumprod`) |
//! | `log_snr` | λ | `ln(ᾱ/(1−ᾱ))`, nats |
//! | `sigma` | σ | `√((1−ᾱ)/ᾱ)`, the noise level of k-diffusion and EDM |
//! | `x_t` | x_t | the state, always variance preserving: `√ᾱ·x_0 + √(1−ᾱ)·ε` |
//! | `x0`, `x0_hat` | E\[x_0\|x_t\] | the denoiser's estimate of the image |
//! | `eps`, `eps_hat` | ε̂ | its estimate of the noise |
//! | `factor`, level `m` | n, m | resolution: level m is the detail of nᵐ pixels, 0 the finest |
//! | `shares`, `elution` | r_m, g_m | which level is generated at a noise level, and how fast |
//! | `timestep` | t | the number fed to the network; never the sampler's `step` |

#[cfg(feature = "gui")]
pub mod app;
#[cfg(feature = "cli")]
pub mod cli;
pub mod denoiser;
pub mod ensemble;
pub mod figure;
pub mod model;
pub mod optimise;
pub mod reading;
pub mod runtime;
pub mod sampler;
pub mod schedule;
pub mod session;
pub mod spectrum;
pub mod theory;
pub mod words;

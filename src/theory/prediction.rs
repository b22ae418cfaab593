use super::NoiseLevel;
use serde::{Deserialize, Serialize};

/// What the output of a variance-preserving network means (diffusers: `prediction_type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prediction {
    /// The noise `ε`.
    Epsilon,
    /// The image `x_0` itself.
    Sample,
    /// `v = √ᾱ·ε − √(1−ᾱ)·x_0`.
    VPrediction,
}

/// The linear map `state·x_t + output·network(…)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Affine {
    /// Weight of the VP state.
    pub state: f64,
    /// Weight of the network's output.
    pub output: f64,
}

/// How a network is spoken to: what is done to the VP state before the call, and what the output says about the image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Parameterization {
    /// Variance preserving: the network sees the VP state. This also covers k-diffusion wrappers, which feed
    /// `x_VE/√(1+σ²)`, the same thing.
    Vp(Prediction),
    /// Rectified flow: the network sees `x_s = (1−s)·x_0 + s·ε` and predicts the velocity `u = ε − x_0`.
    Flow,
    /// EDM (Karras et al. 2022, table 1): the network sees `c_in·x_VE`, and `x_0 = c_skip·x_VE + c_out·F`.
    Edm {
        /// Standard deviation of the data the network was trained on.
        sigma_data: f64,
    },
}

impl Parameterization {
    /// What the VP state is multiplied by before it enters the network.
    #[must_use]
    pub fn input_scale(self, level: NoiseLevel) -> f64 {
        match self {
            Self::Vp(_) => 1.0,
            Self::Flow => flow_norm(level),
            Self::Edm { sigma_data } => edm_norm(level, sigma_data).recip(),
        }
    }

    /// `E[x_0|x_t]` as a combination of the VP state and the network's output.
    ///
    /// For `ε` the weights grow as `1/√ᾱ`; at `ᾱ = 0` they are infinite, since a noise prediction says nothing of the
    /// image there.
    #[must_use]
    pub fn x0_from(self, level: NoiseLevel) -> Affine {
        let (a, b) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        match self {
            Self::Vp(Prediction::Epsilon) => Affine { state: 1.0 / a, output: -level.sigma() },
            Self::Vp(Prediction::Sample) => Affine { state: 0.0, output: 1.0 },
            Self::Vp(Prediction::VPrediction) => Affine { state: a, output: -b },
            Self::Flow => Affine { state: flow_norm(level), output: -level.flow_time() },
            Self::Edm { sigma_data } => {
                let norm = edm_norm(level, sigma_data);
                Affine { state: sigma_data * sigma_data * a / (norm * norm), output: b * sigma_data / norm }
            }
        }
    }

    /// The noise estimate from the VP state and an estimate of the image, `(x_t − √ᾱ·x̂_0)/√(1−ᾱ)`.
    ///
    /// At `ᾱ = 1` there is no noise to estimate and the weights are infinite; samplers never ask there.
    #[must_use]
    pub fn eps_from_x0(level: NoiseLevel) -> Affine {
        let (a, b) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        Affine { state: 1.0 / b, output: -a / b }
    }

    /// The noise estimate from the VP state and the network's output.
    #[must_use]
    pub fn eps_from(self, level: NoiseLevel) -> Affine {
        let (a, b) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        match self {
            Self::Vp(Prediction::Epsilon) => Affine { state: 0.0, output: 1.0 },
            Self::Vp(Prediction::VPrediction) => Affine { state: b, output: a },
            // u = ε − x_0 and x_s = (1−s)·x_0 + s·ε give ε = x_s + (1−s)·u.
            Self::Flow => Affine { state: flow_norm(level), output: 1.0 - level.flow_time() },
            Self::Vp(Prediction::Sample) | Self::Edm { .. } => {
                let (x0, eps) = (self.x0_from(level), Self::eps_from_x0(level));
                Affine { state: eps.state + eps.output * x0.state, output: eps.output * x0.output }
            }
        }
    }
}

/// `√((1−s)²+s²)`, the norm by which the flow state exceeds the VP state.
fn flow_norm(level: NoiseLevel) -> f64 {
    let s = level.flow_time();
    (1.0 - s).hypot(s)
}

/// `√((σ²+σ_d²)/(1+σ²)) = √(1−ᾱ+ᾱ·σ_d²)`, so that `c_in·x_VE = x_VP/norm`.
fn edm_norm(level: NoiseLevel, sigma_data: f64) -> f64 {
    (level.one_minus_alpha_bar() + level.alpha_bar() * sigma_data * sigma_data).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every parameterization must give back the `x_0` and `ε` that its own target was made from.
    #[test]
    fn each_parameterization_recovers_x0_and_eps() {
        let (x0, eps) = (0.37, -1.42);
        for log_snr in [-12.0, -3.0, 0.0, 0.5, 8.0] {
            let level = NoiseLevel::from_log_snr(log_snr);
            let (a, b) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
            let sigma = level.sigma();
            let vp = a * x0 + b * eps;
            let ve = x0 + sigma * eps;
            let sigma_data = 0.5;
            let c_skip = sigma_data * sigma_data / (sigma * sigma + sigma_data * sigma_data);
            let c_out = sigma * sigma_data / sigma.hypot(sigma_data);
            let cases = [
                (Parameterization::Vp(Prediction::Epsilon), eps),
                (Parameterization::Vp(Prediction::Sample), x0),
                (Parameterization::Vp(Prediction::VPrediction), a * eps - b * x0),
                (Parameterization::Flow, eps - x0),
                (Parameterization::Edm { sigma_data }, (x0 - c_skip * ve) / c_out),
            ];
            for (parameterization, output) in cases {
                let apply = |map: Affine| map.state * vp + map.output * output;
                assert!((apply(parameterization.x0_from(level)) - x0).abs() < 1e-9, "{parameterization:?} {log_snr}");
                assert!((apply(parameterization.eps_from(level)) - eps).abs() < 1e-9, "{parameterization:?} {log_snr}");
            }
            let s = level.flow_time();
            let flow_input = Parameterization::Flow.input_scale(level) * vp;
            assert!((flow_input - ((1.0 - s) * x0 + s * eps)).abs() < 1e-12);
            let edm_input = Parameterization::Edm { sigma_data }.input_scale(level) * vp;
            assert!((edm_input - ve / sigma.hypot(sigma_data)).abs() < 1e-9 * ve.abs().max(1.0));
        }
    }
}

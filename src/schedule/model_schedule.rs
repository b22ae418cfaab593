use super::sampling::shift_flow;
use super::{Curve, ScheduleError, TrainingSchedule};
use crate::theory::{NetworkTime, NoiseLevel};

/// `√(2²⁴ − 1)` ≈ 4096: where a model's noise is unbounded (zero terminal SNR, rectified flow), a σ family starts here.
/// It is the σ of `ᾱ = 2⁻²⁴`, diffusers' own stand-in for zero terminal SNR.
pub const STAND_IN_SIGMA_MAX: f64 = 4_095.999_877_929_685_7;

/// A model's own schedule: noise level to its timestep, and back. Networks are told the timestep or something else; see
/// [`NetworkTime`].
#[derive(Clone, Debug, PartialEq)]
pub enum ModelSchedule {
    /// A table over integer timesteps.
    Discrete(TrainingSchedule),
    /// Rectified flow; its timestep is `num_train_timesteps·s`, `s = σ/(1+σ)`.
    Flow {
        /// What flow time 1 is called.
        num_train_timesteps: usize,
        /// The shift with which a run spaces its times; the network does not see it.
        shift: f64,
    },
    /// EDM; its timestep is `¼ ln σ`.
    Edm {
        /// Least trained σ.
        sigma_min: f64,
        /// Greatest trained σ.
        sigma_max: f64,
        /// Standard deviation of the training data.
        sigma_data: f64,
    },
    /// A continuous schedule that belongs to no model of its own; what stands for the timestep is t in [0, 1].
    Continuous(Curve),
}

/// Where a continuous schedule begins at the clean image, its cleanest level is that of this t, as a table of 1000
/// timesteps would have it.
const LEAST_TIME: f64 = 1e-3;

impl ModelSchedule {
    /// The continuous timestep of a level, clamped to what the model was trained on.
    #[must_use]
    pub fn timestep_of(&self, level: NoiseLevel) -> f64 {
        match *self {
            Self::Discrete(ref table) => table.timestep_of(level),
            Self::Flow { num_train_timesteps, .. } => num_train_timesteps as f64 * level.flow_time(),
            Self::Edm { .. } => -0.125 * self.clamp(level).0.log_snr(),
            Self::Continuous(ref curve) => curve.time_of(level),
        }
    }

    /// What its timesteps are, in the words of networks.
    #[must_use]
    pub const fn own_time(&self) -> NetworkTime {
        match self {
            Self::Discrete(_) | Self::Continuous(_) => NetworkTime::Index,
            Self::Flow { .. } => NetworkTime::FlowThousand,
            Self::Edm { .. } => NetworkTime::CNoise,
        }
    }

    /// The number that a network is told at a level, clamped to what the model was trained on.
    #[must_use]
    pub fn told(&self, time: NetworkTime, level: NoiseLevel) -> f64 {
        if time == self.own_time() {
            return self.timestep_of(level);
        }
        time.of(self.clamp(level).0).unwrap_or_else(|| self.timestep_of(level))
    }

    /// The level of a timestep, clamped to what the model was trained on.
    #[must_use]
    pub fn level_at(&self, timestep: f64) -> NoiseLevel {
        match *self {
            Self::Discrete(ref table) => table.level_at(timestep),
            Self::Flow { num_train_timesteps, .. } => {
                NoiseLevel::from_flow_time((timestep / num_train_timesteps as f64).clamp(0.0, 1.0))
            }
            Self::Edm { .. } => self.clamp(NoiseLevel::from_log_snr(-8.0 * timestep)).0,
            Self::Continuous(ref curve) => curve.level_at(timestep),
        }
    }

    /// The cleanest level the model was trained on.
    #[must_use]
    pub fn cleanest(&self) -> NoiseLevel {
        match *self {
            Self::Discrete(ref table) => table.level(0),
            Self::Flow { num_train_timesteps, shift } => {
                shift_flow(NoiseLevel::from_flow_time(1.0 / num_train_timesteps as f64), shift)
            }
            Self::Edm { sigma_min, .. } => NoiseLevel::from_sigma(sigma_min),
            Self::Continuous(ref curve) => match curve.level_at(0.0) {
                NoiseLevel::CLEAN => curve.level_at(LEAST_TIME),
                level => level,
            },
        }
    }

    /// The noisiest level the model was trained on; λ is −∞ for rectified flow and zero terminal SNR.
    #[must_use]
    pub fn noisiest(&self) -> NoiseLevel {
        match *self {
            Self::Discrete(ref table) => table.level(table.last_timestep()),
            Self::Flow { .. } => NoiseLevel::from_flow_time(1.0),
            Self::Edm { sigma_max, .. } => NoiseLevel::from_sigma(sigma_max),
            Self::Continuous(ref curve) => curve.level_at(1.0),
        }
    }

    /// Where σ families end: σ of the cleanest level, always positive. Where `ᾱ` begins at 1 it is that of timestep 1.
    #[must_use]
    pub fn sigma_min(&self) -> f64 {
        match self.cleanest() {
            NoiseLevel::CLEAN => self.level_at(1.0).sigma(),
            level => level.sigma(),
        }
    }

    /// Where σ families start: σ of the noisiest level, always finite. Where it is infinite this is
    /// [`STAND_IN_SIGMA_MAX`], or the σ of the table's last finite level if that is greater.
    #[must_use]
    pub fn sigma_max(&self) -> f64 {
        let sigma = self.noisiest().sigma();
        if sigma.is_finite() {
            return sigma;
        }
        match self {
            Self::Discrete(table) if table.num_timesteps() > 1 => {
                table.level(table.last_timestep() - 1).sigma().max(STAND_IN_SIGMA_MAX)
            }
            _ => STAND_IN_SIGMA_MAX,
        }
    }

    /// Whether the model was trained on this level, rounding aside. Rectified flow covers every level.
    #[must_use]
    pub fn covers(&self, level: NoiseLevel) -> bool {
        match *self {
            Self::Discrete(ref table) => table.covers(level),
            Self::Flow { .. } => true,
            Self::Edm { sigma_min, sigma_max, .. } => {
                (sigma_min * (1.0 - 1e-9)..=sigma_max * (1.0 + 1e-9)).contains(&level.sigma())
            }
            Self::Continuous(ref curve) => curve.level_at(1.0) <= level && level <= curve.level_at(0.0),
        }
    }

    /// The nearest level that the model was trained on, and whether that is another.
    #[must_use]
    pub fn clamp(&self, level: NoiseLevel) -> (NoiseLevel, bool) {
        if self.covers(level) {
            (level, false)
        } else if level > self.cleanest() {
            (self.cleanest(), true)
        } else {
            (self.noisiest(), true)
        }
    }

    /// The lowest and highest timestep.
    #[must_use]
    pub fn timestep_range(&self) -> (f64, f64) {
        match *self {
            Self::Discrete(ref table) => (0.0, table.last_timestep() as f64),
            Self::Flow { num_train_timesteps, .. } => (0.0, num_train_timesteps as f64),
            Self::Edm { .. } => (self.timestep_of(self.cleanest()), self.timestep_of(self.noisiest())),
            Self::Continuous(_) => (0.0, 1.0),
        }
    }

    /// dλ/dt at a timestep, per unit of the timestep: the derivative of a formula, and for a table the central
    /// difference over the two neighbours.
    #[must_use]
    pub fn slope_at(&self, timestep: f64) -> f64 {
        match *self {
            Self::Discrete(ref table) => {
                let (low, high) = ((timestep - 1.0).max(0.0), (timestep + 1.0).min(table.last_timestep() as f64));
                (table.level_at(high).log_snr() - table.level_at(low).log_snr()) / (high - low)
            }
            Self::Flow { num_train_timesteps, .. } => {
                let scale = num_train_timesteps as f64;
                let s = timestep / scale;
                -2.0 / (s * (1.0 - s)) / scale
            }
            Self::Edm { .. } => -8.0,
            Self::Continuous(ref curve) => curve.slope_at(timestep),
        }
    }

    /// The level at a timestep with dλ/dt there; where λ or its slope is infinite, those just beside it.
    #[must_use]
    pub fn level_and_slope_at(&self, timestep: f64) -> (NoiseLevel, f64) {
        let (low, high) = self.timestep_range();
        let inside = 1e-7 * (high - low);
        let of = |timestep: f64| (self.level_at(timestep), self.slope_at(timestep));
        let (level, slope) = of(timestep);
        if level.log_snr().is_finite() && slope.is_finite() {
            return (level, slope);
        }
        of(timestep.clamp(low + inside, high - inside))
    }

    /// Refuses parameters that make no schedule.
    pub fn validated(self) -> Result<Self, ScheduleError> {
        match self {
            Self::Edm { sigma_min, sigma_max, .. }
                if !(sigma_min > 0.0 && sigma_max > sigma_min && sigma_max.is_finite()) =>
            {
                Err(ScheduleError::SigmaRange { sigma_min, sigma_max })
            }
            Self::Flow { num_train_timesteps: 0, .. } => Err(ScheduleError::TimestepCount(0)),
            Self::Continuous(curve) => Ok(Self::Continuous(curve.validated()?)),
            valid => Ok(valid),
        }
    }
}

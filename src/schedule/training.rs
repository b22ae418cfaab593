use super::{BetaSchedule, MAX_TRAIN_TIMESTEPS, ScheduleError};
use crate::theory::NoiseLevel;
use serde::{Deserialize, Serialize};

/// Where λ is infinite, interpolation takes this many nats instead.
const INFINITE_LOG_SNR: f64 = 40.0;

/// How far outside the table, in nats, a level still counts as rounding.
const LOG_SNR_SLACK: f64 = 1e-9;

/// What stands at the end of a schedule rescaled to zero terminal SNR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TerminalSnr {
    /// `ᾱ = 0` exactly (DDIM and DDPM in diffusers).
    Zero,
    /// `ᾱ = 2⁻²⁴`, which keeps σ finite (Euler, Euler ancestral, DPM-Solver++ and UniPC in diffusers). Where the
    /// timestep before already lies below that, as with DDPM's linear β over 1000 timesteps, diffusers' table rises
    /// at its end; here the last ᾱ is then a quarter of the one before (σ doubles).
    AlmostZero,
}

impl TerminalSnr {
    /// λ of the last timestep, given the one before.
    fn log_snr(self, before: f64) -> f64 {
        match self {
            Self::Zero => f64::NEG_INFINITY,
            Self::AlmostZero => {
                let usual = NoiseLevel::from_alpha_bar(2.0_f64.powi(-24)).log_snr();
                if usual < before { usual } else { before - 4.0_f64.ln() }
            }
        }
    }
}

/// The noise levels a model was trained on, one for each timestep `0 … T−1`: λ falls strictly from the first to the
/// last. The first may be `+∞` (`ᾱ = 1`) and the last `−∞` (zero terminal SNR).
///
/// ```
/// use chromascope::schedule::{BetaSchedule, TrainingSchedule};
/// let schedule = TrainingSchedule::new(BetaSchedule::ScaledLinear, 0.00085, 0.012, 1000)?;
/// assert!((schedule.level(999).sigma() - 14.6146).abs() < 1e-4);
/// assert_eq!(schedule.timestep_of(schedule.level(421)), 421.0);
/// # Ok::<(), chromascope::schedule::ScheduleError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingSchedule {
    log_snr: Vec<f64>,
}

impl TrainingSchedule {
    /// From a named formula.
    pub fn new(
        schedule: BetaSchedule,
        beta_start: f64,
        beta_end: f64,
        num_train_timesteps: usize,
    ) -> Result<Self, ScheduleError> {
        Self::from_betas(&schedule.betas(beta_start, beta_end, num_train_timesteps)?)
    }

    /// From β, each in (0, 1); the last may be 1.
    pub fn from_betas(betas: &[f64]) -> Result<Self, ScheduleError> {
        check_length(betas.len())?;
        let mut log_alpha_bar = 0.0;
        let mut log_snr = Vec::with_capacity(betas.len());
        for (timestep, &value) in betas.iter().enumerate() {
            let is_last = timestep + 1 == betas.len();
            if !(value > 0.0 && (value < 1.0 || value == 1.0 && is_last)) {
                return Err(ScheduleError::Beta { timestep, value });
            }
            log_alpha_bar += (-value).ln_1p();
            log_snr.push(log_snr_from_log_alpha_bar(log_alpha_bar));
        }
        Self::from_log_snr(log_snr)
    }

    /// From ᾱ, falling strictly; the first may be 1 and the last 0.
    pub fn from_alpha_bars(alpha_bars: &[f64]) -> Result<Self, ScheduleError> {
        check_length(alpha_bars.len())?;
        if let Some(timestep) = alpha_bars.iter().position(|a| !(0.0..=1.0).contains(a)) {
            return Err(ScheduleError::AlphaBar { timestep, value: alpha_bars[timestep] });
        }
        Self::from_log_snr(alpha_bars.iter().map(|&a| NoiseLevel::from_alpha_bar(a).log_snr()).collect())
    }

    fn from_log_snr(log_snr: Vec<f64>) -> Result<Self, ScheduleError> {
        match log_snr.windows(2).position(|pair| pair[1] >= pair[0]) {
            Some(before) => Err(ScheduleError::NotFalling { timestep: before + 1 }),
            None => Ok(Self { log_snr }),
        }
    }

    /// Shifted and scaled in √ᾱ so that the last timestep carries no signal and the first is unchanged (Lin et al.
    /// 2023, "Common Diffusion Noise Schedules and Sample Steps are Flawed", algorithm 1).
    pub fn zero_terminal_snr(self, last: TerminalSnr) -> Result<Self, ScheduleError> {
        let timesteps = self.log_snr.len();
        if timesteps < 2 {
            return Err(ScheduleError::CannotRescale { timesteps });
        }
        // s = √ᾱ, u = 1 − s and s − s_T are each taken from ln s, where nothing cancels.
        let log_s = |timestep: usize| 0.5 * self.log_alpha_bar(timestep);
        let u = |timestep: usize| -log_s(timestep).exp_m1();
        let (s_0, u_0) = (log_s(0).exp(), u(0));
        let (log_s_last, s_last) = (log_s(timesteps - 1), log_s(timesteps - 1).exp());
        let gap = s_0 - s_last;
        let rescale = |timestep: usize| {
            let above_last =
                if s_last > 0.0 { s_last * (log_s(timestep) - log_s_last).exp_m1() } else { log_s(timestep).exp() };
            let s = above_last * s_0 / gap;
            let one_minus_s = (s_0 * u(timestep) - s_last * u_0) / gap;
            2.0 * s.ln() - one_minus_s.ln() - s.ln_1p()
        };
        let mut log_snr: Vec<f64> = (0..timesteps).map(rescale).collect();
        log_snr[0] = self.log_snr[0];
        log_snr[timesteps - 1] = last.log_snr(log_snr[timesteps - 2]);
        Self::from_log_snr(log_snr)
    }

    /// T, the number of timesteps.
    #[must_use]
    pub fn num_timesteps(&self) -> usize {
        self.log_snr.len()
    }

    /// The last timestep, `T − 1`, the noisiest.
    #[must_use]
    pub fn last_timestep(&self) -> usize {
        self.log_snr.len() - 1
    }

    /// The level of a timestep, exactly as tabulated.
    ///
    /// # Panics
    /// If `timestep ≥ T`.
    #[must_use]
    pub fn level(&self, timestep: usize) -> NoiseLevel {
        NoiseLevel::from_log_snr(self.log_snr[timestep])
    }

    /// All levels, the cleanest first.
    #[must_use]
    pub fn levels(&self) -> impl ExactSizeIterator<Item = NoiseLevel> + DoubleEndedIterator + '_ {
        self.log_snr.iter().map(|&log_snr| NoiseLevel::from_log_snr(log_snr))
    }

    /// `β_t = 1 − ᾱ_t/ᾱ_{t−1}`.
    #[must_use]
    pub fn betas(&self) -> Vec<f64> {
        let mut before = 0.0;
        (0..self.num_timesteps())
            .map(|timestep| {
                let here = self.log_alpha_bar(timestep);
                -(here - std::mem::replace(&mut before, here)).exp_m1()
            })
            .collect()
    }

    /// The level at a fractional timestep, clamped to `[0, T−1]`: λ is interpolated linearly, an infinite end counting
    /// as ±40. At an integer the level is the table's.
    #[must_use]
    pub fn level_at(&self, timestep: f64) -> NoiseLevel {
        let timestep = timestep.clamp(0.0, self.last_timestep() as f64);
        let (below, fraction) = (timestep.floor(), timestep.fract());
        #[expect(clippy::cast_sign_loss, reason = "clamped to 0 and above just before")]
        let below = below as usize;
        if fraction == 0.0 {
            return self.level(below);
        }
        let (from, to) = (self.knot(below), self.knot(below + 1));
        NoiseLevel::from_log_snr(from + fraction * (to - from))
    }

    /// The fractional timestep of a level, the inverse of [`Self::level_at`]; beyond the table's ends it is `0` or
    /// `T−1`. A level of the table gives its integer back exactly.
    #[must_use]
    pub fn timestep_of(&self, level: NoiseLevel) -> f64 {
        let log_snr = level.log_snr();
        let after = self.log_snr.partition_point(|&entry| entry > log_snr);
        if after == 0 {
            return 0.0;
        }
        if after == self.log_snr.len() || self.log_snr[after] == log_snr {
            return after.min(self.last_timestep()) as f64;
        }
        let (from, to) = (self.knot(after - 1), self.knot(after));
        let fraction = if from > to { ((from - log_snr) / (from - to)).clamp(0.0, 1.0) } else { 1.0 };
        (after - 1) as f64 + fraction
    }

    /// Whether a level lies between the table's first and last, rounding aside.
    #[must_use]
    pub fn covers(&self, level: NoiseLevel) -> bool {
        let (first, last) = (self.log_snr[0], self.log_snr[self.last_timestep()]);
        level.log_snr() <= first + LOG_SNR_SLACK && level.log_snr() >= last - LOG_SNR_SLACK
    }

    /// λ of an entry as interpolation sees it. An infinite end never comes nearer than its neighbour.
    fn knot(&self, timestep: usize) -> f64 {
        let log_snr = self.log_snr[timestep];
        if log_snr == f64::INFINITY {
            self.log_snr.get(1).map_or(INFINITE_LOG_SNR, |next| next.max(INFINITE_LOG_SNR))
        } else if log_snr == f64::NEG_INFINITY {
            let before = timestep.checked_sub(1).map_or(-INFINITE_LOG_SNR, |before| self.log_snr[before]);
            before.min(-INFINITE_LOG_SNR)
        } else {
            log_snr
        }
    }

    /// `ln ᾱ = −ln(1 + e^{−λ})`.
    fn log_alpha_bar(&self, timestep: usize) -> f64 {
        let log_snr = self.log_snr[timestep];
        if log_snr >= 0.0 { -(-log_snr).exp().ln_1p() } else { log_snr - log_snr.exp().ln_1p() }
    }
}

fn check_length(length: usize) -> Result<(), ScheduleError> {
    if (1..=MAX_TRAIN_TIMESTEPS).contains(&length) { Ok(()) } else { Err(ScheduleError::TimestepCount(length)) }
}

/// `λ = ln ᾱ − ln(1−ᾱ)` without rounding `1−ᾱ`.
fn log_snr_from_log_alpha_bar(log_alpha_bar: f64) -> f64 {
    log_alpha_bar - (-log_alpha_bar.exp_m1()).ln()
}

use super::{TimeAxis, TimeView};
use crate::theory::NoiseLevel;

/// A run's own steps on an axis that may be another run's.
///
/// A step is drawn at its noise level: on any axis at the position with that level. On an axis of
/// the same levels this is the step itself, exactly.
#[derive(Clone, Copy, Debug)]
pub struct OnAxis<'a> {
    /// The axis, and the part of it that is shown.
    pub time: TimeView<'a>,
    own: &'a TimeAxis,
    same: bool,
}

impl<'a> OnAxis<'a> {
    /// The steps of `own` on the axis of `time`.
    #[must_use]
    pub fn new(time: TimeView<'a>, own: &'a TimeAxis) -> Self {
        Self { time, own, same: own.levels() == time.axis.levels() }
    }

    /// Steps on their own axis.
    #[must_use]
    pub const fn own(time: TimeView<'a>) -> Self {
        Self { time, own: time.axis, same: true }
    }

    /// Whether the axis has the same levels.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        self.same
    }

    /// The run's own axis.
    #[must_use]
    pub const fn own_axis(&self) -> &'a TimeAxis {
        self.own
    }

    /// x of a fractional step; `None` if the axis does not reach its noise level.
    #[must_use]
    pub fn x_of(&self, step: f64) -> Option<f64> {
        (self.same || reaches(self.time.axis, self.own.level_at(step))).then(|| self.nearest_x_of(step))
    }

    /// The same, or the end of the axis if it does not reach that far.
    #[must_use]
    pub fn nearest_x_of(&self, step: f64) -> f64 {
        let axis = self.time.axis;
        let step = if self.same { step } else { axis.step_of_level(self.own.level_at(step)) };
        axis.x_of_step(step, self.time.reading)
    }

    /// The fractional step at an x; `None` if the run does not reach the noise level there.
    #[must_use]
    pub fn step_at(&self, x: f64) -> Option<f64> {
        let step = self.time.axis.step_of_x(x, self.time.reading);
        if self.same {
            return Some(step);
        }
        let level = self.time.axis.level_at(step);
        reaches(self.own, level).then(|| self.own.step_of_level(level))
    }

    /// Number of steps that begin beyond the ends of the axis.
    #[must_use]
    pub fn beyond(&self) -> usize {
        (0..self.own.steps()).filter(|&step| self.x_of(step as f64).is_none()).count()
    }

    /// The name of the steps' marks, with the number outside the axis: "dots: … · 3 of 20 steps are outside this axis".
    #[must_use]
    pub fn in_words(&self, of: &str) -> String {
        match (self.beyond(), self.own.steps()) {
            (0, _) => of.to_owned(),
            (_, 1) => format!("{of} · its only step is outside this axis"),
            (beyond, steps) if beyond == steps => format!("{of} · all {steps} steps are outside this axis"),
            (1, steps) => format!("{of} · 1 of {steps} steps is outside this axis"),
            (beyond, steps) => format!("{of} · {beyond} of {steps} steps are outside this axis"),
        }
    }
}

/// Whether a noise level is between the ends of an axis.
fn reaches(axis: &TimeAxis, level: NoiseLevel) -> bool {
    let levels = axis.levels();
    levels[0] <= level && level <= levels[levels.len() - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Reading;

    fn axis(log_snr: &[f64]) -> TimeAxis {
        let levels: Vec<NoiseLevel> = log_snr.iter().map(|&at| NoiseLevel::from_log_snr(at)).collect();
        let timesteps = (0..levels.len() - 1).map(|step| 999.0 - 10.0 * step as f64).collect();
        TimeAxis::of_steps(levels, timesteps)
    }

    #[test]
    fn a_step_stands_at_its_own_noise_level_in_every_reading() {
        let (shared, own) = (axis(&[-6.0, -2.0, 0.0, 3.0, 9.0]), axis(&[-5.0, 0.0, 4.0]));
        for reading in Reading::ALL {
            let on = OnAxis::new(TimeView::whole(&shared, reading), &own);
            for step in [0.0, 0.5, 1.0, 1.3, 2.0] {
                let x = on.x_of(step).unwrap();
                let (here, there) = (shared.level_at(shared.step_of_x(x, reading)), own.level_at(step));
                assert!((here.log_snr() - there.log_snr()).abs() < 1e-9, "{reading:?} {step}: {here:?} {there:?}");
                assert!((on.step_at(x).unwrap() - step).abs() < 1e-9);
            }
            assert_eq!((on.beyond(), on.step_at(0.0), on.step_at(1.0)), (0, None, None));
        }
        let on = OnAxis::new(TimeView::whole(&shared, Reading::LogSnr), &own);
        assert!((on.x_of(1.0).unwrap() - 6.0 / 15.0).abs() < 1e-12);
        assert!((on.x_of(0.0).unwrap() - 1.0 / 15.0).abs() < 1e-12);
    }

    #[test]
    fn what_the_axis_does_not_come_to_has_no_place_and_is_counted() {
        let (shared, own) = (axis(&[-2.0, 0.0, 2.0]), axis(&[-6.0, -3.0, 1.0, 5.0, f64::INFINITY]));
        let on = OnAxis::new(TimeView::whole(&shared, Reading::LogSnr), &own);
        assert_eq!([on.x_of(0.0), on.x_of(1.0), on.x_of(3.0)], [None; 3]);
        assert!((on.x_of(2.0).unwrap() - 0.75).abs() < 1e-12);
        assert_eq!((on.nearest_x_of(0.0), on.nearest_x_of(4.0), on.beyond()), (0.0, 1.0, 3));
        assert_eq!(on.in_words("dots: these"), "dots: these · 3 of 4 steps are outside this axis");
        let on = OnAxis::new(TimeView::whole(&own, Reading::Step), &shared);
        assert_eq!((on.beyond(), on.in_words("dots: these").as_str()), (0, "dots: these"));
    }

    #[test]
    fn on_its_own_axis_a_step_is_itself_to_the_bit() {
        // Two steps at one level have separate positions.
        let own = axis(&[-4.0, -1.0, -1.0, 2.0, 7.0]);
        for reading in Reading::ALL {
            let copy = own.clone();
            let on = OnAxis::new(TimeView::whole(&own, reading), &copy);
            assert!(on.is_same());
            for step in [0.0, 1.0, 1.5, 2.0, 3.7, 4.0] {
                assert_eq!(on.x_of(step), Some(own.x_of_step(step, reading)));
            }
        }
    }
}

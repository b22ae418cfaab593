//! The selected control point, shared by the track and the Schedule lab pane.

/// The selection on the schedule.
#[derive(Clone, Debug, Default)]
pub struct ScheduleHand {
    /// The selected control point.
    pub selected: Option<usize>,
    /// The vertical range of the track, fixed during a drag so that nothing jumps.
    pub range: Option<(f64, f64)>,
    /// The vertical offset between the pointer and the dragged point.
    pub grip: f32,
}

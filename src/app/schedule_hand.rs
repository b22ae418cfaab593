//! What the user holds on the schedule: the track's points and the lab's fields show the same one.

/// What is taken hold of.
#[derive(Clone, Debug, Default)]
pub struct ScheduleHand {
    /// The control point that was touched last.
    pub selected: Option<usize>,
    /// The track's vertical range, kept while something is dragged, so that nothing moves under the hand.
    pub range: Option<(f64, f64)>,
    /// The vertical offset between the pointer and the point that it took.
    pub grip: f32,
}

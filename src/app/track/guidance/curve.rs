//! The drawn curve on the track of the guidance scale.

use crate::app::intent::Intent;
use crate::denoiser::WindowSize;
use crate::denoiser::guided::{GuidanceScale, ScaleCurve};
use crate::figure::{Figure, TimeView, guidance_scale, scale_range, window_side};
use crate::session::RunSettings;
use crate::session::action::Action;

/// Largest k of the axis, pixels.
const LARGEST: usize = 256;

/// The kind of drawn curve.
pub(super) enum HandCurve {
    Scale(GuidanceScale),
    Window(WindowSize),
}

impl HandCurve {
    pub fn of(settings: &RunSettings) -> Self {
        match &settings.local {
            Some(window) => Self::Window(window.clone()),
            None => Self::Scale(settings.guidance.clone().unwrap_or_default()),
        }
    }

    /// The range of the vertical axis.
    pub fn range(&self) -> (f64, f64) {
        match self {
            Self::Scale(scale) => scale_range(scale),
            Self::Window(_) => (0.0, 0.0),
        }
    }

    pub fn figure(&self, time: TimeView, range: (f64, f64)) -> Figure {
        match self {
            Self::Scale(scale) => guidance_scale(time, scale, Some(range)),
            Self::Window(window) => window_side(time, window, LARGEST),
        }
    }

    /// The points that can be dragged, x in run time or σ.
    pub fn points(&self) -> Vec<[f64; 2]> {
        match self {
            Self::Scale(GuidanceScale::Curve(curve)) => curve.points().to_vec(),
            Self::Window(WindowSize::Curve(points)) => points.iter().map(|&(sigma, k)| [sigma, k]).collect(),
            Self::Scale(_) | Self::Window(_) => Vec::new(),
        }
    }

    /// The change to other points, if they form a curve.
    pub fn to(&self, mut points: Vec<[f64; 2]>) -> Option<Intent> {
        Some(Intent::Change(match self {
            Self::Scale(_) => Action::SetGuidance(Some(GuidanceScale::Curve(ScaleCurve::new(points).ok()?))),
            Self::Window(_) => {
                points.sort_by(|a, b| a[0].total_cmp(&b[0]));
                let window = WindowSize::Curve(points.into_iter().map(|[sigma, k]| (sigma, k.max(1.0))).collect());
                window.check().ok()?;
                Action::SetLocal(Some(window))
            }
        }))
    }

    /// The change to the same points with one more, inserted in order.
    pub fn with_added(&self, mut points: Vec<[f64; 2]>, new: [f64; 2]) -> Option<Intent> {
        if let Self::Scale(_) = self {
            let curve = ScaleCurve::new(points).and_then(|curve| curve.with_added(new)).ok()?;
            return Some(Intent::Change(Action::SetGuidance(Some(GuidanceScale::Curve(curve)))));
        }
        points.push(new);
        self.to(points)
    }

    pub const fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Scale(_) => ("s", "w"),
            Self::Window(_) => ("σ", "k"),
        }
    }

    /// The vertical position of a value in the figure's own units.
    pub fn height(&self, value: f64) -> f64 {
        match self {
            Self::Scale(_) => value,
            Self::Window(_) => value.max(1.0).log2(),
        }
    }

    pub fn value_at(&self, height: f64) -> f64 {
        match self {
            Self::Scale(_) => (100.0 * height).round() / 100.0,
            Self::Window(_) => height.exp2(),
        }
    }
}

//! The content of a panel.

use crate::figure::{Axis, Figure, Film, HeatMap, Strip, text};
use std::sync::Arc;

/// The content of a panel.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// Curves and points.
    Figure(Figure),
    /// Power by time and frequency.
    HeatMap(Arc<HeatMap>),
    /// Images in a row.
    Film(Film),
}

impl From<Figure> for Content {
    fn from(figure: Figure) -> Self {
        Self::Figure(figure)
    }
}

impl From<HeatMap> for Content {
    fn from(map: HeatMap) -> Self {
        Self::HeatMap(Arc::new(map))
    }
}

impl From<Arc<HeatMap>> for Content {
    fn from(map: Arc<HeatMap>) -> Self {
        Self::HeatMap(map)
    }
}

impl From<Film> for Content {
    fn from(film: Film) -> Self {
        Self::Film(film)
    }
}

impl Content {
    /// The horizontal axis.
    #[must_use]
    pub fn x_axis(&self) -> &Axis {
        match self {
            Self::Figure(figure) => &figure.x_axis,
            Self::HeatMap(map) => &map.x_axis,
            Self::Film(film) => &film.x_axis,
        }
    }

    /// A film has a label beside it and no vertical axis.
    pub(super) fn y_axis(&self) -> Axis {
        match self {
            Self::Figure(figure) => figure.y_axis.clone(),
            Self::HeatMap(map) => map.y_axis.clone(),
            Self::Film(film) => Axis { label: film.label.clone(), unit: "", range: (0.0, 1.0), ticks: Vec::new() },
        }
    }

    /// The run it belongs to and what is outside the axis, if that needs saying.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        match self {
            Self::Figure(figure) => &figure.notes,
            Self::HeatMap(map) => &map.notes,
            Self::Film(_) => &[],
        }
    }

    pub(super) fn strips(&self) -> &[Strip] {
        match self {
            Self::Figure(figure) => &figure.strips,
            Self::HeatMap(_) | Self::Film(_) => &[],
        }
    }

    /// What is plotted, with subscripts.
    pub(super) fn label(&self) -> &str {
        match self {
            Self::Figure(figure) => &figure.y_axis.label,
            Self::HeatMap(map) => &map.label,
            Self::Film(film) => &film.label,
        }
    }

    /// A description in words.
    pub(super) fn description(&self) -> String {
        let (label, x) = (text::plain(self.label()), text::plain(&self.x_axis().label));
        match self {
            Self::Figure(figure) => {
                let mut names: Vec<String> = Vec::new();
                let all = figure.areas.iter().map(|area| &area.name).chain(figure.lines.iter().map(|line| &line.name));
                for name in all.chain(figure.points.iter().map(|set| &set.name)).map(|name| text::plain(name)) {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
                format!("{label} over {x}, of {}", names.join(", "))
            }
            Self::HeatMap(map) => {
                let (low, high) = map.range;
                let y = text::plain(&map.y_axis.label);
                format!("{label} over {x} and {y}, as colours from {low:.0} to {high:.0} {}", map.unit)
            }
            Self::Film(film) => format!("{label} over {x}, as {}", crate::words::count(film.frames.len(), "image")),
        }
    }
}

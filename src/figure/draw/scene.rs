//! The contents of a page: paths and pictures with their ink, in points, y downwards. All file formats are written
//! from it.

use crate::figure::HeatMap;
use image::RgbImage;
use image::imageops::{FilterType, resize};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// sRGB.
pub(super) type Colour = [u8; 3];

/// A page.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scene {
    /// Width and height.
    pub size: (f64, f64),
    pub background: Colour,
    /// A description in plain text, for readers of the file and screen readers.
    pub title: String,
    pub description: String,
    /// From back to front.
    pub groups: Vec<Group>,
}

/// A group of items.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub id: String,
    pub label: String,
    /// From back to front.
    pub items: Vec<Item>,
}

impl Group {
    pub fn new(id: String, label: String) -> Self {
        Self { id, label, items: Vec::new() }
    }

    /// Draws a path without a description.
    pub fn draw(&mut self, path: Path, ink: Ink) {
        self.add(Item { id: None, label: String::new(), clip: None, path, ink });
    }

    /// Draws a picture over a rectangle, with an id and a description if the id is not empty.
    pub fn picture(&mut self, id: Option<String>, label: String, rect: Rect, picture: PagePicture, clip: Option<Rect>) {
        let Rect { left, top, right, bottom } = rect;
        let path = Path::polygon([[left, top], [right, top], [right, bottom], [left, bottom]]);
        self.add(Item { id, label, clip, path, ink: Ink::Picture(rect, picture) });
    }

    /// Draws an item, unless it is empty.
    pub fn add(&mut self, item: Item) {
        if !item.path.0.is_empty() {
            self.items.push(item);
        }
    }
}

/// A path and how it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// Unique in the page.
    pub id: Option<String>,
    /// A description for screen readers; empty for decoration.
    pub label: String,
    /// The visible part; everything if `None`.
    pub clip: Option<Rect>,
    pub path: Path,
    pub ink: Ink,
}

/// How a path is drawn.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ink {
    /// Filled, by the non-zero rule.
    Fill(Colour),
    /// Stroked, with round joins.
    Stroke {
        colour: Colour,
        width: f64,
        /// Lengths of stroke and gap in turn; empty for a solid line.
        dash: Vec<f64>,
    },
    /// The path's bounding rectangle, filled with a picture.
    Picture(Rect, PagePicture),
}

/// A picture, never blended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum PagePicture {
    /// An image, stretched.
    Image(Arc<RgbImage>),
    /// The plot of a heat map, and the colour of unknown values.
    HeatMap(Arc<HeatMap>, Colour),
}

impl PagePicture {
    /// Rendered in this many pixels.
    pub fn pixels(&self, width: u32, height: u32) -> RgbImage {
        match self {
            Self::Image(image) => resize(&**image, width, height, FilterType::Nearest),
            Self::HeatMap(map, gap) => map.picture((width, height), *gap),
        }
    }

    /// For vector formats that draw it over a rectangle: with its own pixels if it has them,
    /// else finely enough for print.
    pub fn embedded(&self, rect: Rect) -> Arc<RgbImage> {
        const PIXELS_PER_POINT: f64 = 4.0;
        #[expect(clippy::cast_sign_loss, reason = "at least 1")]
        let side = |length: f64| (PIXELS_PER_POINT * length).round().max(1.0) as u32;
        match self {
            Self::Image(image) => Arc::clone(image),
            Self::HeatMap(..) => Arc::new(self.pixels(side(rect.width()), side(rect.height()))),
        }
    }
}

impl Ink {
    /// A solid line.
    pub const fn line(colour: Colour, width: f64) -> Self {
        Self::Stroke { colour, width, dash: Vec::new() }
    }
}

/// A rectangle with sides along the axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Rect {
    pub fn width(self) -> f64 {
        self.right - self.left
    }

    pub fn height(self) -> f64 {
        self.bottom - self.top
    }

    pub fn centre(self) -> (f64, f64) {
        (0.5 * (self.left + self.right), 0.5 * (self.top + self.bottom))
    }

    /// Larger by this much on every side.
    pub fn grown(self, by: f64) -> Self {
        Self { left: self.left - by, top: self.top - by, right: self.right + by, bottom: self.bottom + by }
    }
}

/// An element of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PathSegment {
    Move([f64; 2]),
    Line([f64; 2]),
    Quad([f64; 2], [f64; 2]),
    Cubic([f64; 2], [f64; 2], [f64; 2]),
    Close,
}

/// A path with finite coordinates.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Path(pub Vec<PathSegment>);

/// Distance of the control points of a quarter circle from its ends, in radii.
const KAPPA: f64 = 0.552_284_75;

impl Path {
    /// Straight from point to point; a point that is not finite leaves a gap.
    pub fn polyline(points: impl IntoIterator<Item = [f64; 2]>) -> Self {
        let mut path = Self::default();
        let mut begun = false;
        for point in points {
            let finite = point.iter().all(|value| value.is_finite());
            if finite {
                path.0.push(if begun { PathSegment::Line(point) } else { PathSegment::Move(point) });
            }
            begun = finite;
        }
        path
    }

    /// Straight from point to point and back to the first, without points that are not finite.
    pub fn polygon(points: impl IntoIterator<Item = [f64; 2]>) -> Self {
        let finite = points.into_iter().filter(|point| point.iter().all(|value| value.is_finite()));
        let mut path = Self::polyline(finite);
        if !path.0.is_empty() {
            path.0.push(PathSegment::Close);
        }
        path
    }

    pub fn horizontal(x: RangeInclusive<f64>, y: f64) -> Self {
        Self::polyline([[*x.start(), y], [*x.end(), y]])
    }

    pub fn vertical(x: f64, y: RangeInclusive<f64>) -> Self {
        Self::polyline([[x, *y.start()], [x, *y.end()]])
    }

    pub fn circle([x, y]: [f64; 2], radius: f64) -> Self {
        Self::rounded(Rect { left: x - radius, top: y - radius, right: x + radius, bottom: y + radius }, radius)
    }

    /// A rectangle with round corners.
    pub fn rounded(rect: Rect, radius: f64) -> Self {
        let Rect { left, top, right, bottom } = rect;
        let radius = radius.min(0.5 * rect.width()).min(0.5 * rect.height()).max(0.0);
        let (bend, mut path) = (radius * (1.0 - KAPPA), Self::default());
        path.0.push(PathSegment::Move([left + radius, top]));
        path.0.push(PathSegment::Line([right - radius, top]));
        path.0.push(PathSegment::Cubic([right - bend, top], [right, top + bend], [right, top + radius]));
        path.0.push(PathSegment::Line([right, bottom - radius]));
        path.0.push(PathSegment::Cubic([right, bottom - bend], [right - bend, bottom], [right - radius, bottom]));
        path.0.push(PathSegment::Line([left + radius, bottom]));
        path.0.push(PathSegment::Cubic([left + bend, bottom], [left, bottom - bend], [left, bottom - radius]));
        path.0.push(PathSegment::Line([left, top + radius]));
        path.0.push(PathSegment::Cubic([left, top + bend], [left + bend, top], [left + radius, top]));
        path.0.push(PathSegment::Close);
        path
    }

    /// Maps every point.
    #[must_use]
    pub fn mapped(self, to: impl Fn([f64; 2]) -> [f64; 2]) -> Self {
        let segment = |segment| match segment {
            PathSegment::Move(end) => PathSegment::Move(to(end)),
            PathSegment::Line(end) => PathSegment::Line(to(end)),
            PathSegment::Quad(control, end) => PathSegment::Quad(to(control), to(end)),
            PathSegment::Cubic(first, second, end) => PathSegment::Cubic(to(first), to(second), to(end)),
            PathSegment::Close => PathSegment::Close,
        };
        Self(self.0.into_iter().map(segment).collect())
    }
}

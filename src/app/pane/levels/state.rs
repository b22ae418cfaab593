//! The state of the pane: the choices, and the last result.

use crate::app::draw::painted::{own_range, painted};
use crate::app::draw::textures::{coloured, ground_of};
use crate::app::run_view::{Moment, Picture, PictureKey, RunView, Seen};
use crate::app::view_context::ViewContext;
use crate::app::words;
use crate::runtime::{QuestionSlot, Wake, Weigh};
use crate::session::document::ValueRange;
use crate::session::inspect::channel_name;
use crate::session::levels::Isolation;
use crate::session::tone::Ground;
use crate::spectrum::{BandPlan, centred, psd};
use egui::{ColorImage, Context, TextureHandle, TextureOptions};
use ndarray::{Array2, ArrayView3, ArrayView4, Axis};

/// Memory for images that the thread keeps, bytes.
const BUDGET: usize = 64 << 20;
/// The range of the spectrum's scale, dB.
const DECIBELS: f64 = 80.0;

/// The grey scale of the levels' values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Contrast {
    /// One scale for all.
    Common,
    /// A scale for each level.
    Own,
}

impl Contrast {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Common => "one scale",
            Self::Own => words::panes::SCALE_PER_LEVEL,
        }
    }
}

/// What energies are shown relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bars {
    /// The level's final energy.
    OfEnd,
    /// The energy of the strongest level.
    OfLargest,
}

impl Bars {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::OfEnd => words::panes::OF_FINAL,
            Self::OfLargest => words::panes::OF_LARGEST,
        }
    }
}

/// "mean", or the channel's name.
pub(super) fn plane_name(channel: Option<usize>, channels: usize) -> String {
    channel.map_or_else(|| "mean".to_owned(), |channel| channel_name(channel, channels))
}

/// The Levels pane.
pub struct LevelsPane {
    slot: QuestionSlot<LevelsKey, LevelsMade>,
    pub(super) picture: Picture,
    pub(super) contrast: Contrast,
    pub(super) wanted_bars: Bars,
    /// The channel of the spectrum; `None` is the mean of all.
    pub(super) channel: Option<usize>,
    /// Whether the spectrum takes the levels' place, if both do not fit.
    pub(super) plane_in_front: bool,
    pub(super) shown: Option<LevelsShown>,
}

/// All inputs of a result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct LevelsKey {
    picture: PictureKey,
    seen: Seen,
    /// How many of the finest levels are not known in it.
    unknown: usize,
    plan: BandPlan,
    /// The value that is white in each level, by its bits; `None` is the level's own.
    ranges: Vec<Option<(u32, u32)>>,
    common: bool,
    channel: Option<usize>,
    /// The background of differences.
    ground: Ground,
}

/// The result of the thread.
struct LevelsMade {
    bands: Vec<ColorImage>,
    energies: Vec<f64>,
    exact: bool,
    size: (usize, usize),
    plane: ColorImage,
    decibels: Array2<f32>,
    /// Ends of the spectrum's scale, dB.
    scale: (f64, f64),
}

impl Weigh for LevelsMade {
    fn bytes(&self) -> usize {
        let images = self.bands.iter().chain([&self.plane]);
        let pixels: usize = images.map(|image| size_of_val(image.pixels.as_slice())).sum();
        pixels + self.decibels.len() * size_of::<f32>()
    }
}

/// The result on screen.
pub(super) struct LevelsShown {
    key: LevelsKey,
    pub bands: Vec<TextureHandle>,
    /// Its contents.
    pub images: Vec<ColorImage>,
    pub energies: Vec<f64>,
    /// Energies of the run's newest `E[x_0|x_t]`.
    pub end: Option<Vec<f64>>,
    pub exact: bool,
    /// What it shows.
    pub seen: Seen,
    pub plan: BandPlan,
    /// Rows and columns.
    pub size: (usize, usize),
    pub plane: TextureHandle,
    /// Its contents.
    pub plane_image: ColorImage,
    /// The density at each frequency, dB, frequency 0 in the middle.
    pub decibels: Array2<f32>,
    pub scale: (f64, f64),
}

impl LevelsShown {
    /// The energy of a level, if it is known.
    pub fn energy(&self, m: usize) -> Option<f64> {
        self.energies.get(m).copied().filter(|_| m >= self.key.unknown)
    }

    /// A level's energy relative to what the bars are of, if both are known.
    pub fn share(&self, bars: Bars, m: usize) -> Option<f64> {
        let energy = self.energy(m)?;
        let whole = match bars {
            Bars::OfEnd => *self.end.as_ref()?.get(m)?,
            Bars::OfLargest => self.energies.iter().copied().fold(0.0, f64::max),
        };
        (whole > 0.0).then(|| energy / whole)
    }
}

impl LevelsPane {
    /// `wake` is called when a result is ready.
    pub(super) fn start(wake: Wake) -> Self {
        Self {
            slot: QuestionSlot::start("chromascope-bands", BUDGET, wake),
            picture: Picture::Expectation,
            contrast: Contrast::Common,
            wanted_bars: Bars::OfEnd,
            channel: None,
            plane_in_front: false,
            shown: None,
        }
    }

    /// Why the result could not be computed.
    pub(super) fn failure(&self) -> Option<&str> {
        self.slot.failure()
    }

    /// A change has no final energy.
    pub(super) fn bars(&self) -> Bars {
        if self.picture == Picture::Change { Bars::OfLargest } else { self.wanted_bars }
    }

    pub(super) fn plane_name(&self, channels: usize) -> String {
        plane_name(self.channel.filter(|channel| *channel < channels), channels)
    }

    /// Whether the next result is overdue.
    pub(super) fn is_late(&self) -> bool {
        self.slot.is_late()
    }

    pub(super) fn empty_words(&self, context: &ViewContext) -> String {
        match (context.run.and(context.at), self.picture) {
            (None, _) => context.empty.to_owned(),
            (Some(at), Picture::Change) if at.step == 0 => words::panes::NO_CHANGE_YET.to_owned(),
            (Some(_), _) if context.levels.plan.is_none() => "These images are too small for levels".to_owned(),
            (Some(_), _) => String::new(),
        }
    }

    /// Requests the current result, and shows the last one. There is one request at a time, so that during a drag
    /// images follow as fast as they are computed.
    pub(super) fn update(&mut self, ctx: &Context, context: &ViewContext) {
        let (Some(run), Some(at), Some(plan)) = (context.run, context.at, context.levels.plan) else {
            self.show_nothing();
            return;
        };
        if self.picture == Picture::Change && at.step == 0 {
            self.show_nothing();
            return;
        }
        let of = (at, self.picture, context.sample);
        let seen = run.seen(at, self.picture, context.sample);
        let channel = self.channel.filter(|channel| *channel < run.seen_shape()[0]);
        let key =
            LevelsKey { ground: ground_of(ctx), ..self.key(run, (seen, of), context.view().range, plan, channel) };
        let picture = self.picture;
        let job_key = key.clone();
        let is_new = self.slot.follow(key.clone(), || {
            let shown = run.levelled_values(seen, of)?;
            let (values, shape, exact) = (shown.values.into_owned(), shown.shape, shown.exact);
            Some(Box::new(move || made(&values, shape, exact, picture, &job_key)))
        });
        if is_new {
            match self.slot.shown() {
                Some((key, made)) => show(&mut self.shown, ctx, key.clone(), made),
                None => self.shown = None,
            }
        }
        if let Some(left) = self.slot.late_in() {
            ctx.request_repaint_after(left);
        }
        if let Some(shown) = self.shown.as_mut().filter(|shown| shown.key == key) {
            // As the run continues its newest step changes.
            shown.end = run.done().checked_sub(1).and_then(|last| {
                // Energies of colours and of decoded images are not compared; what is missing is decoded.
                let _ = run.seen(Moment::of_step(last), Picture::Expectation, context.sample);
                run.energies(&plan, seen, last, context.sample)
            });
        }
    }

    fn show_nothing(&mut self) {
        self.slot.clear();
        self.shown = None;
    }

    fn key(
        &self,
        run: &RunView,
        (seen, of): (Seen, (Moment, Picture, usize)),
        range: ValueRange,
        plan: BandPlan,
        channel: Option<usize>,
    ) -> LevelsKey {
        // The ends of a fixed range belong to whole images.
        let range = if range == ValueRange::Auto { ValueRange::Auto } else { ValueRange::Image };
        let bands = (0..=plan.levels()).map(|m| Isolation::of_index(plan, m));
        let mut ranges: Vec<Option<(f32, f32)>> =
            bands.map(|band| run.isolated_range(seen, of, range, &band)).collect();
        let common = self.contrast == Contrast::Common;
        if common {
            let details = ranges.len() - 1;
            let most = ranges[..details].iter().flatten().fold(0.0_f32, |most, range| most.max(range.1));
            ranges[..details].iter_mut().flatten().for_each(|range| *range = (-most, most));
        }
        let bits = |(low, high): (f32, f32)| (low.to_bits(), high.to_bits());
        let ranges = ranges.into_iter().map(|range| range.map(bits)).collect();
        let ground = Ground::default();
        let unknown = run.unknown_levels(&plan, seen);
        LevelsKey { picture: run.seen_key(seen, of), seen, unknown, plan, ranges, common, channel, ground }
    }
}

fn made(values: &[f32], shape: [usize; 3], exact: bool, picture: Picture, key: &LevelsKey) -> LevelsMade {
    let size = (shape[1], shape[2]);
    let nothing = || LevelsMade {
        bands: Vec::new(),
        energies: Vec::new(),
        exact,
        size,
        plane: ColorImage::default(),
        decibels: Array2::zeros(size),
        scale: (0.0, 1.0),
    };
    let [channels, height, width] = shape;
    let Ok(image) = ArrayView3::from_shape(shape, values) else { return nothing() };
    let Ok(energies) = ArrayView4::from_shape((1, channels, height, width), values)
        .map_err(|_| ())
        .and_then(|image| key.plan.mean_energies(image).map_err(|_| ()))
    else {
        return nothing();
    };
    let alone = |m: usize| Isolation::of_index(key.plan, m);
    let parts: Vec<_> = (0..=key.plan.levels()).map(|m| alone(m).of(image)).collect();
    let own = |m: usize| own_range(parts[m].view(), alone(m).has_rest() && picture != Picture::Change);
    let details = key.plan.levels();
    let common = (0..details).map(|m| own(m).1).fold(f32::MIN_POSITIVE, f32::max);
    let range = |m: usize| match key.ranges.get(m).copied().flatten() {
        Some((low, high)) => (f32::from_bits(low), f32::from_bits(high)),
        None if key.common && m < details => (-common, common),
        None => own(m),
    };
    let paint = |(m, part): (usize, &ndarray::Array3<f32>)| {
        coloured(&painted(key.seen.laid_out(part.view()).view(), picture, range(m), None, key.ground))
    };
    let bands = parts.iter().enumerate().map(paint).collect();
    let Some(density) = density(image, key.channel) else { return LevelsMade { bands, energies, ..nothing() } };
    // A constant image of ±1 has 10·log₁₀(pixels) dB in its only bin.
    let full = 10.0 * ((height * width) as f64).log10();
    let top = (full / 10.0).ceil() * 10.0 - if picture == Picture::Change { 20.0 } else { 0.0 };
    let decibels = density.mapv(|density| (10.0 * density.log10()) as f32);
    let scale = (top - DECIBELS, top);
    LevelsMade {
        bands,
        energies,
        exact,
        size,
        plane: crate::app::pane::levels::plane::plane_image(&decibels, scale),
        decibels,
        scale,
    }
}

/// Power spectral density with frequency 0 in the middle, of one channel or the mean of all.
fn density(image: ArrayView3<f32>, channel: Option<usize>) -> Option<Array2<f64>> {
    let planes = match channel {
        Some(channel) => vec![image.index_axis(Axis(0), channel)],
        None => image.outer_iter().collect(),
    };
    let count = planes.len().max(1) as f64;
    let densities = planes.into_iter().map(|plane| psd(plane).ok()).collect::<Option<Vec<_>>>()?;
    let sum = densities.into_iter().reduce(|sum, density| sum + density)?;
    Some(centred(&(sum / count)))
}

fn show(shown: &mut Option<LevelsShown>, ctx: &Context, key: LevelsKey, made: &LevelsMade) {
    let mut old = shown.take();
    let mut kept = old.as_mut().map(|old| std::mem::take(&mut old.bands)).unwrap_or_default();
    kept.truncate(made.bands.len());
    for (index, image) in made.bands.iter().enumerate() {
        match kept.get_mut(index) {
            Some(texture) => texture.set(image.clone(), TextureOptions::NEAREST),
            None => kept.push(ctx.load_texture("level", image.clone(), TextureOptions::NEAREST)),
        }
    }
    let (mut end, plane) = match old {
        Some(LevelsShown { mut plane, end, .. }) => {
            plane.set(made.plane.clone(), TextureOptions::NEAREST);
            (end, plane)
        }
        None => (None, ctx.load_texture("plane", made.plane.clone(), TextureOptions::NEAREST)),
    };
    end = end.filter(|end| end.len() == made.energies.len());
    *shown = Some(LevelsShown {
        plan: key.plan,
        seen: key.seen,
        key,
        bands: kept,
        images: made.bands.clone(),
        energies: made.energies.clone(),
        end,
        exact: made.exact,
        size: made.size,
        plane,
        plane_image: made.plane.clone(),
        decibels: made.decibels.clone(),
        scale: made.scale,
    });
}

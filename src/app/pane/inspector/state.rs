//! The state of the pane: the settings, the reference's file, and the last result.

use crate::app::draw::textures::ground_of;
use crate::app::pane::inspector::job::{Inspected, InspectorJob, Other, ToneScale, made};
use crate::app::run_view::{Moment, Picture, PictureKey, RunView, Seen};
use crate::app::view_context::ViewContext;
use crate::runtime::{QuestionSlot, RunEnd, Wake};
use crate::session::inspect::{Channel, Difference, ReferenceImage};
use crate::session::levels::Isolation;
use crate::session::tone::Ground;
use crate::session::view_space::ViewSpace;
use crate::words::sentence;
use egui::{Context, TextureHandle, TextureOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Memory for results that the thread keeps, bytes.
const BUDGET: usize = 64 << 20;

/// The reference to compare with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Choice {
    /// None.
    #[default]
    None,
    /// The final image of the run.
    Final,
    /// `E[x_0|x_t]` of a pinned step.
    Marked(Moment),
    /// The same picture of another sample of the batch.
    Sample(usize),
    /// A file.
    File,
}

/// How image and reference are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    /// The image alone.
    #[default]
    Image,
    /// The image at the left of a line, the reference at its right.
    Wipe,
    /// The difference.
    Difference(Difference),
}

impl Mode {
    pub const ALL: [Self; 5] = [
        Self::Image,
        Self::Wipe,
        Self::Difference(Difference::Signed),
        Self::Difference(Difference::Absolute),
        Self::Difference(Difference::Relative),
    ];
}

/// The Inspect pane.
pub struct InspectorPane {
    slot: QuestionSlot<InspectKey, Inspected>,
    pub(super) picture: Picture,
    pub(super) channel: Channel,
    pub(super) logarithmic: bool,
    pub(super) gamma: f32,
    pub(super) offset: f32,
    /// The value of full colour of a change and of each difference, if set by hand.
    most: [Option<f32>; 4],
    pub(super) choice: Choice,
    pub(super) mode: Mode,
    /// Where the line between image and reference is, from 0 at the left to 1.
    pub(super) wipe: f32,
    /// The last file read, and the number of files before it.
    file: Option<(PathBuf, Arc<ReferenceImage>)>,
    files: u64,
    /// The file that is being read.
    wanted: Option<PathBuf>,
    /// Whether the controls of the comparison are shown, if both columns do not fit.
    pub(super) compare_in_front: bool,
    /// A path being typed.
    pub(super) path: String,
    /// Why the last file could not be used.
    pub(super) error: Option<String>,
    /// The histogram's range while a handle is dragged.
    pub(super) span: Option<(f32, f32)>,
    pub(super) shown: Option<InspectShown>,
}

/// The part of the reference that a result depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ReferenceKey {
    None,
    Run(PictureKey),
    File(u64),
}

/// All inputs of a result.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct InspectKey {
    picture: PictureKey,
    reference: ReferenceKey,
    ground: Ground,
    alone: Option<Isolation>,
    channel: Channel,
    mode: Mode,
    /// Range, γ, offset, full colour and histogram range, by their bits.
    tones: [Option<u32>; 7],
}

/// A picture of the run: the moment, the picture and the sample.
type Of = (Moment, Picture, usize);

/// What is inspected, and how.
struct InspectedImage {
    of: Of,
    /// What is shown of it, and of the picture that it is compared with.
    seen: Seen,
    /// The picture of the run, or the file, that it is compared with.
    other: Option<Of>,
    file: Option<Arc<ReferenceImage>>,
    alone: Option<Isolation>,
    channel: Channel,
    mode: Mode,
    range: Option<(f32, f32)>,
    /// The value of full colour.
    most: Option<f32>,
    gamma: f32,
    offset: f32,
    /// The histogram's range.
    span: Option<(f32, f32)>,
    ground: Ground,
}

/// The result on screen.
pub(super) struct InspectShown {
    pub texture: TextureHandle,
    pub other: Option<TextureHandle>,
    pub made: Arc<Inspected>,
}

impl InspectorPane {
    /// `wake` is called when a result is ready.
    pub(super) fn start(wake: Wake) -> Self {
        Self {
            slot: QuestionSlot::start("chromascope-inspector", BUDGET, wake),
            picture: Picture::Expectation,
            channel: Channel::All,
            logarithmic: false,
            gamma: 1.0,
            offset: 0.0,
            most: [None; 4],
            choice: Choice::None,
            mode: Mode::Image,
            wipe: 0.5,
            file: None,
            files: 0,
            wanted: None,
            compare_in_front: false,
            path: String::new(),
            error: None,
            span: None,
            shown: None,
        }
    }

    /// Why the result could not be computed.
    pub(super) fn failure(&self) -> Option<&str> {
        self.slot.failure()
    }

    /// A file is being read as a reference.
    pub fn choose(&mut self, path: PathBuf) {
        (self.wanted, self.error) = (Some(path), None);
    }

    /// Uses the file, unless another reference was chosen since.
    pub fn take(&mut self, path: PathBuf, read: Result<Arc<ReferenceImage>, String>) {
        if self.wanted.as_ref() != Some(&path) {
            return;
        }
        self.wanted = None;
        match read {
            Ok(reference) => {
                self.files += 1;
                self.file = Some((path, reference));
                self.compare_with(Choice::File);
            }
            Err(reason) => self.error = Some(sentence(&reason)),
        }
    }

    /// Chooses another reference; the first one turns on the divided view.
    pub(super) fn compare_with(&mut self, choice: Choice) {
        match (self.choice, choice) {
            (_, Choice::None) => self.mode = Mode::Image,
            (Choice::None, _) if self.mode == Mode::Image => self.mode = Mode::Wipe,
            _ => {}
        }
        self.choice = choice;
    }

    /// The current file.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_ref().map(|(path, _)| path.as_path())
    }

    /// Why the current reference cannot be compared with the image.
    pub(super) fn refused(&self) -> Option<&str> {
        self.shown.as_ref()?.made.refused.as_deref()
    }

    /// Whether a new result is overdue.
    pub(super) fn is_late(&self) -> bool {
        self.slot.is_late()
    }

    /// Index of the full-colour value for signed values or magnitudes; the range of images is in the document.
    fn most_index(&self, mode: Mode) -> Option<usize> {
        match mode {
            Mode::Difference(Difference::Signed) => Some(1),
            Mode::Difference(Difference::Absolute) => Some(2),
            Mode::Difference(Difference::Relative) => Some(3),
            Mode::Image | Mode::Wipe => (self.picture == Picture::Change).then_some(0),
        }
    }

    /// Sets the value of full colour; `None` fits it to the data.
    pub(super) fn set_most(&mut self, most: Option<f32>) {
        if let Some(index) = self.most_index(self.mode) {
            self.most[index] = most.filter(|most| most.is_finite()).map(|most| most.max(1e-6));
        }
    }

    /// The picture of the run that the image is compared with.
    pub(super) fn run_reference(&self, run: &RunView, at: Moment, sample: usize) -> Option<Of> {
        match self.choice {
            Choice::Final if run.end == Some(RunEnd::Complete) => {
                let end = Moment { state: run.steps(), step: run.steps().saturating_sub(1) };
                Some((end, Picture::State, sample))
            }
            Choice::None | Choice::Final | Choice::File => None,
            Choice::Marked(marked) => Some((marked, Picture::Expectation, sample)),
            Choice::Sample(other) => Some((at, self.picture, other)),
        }
        .filter(|(at, picture, sample)| run.values(*at, *picture, *sample).is_some())
    }

    /// Requests the current result, and shows the last one. There is one request at a time, so that during a drag
    /// images follow as fast as they are computed.
    pub(super) fn update(&mut self, ctx: &Context, context: &ViewContext) {
        let (Some(run), Some(at)) = (context.run, context.at) else {
            self.show_nothing();
            return;
        };
        if run.values(at, self.picture, context.sample).is_none() {
            self.show_nothing();
            return;
        }
        let look = self.look(run, at, (context, ground_of(ctx)));
        let is_new = self.slot.follow(look.key(run, self.files), || {
            let job = look.job(run)?;
            Some(Box::new(move || made(&job)))
        });
        if is_new {
            match self.slot.shown() {
                Some((_, made)) => show(&mut self.shown, ctx, Arc::clone(made)),
                None => self.shown = None,
            }
        }
        if let Some(left) = self.slot.late_in() {
            ctx.request_repaint_after(left);
        }
    }

    /// What is inspected now.
    fn look(&self, run: &RunView, at: Moment, (context, ground): (&ViewContext, Ground)) -> InspectedImage {
        let (of, shown_range) = ((at, self.picture, context.sample), context.view().range);
        let other = self.run_reference(run, at, context.sample);
        let file = self.file.as_ref().filter(|_| self.choice == Choice::File).map(|(_, file)| Arc::clone(file));
        let mode = if other.is_some() || file.is_some() { self.mode } else { Mode::Image };
        let seen = seen_alike(run, of, other);
        let alone = context.levels.alone();
        let range = match &alone {
            Some(alone) => run.isolated_range(seen, of, shown_range, alone),
            None => Some(run.range(seen, of, shown_range)),
        };
        let most = match self.most_index(mode) {
            Some(0) => self.most[0].or(range.map(|range| range.1)),
            Some(index) => self.most[index],
            None => None,
        };
        let (channel, gamma, offset, span) = (self.channel, self.gamma, self.offset, self.span);
        InspectedImage { of, seen, other, file, alone, channel, mode, range, most, gamma, offset, span, ground }
    }

    fn show_nothing(&mut self) {
        self.slot.clear();
        self.shown = None;
    }

    /// The map from values to tones for the current view.
    pub(super) fn scale(&self) -> Option<ToneScale> {
        self.shown.as_ref().map(|shown| shown.made.scale)
    }
}

impl InspectedImage {
    /// Its key; `files` is the number of files read.
    fn key(&self, run: &RunView, files: u64) -> InspectKey {
        // All channels are inspected, whichever the images show.
        let seen = all_channels(self.seen);
        let key_of = |of: Of| run.seen_key(seen, of);
        let bits = |value: f32| Some(value.to_bits());
        InspectKey {
            picture: key_of(self.of),
            reference: match (self.other, &self.file) {
                (Some(other), _) => ReferenceKey::Run(key_of(other)),
                (None, Some(_)) => ReferenceKey::File(files),
                (None, None) => ReferenceKey::None,
            },
            ground: self.ground,
            alone: self.alone,
            channel: self.channel,
            mode: self.mode,
            tones: [
                self.range.and_then(|range| bits(range.0)),
                self.range.and_then(|range| bits(range.1)),
                bits(self.gamma),
                bits(self.offset),
                self.most.and_then(bits),
                self.span.and_then(|span| bits(span.0)),
                self.span.and_then(|span| bits(span.1)),
            ],
        }
    }

    /// The job that computes it.
    fn job(self, run: &RunView) -> Option<InspectorJob> {
        let (seen, whole) = (all_channels(self.seen), self.alone.is_none());
        let values_of = |of: Of| if whole { run.seen_values(seen, of) } else { run.levelled_values(seen, of) };
        let image = values_of(self.of)?;
        let other = match (self.other, self.file) {
            (Some(other), _) => Other::Values(values_of(other)?.values.into_owned()),
            (None, Some(file)) => Other::File(file),
            (None, None) => Other::None,
        };
        Some(InspectorJob {
            shape: image.shape,
            exact: image.exact,
            seen,
            channel: self.channel.within(image.shape[0]),
            image: image.values.into_owned(),
            other,
            is_change: self.of.1 == Picture::Change,
            alone: self.alone,
            mode: self.mode,
            range: self.range,
            most: self.most,
            gamma: self.gamma,
            offset: self.offset,
            span: self.span,
            ground: self.ground,
        })
    }
}

/// What a picture is shown as, and the one that it is compared with, if there is one: the same of both.
fn seen_alike(run: &RunView, of: Of, other: Option<Of>) -> Seen {
    let seen = |(at, picture, sample): Of| run.seen(at, picture, sample);
    match (seen(of), other.map(seen)) {
        (here, Some(there)) if here != there => run.seen_in(ViewSpace::Colour, of),
        (here, _) => here,
    }
}

/// The same with all channels of latents.
const fn all_channels(seen: Seen) -> Seen {
    match seen {
        Seen::Latents(_) => Seen::Latents(None),
        other => other,
    }
}

fn show(shown: &mut Option<InspectShown>, ctx: &Context, made: Arc<Inspected>) {
    let set = |old: Option<TextureHandle>, image: &egui::ColorImage| match old {
        Some(mut texture) => {
            texture.set(image.clone(), TextureOptions::NEAREST);
            texture
        }
        None => ctx.load_texture("inspected", image.clone(), TextureOptions::NEAREST),
    };
    let (old, old_other) = shown.take().map_or((None, None), |shown| (Some(shown.texture), shown.other));
    let other = made.other_picture.as_ref().map(|image| set(old_other, image));
    *shown = Some(InspectShown { texture: set(old, &made.picture), other, made });
}

//! What a right click offers on images and plots: into a file, to the clipboard, and the value under the pointer.

use crate::app::draw::painted::painted_alone;
use crate::app::draw::textures::{coloured, ground_of};
use crate::app::intent::Intent;
use crate::app::pane::images::{Framing, Stage};
use crate::app::pane::tiles::Pane;
use crate::app::run_view::Picture;
use crate::app::saving::Save;
use crate::figure::draw::Format;
use egui::{ColorImage, Context, Pos2, Rect, Response, Ui};
use ndarray::ArrayView3;

/// What figures are saved as.
pub(in crate::app) const FORMATS: [(Format, &str); 3] =
    [(Format::Svg, "SVG"), (Format::Pdf, "PDF"), (Format::Png, "PNG")];

/// An image, and what can be had of it.
pub(in crate::app) struct Offered<'a> {
    /// Where it is.
    pub pane: Pane,
    /// What its file is called, without an ending.
    pub name: &'a str,
    /// The image as it is shown.
    pub image: &'a dyn Fn() -> Option<ColorImage>,
    /// What is read at a place on the screen, to be pasted elsewhere.
    pub value: &'a dyn Fn(Pos2) -> Option<String>,
}

/// The place that a right click asks about, as long as its menu is open.
pub(in crate::app) fn asked_at(response: &Response) -> Option<Pos2> {
    let id = response.id.with("asked at");
    if response.secondary_clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        response.ctx.data_mut(|data| data.insert_temp(id, at));
    }
    response.ctx.data(|data| data.get_temp(id))
}

/// The menu of an image; `more` are entries of its own, above the others.
pub(in crate::app) fn picture_menu_ui(
    response: &Response,
    offered: &Offered,
    intents: &mut Vec<Intent>,
    more: impl FnOnce(&mut Ui, &mut Vec<Intent>),
) {
    let at = asked_at(response);
    response.context_menu(|ui| {
        more(ui, intents);
        entries_ui(ui, offered, at, intents);
    });
}

/// The entries that every image has.
pub(in crate::app) fn entries_ui(ui: &mut Ui, offered: &Offered, at: Option<Pos2>, intents: &mut Vec<Intent>) {
    if ui.button("Copy image").clicked() {
        if let Some(image) = (offered.image)() {
            ui.ctx().copy_image(image);
        }
        ui.close();
    }
    if ui.button("Save image…").clicked() {
        if let Some(image) = (offered.image)() {
            let make = move || png_of(&image);
            let save = Save::bytes(offered.pane, "the image as PNG", (offered.name, "png"), make);
            intents.push(Intent::Save(Box::new(save)));
        }
        ui.close();
    }
    if let Some(value) = at.and_then(offered.value) {
        copy_ui(ui, "Copy value", &value);
    }
}

/// An entry that copies a line, which it shows, or a table.
pub(in crate::app) fn copy_ui(ui: &mut Ui, name: &str, text: &str) {
    let line = if text.contains('\n') { name.to_owned() } else { format!("{name} {text}") };
    if ui.button(line).clicked() {
        ui.ctx().copy_text(text.to_owned());
        ui.close();
    }
}

/// "Save figure" with its formats.
pub(in crate::app) fn save_figure_ui(ui: &mut Ui, name: &str, mut chosen: impl FnMut(Format)) {
    ui.menu_button(name, |ui| {
        for (format, name) in FORMATS {
            if ui.button(name).clicked() {
                chosen(format);
                ui.close();
            }
        }
    });
}

/// The image as a file.
fn png_of(image: &ColorImage) -> Result<Vec<u8>, String> {
    let [width, height] = image.size.map(|side| u32::try_from(side).unwrap_or(u32::MAX));
    let pixels = image.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect();
    let image = image::RgbImage::from_raw(width, height, pixels).ok_or("this image has no pixels")?;
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).map_err(|error| error.to_string())?;
    Ok(bytes.into_inner())
}

/// What a picture is called in a file's name.
pub(in crate::app) const fn file_name(picture: Picture) -> &'static str {
    match picture {
        Picture::State => "state",
        Picture::Expectation | Picture::Coarse => "expectation",
        Picture::Change => "change",
        Picture::Part(_) => "part",
        Picture::ClassDifference(_) => "difference",
    }
}

/// Values as they are pasted elsewhere.
pub(in crate::app) fn in_plain(values: impl IntoIterator<Item = f32>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
}

impl Stage<'_> {
    /// A picture at the playhead, as it is shown; at its own size.
    pub(in crate::app) fn image(&self, ctx: &Context, picture: Picture) -> Option<ColorImage> {
        let (run, at) = self.run.zip(self.at)?;
        let ground = ground_of(ctx);
        let image = if let Some(alone) = self.levels.alone() {
            let shown = run.values(at, picture, self.sample)?;
            let values = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
            let range = run.isolated_range((at, picture, self.sample), self.range, &alone);
            painted_alone(values, picture, &alone, range, None, ground).0
        } else {
            let range = run.range(at, picture, self.sample, self.range);
            run.paint(at, picture, self.sample, range, None, ground)?
        };
        Some(coloured(&image))
    }

    /// The pixel of a picture in `rect` at a place on the screen, and its values.
    pub(in crate::app) fn value_at(&self, picture: Picture, rect: Rect, framing: Framing, at: Pos2) -> Option<String> {
        let (run, moment) = self.run.zip(self.at)?;
        let [_, _, height, width] = run.started.shape;
        let (x, y) = framing.pixel_at(rect, (width, height), at);
        let shown = run.values(moment, picture, self.sample)?;
        let all = ArrayView3::from_shape(shown.shape, &shown.values).ok()?;
        let alone = self.levels.alone();
        let values = all.outer_iter().map(|channel| {
            alone.map_or_else(|| channel.get((y, x)).copied().unwrap_or_default(), |alone| alone.at(channel, y, x))
        });
        Some(format!("{x}, {y}: {}", in_plain(values)))
    }
}

//! The context menu of images and plots: save, copy, and the value under the pointer.

use crate::app::intent::Intent;
use crate::app::pane_id::PaneId;
use crate::app::run_view::Picture;
use crate::app::saving::Save;
use crate::app::words;
use crate::figure::draw::{FORMATS, Format};
use egui::{ColorImage, Pos2, Response, Ui};

/// An image with what its menu needs.
pub(in crate::app) struct Offered<'a> {
    /// Its pane.
    pub pane: PaneId,
    /// The name of its file, without an extension.
    pub name: &'a str,
    /// The image as shown.
    pub image: &'a dyn Fn() -> Option<ColorImage>,
    /// The value at a screen position, for the clipboard.
    pub value: &'a dyn Fn(Pos2) -> Option<String>,
}

/// The position of a right click, as long as its menu is open.
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

/// The entries of every image.
pub(in crate::app) fn entries_ui(ui: &mut Ui, offered: &Offered, at: Option<Pos2>, intents: &mut Vec<Intent>) {
    if ui.button(words::tracks::COPY_IMAGE).clicked() {
        if let Some(image) = (offered.image)() {
            ui.ctx().copy_image(image);
        }
        ui.close();
    }
    if ui.button(words::tracks::SAVE_IMAGE).clicked() {
        if let Some(image) = (offered.image)() {
            let make = move || png_of(&image);
            let save = Save::bytes(offered.pane, "image as PNG", (offered.name, "png"), make);
            intents.push(Intent::Save(Box::new(save)));
        }
        ui.close();
    }
    if let Some(value) = at.and_then(offered.value) {
        copy_ui(ui, words::tracks::COPY_VALUE, &value);
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

/// words::tracks::SAVE_FIGURE with its formats.
pub(in crate::app) fn save_figure_ui(ui: &mut Ui, name: &str, mut chosen: impl FnMut(Format)) {
    ui.menu_button(name, |ui| {
        for info in FORMATS {
            if ui.button(info.name).on_hover_text(info.summary).clicked() {
                chosen(info.format);
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

/// The name of a picture in a file name.
pub(in crate::app) const fn file_name(picture: Picture) -> &'static str {
    match picture {
        Picture::State => "state",
        Picture::Expectation | Picture::Coarse => "estimate",
        Picture::Change => "change",
        Picture::Part(_) => "part",
        Picture::ClassDifference(_) => "difference",
    }
}

/// Values in the format for the clipboard.
pub(in crate::app) fn in_plain(values: impl IntoIterator<Item = f32>) -> String {
    values.into_iter().map(|value| value.to_string()).collect::<Vec<_>>().join(", ")
}

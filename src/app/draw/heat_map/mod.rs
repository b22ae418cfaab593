//! Heat maps in the window: coloured by a shader if wgpu draws, else on the CPU into a texture with the plot's own
//! pixels. Both show the same pixels.

pub(in crate::app) mod bar;
mod ensemble;
mod parts;
mod shader;
mod spectra;

pub use ensemble::{EnsembleAsked, EnsembleSpectra};
pub use parts::{KnownParts, PartLevels};
pub use spectra::{Asked, RunSpectra, StepSpectra};

use crate::app::draw::theme::Palette;
use crate::figure::HeatMap;
use crate::figure::heat_map::Places;
use crate::session::colour_map::ColourMap;
use crate::session::colour_map::colour_table;
use eframe::egui_wgpu;
use egui::emath::GuiRounding;
use egui::{Color32, ColorImage, Rect, TextureHandle, TextureId, TextureOptions, Ui, pos2};
use std::collections::HashMap;
use std::sync::Arc;

/// The state of the heat maps, by track.
#[derive(Default)]
pub struct HeatMaps {
    /// Colour on the processor even if wgpu draws.
    pub without_shader: bool,
    /// Whether the shader is available, and the longest side of its textures.
    shader: Option<usize>,
    kept: HashMap<&'static str, KeptMap>,
    bars: HashMap<ColourMap, TextureHandle>,
}

/// The inputs of a heat map's texture for a plot of this many pixels.
struct KeptMap {
    map: Arc<HeatMap>,
    size: [usize; 2],
    places: Arc<Places>,
    /// Textures coloured on the processor.
    texture: Option<TextureHandle>,
}

impl HeatMaps {
    /// Call once a frame, with the render state of wgpu.
    pub fn begin_frame(&mut self, wgpu: Option<&egui_wgpu::RenderState>) {
        match wgpu.filter(|_| !self.without_shader) {
            Some(state) if self.shader.is_none() => self.shader = Some(shader::install(state)),
            Some(_) => {}
            None => self.shader = None,
        }
    }

    /// Draws a heat map over a plot, moved to whole pixels; `name` identifies the plot.
    pub fn draw(&mut self, ui: &Ui, name: &'static str, plot: Rect, map: &Arc<HeatMap>) {
        let pixels_per_point = ui.ctx().pixels_per_point();
        let plot = plot.round_to_pixels(pixels_per_point);
        #[expect(clippy::cast_sign_loss, reason = "a plot that is not empty")]
        let pixels = |length: f32| (length * pixels_per_point).round() as usize;
        let whole_size = [pixels(plot.width()), pixels(plot.height())];
        let longest = map.cells.rows().max(map.cells.columns()).max(whole_size[0]).max(whole_size[1]);
        let by_shader = self.shader.is_some_and(|side| longest <= side);
        let most = if by_shader { usize::MAX } else { ui.ctx().input(|input| input.max_texture_side) };
        let size = whole_size.map(|side| side.min(most));
        if !plot.is_positive() || size.contains(&0) {
            return;
        }
        ui.painter().rect_filled(plot, 0.0, Palette::of(ui).bar);
        let fresh = self.kept.get(name).is_some_and(|kept| Arc::ptr_eq(&kept.map, map) && kept.size == size);
        if !fresh {
            let texture = self.kept.remove(name).and_then(|kept| kept.texture);
            let (map, places) = (Arc::clone(map), Arc::new(map.places(size[0], size[1])));
            self.kept.insert(name, KeptMap { map, size, places, texture });
        }
        let Some(kept) = self.kept.get_mut(name) else { return };
        if by_shader {
            kept.texture = None;
            ui.painter().add(shader::callback(name, plot, pixels_per_point, map, &kept.places));
            return;
        }
        if !fresh || kept.texture.is_none() {
            let image = coloured(map, &kept.places, size);
            match &mut kept.texture {
                Some(texture) => texture.set(image, TextureOptions::NEAREST),
                none => *none = Some(ui.ctx().load_texture("heat map", image, TextureOptions::NEAREST)),
            }
        }
        if let Some(texture) = &kept.texture {
            ui.painter().image(texture.id(), plot, whole(), Color32::WHITE);
        }
    }

    /// The colours of a map in a column, the largest at the top.
    pub fn bar(&mut self, ui: &Ui, map: ColourMap) -> TextureId {
        let bar = self.bars.entry(map).or_insert_with(|| {
            let colours = colour_table(map).map(|[r, g, b]| Color32::from_rgb(r, g, b));
            let image = ColorImage::new([1, colours.len()], colours.into_iter().rev().collect());
            ui.ctx().load_texture("colours", image, TextureOptions::LINEAR)
        });
        bar.id()
    }
}

/// A whole texture.
#[must_use]
pub const fn whole() -> Rect {
    Rect { min: pos2(0.0, 0.0), max: pos2(1.0, 1.0) }
}

fn coloured(map: &HeatMap, places: &Places, size: [usize; 2]) -> ColorImage {
    let colours = colour_table(map.colour_map).map(|[r, g, b]| Color32::from_rgb(r, g, b));
    let pixels = map.pixels(places).map(|index| index.map_or(Color32::TRANSPARENT, |index| colours[index]));
    ColorImage::new(size, pixels.collect())
}

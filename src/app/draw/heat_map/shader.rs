//! The shader path: one pipeline, and for each plot textures that are uploaded when their contents change.

use crate::figure::HeatMap;
use crate::figure::heat_map::{Decibels, Places};
use crate::session::colour_map::ColourMap;
use crate::session::colour_map::{COLOURS, colour_table, colours_per_unit};
use eframe::egui_wgpu::{self, Callback, CallbackResources, CallbackTrait, ScreenDescriptor};
use egui::{PaintCallback, PaintCallbackInfo, Rect};
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of the shader's uniforms.
const UNIFORMS: usize = 16;

/// Creates the pipeline, once per window. Returns the longest side of a texture.
pub(in crate::app) fn install(state: &egui_wgpu::RenderState) -> usize {
    let shader = Shader::new(&state.device, state.target_format);
    state.renderer.write().callback_resources.insert(shader);
    state.device.limits().max_texture_dimension_2d as usize
}

/// The heat map as a paint callback. `plot` is on whole pixels.
pub(in crate::app) fn callback(
    name: &'static str,
    plot: Rect,
    pixels_per_point: f32,
    map: &Arc<HeatMap>,
    places: &Arc<Places>,
) -> PaintCallback {
    let pixel = |points: f32| (points * pixels_per_point).round() as i32;
    let drawing = HeatMapDrawing {
        name,
        origin: [pixel(plot.left()), pixel(plot.top())],
        low: map.range.0,
        scale: colours_per_unit(map.range),
        colour_map: map.colour_map,
        cells: Arc::clone(&map.cells),
        places: Arc::clone(places),
    };
    Callback::new_paint_callback(plot, drawing)
}

/// A heat map in one frame.
struct HeatMapDrawing {
    name: &'static str,
    origin: [i32; 2],
    low: f32,
    scale: f32,
    colour_map: ColourMap,
    cells: Arc<Decibels>,
    places: Arc<Places>,
}

/// The pipeline that all plots share, and the textures of each.
struct Shader {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    /// Whether colours are decoded on reading because the target encodes what is written to it.
    colour_format: wgpu::TextureFormat,
    plots: HashMap<&'static str, Plot>,
}

/// A plot's data on the graphics card, and its inputs.
struct Plot {
    uniforms: wgpu::Buffer,
    written: Option<[u8; UNIFORMS]>,
    cells: Option<(Arc<Decibels>, wgpu::TextureView)>,
    places: Option<(Arc<Places>, wgpu::TextureView)>,
    colours: Option<(ColourMap, wgpu::TextureView)>,
    group: Option<wgpu::BindGroup>,
}

impl CallbackTrait for HeatMapDrawing {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _: &ScreenDescriptor,
        _: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(shader) = resources.get_mut::<Shader>() {
            shader.prepare(device, queue, self);
        }
        Vec::new()
    }

    fn paint(&self, _: PaintCallbackInfo, pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        if let Some(shader) = resources.get::<Shader>()
            && let Some(group) = shader.plots.get(self.name).and_then(|plot| plot.group.as_ref())
        {
            pass.set_pipeline(&shader.pipeline);
            pass.set_bind_group(0, group, &[]);
            pass.draw(0..3, 0..1);
        }
    }
}

impl HeatMapDrawing {
    fn uniforms(&self) -> [u8; UNIFORMS] {
        let [x, y] = self.origin.map(i32::to_ne_bytes);
        let words = [x, y, self.low.to_ne_bytes(), self.scale.to_ne_bytes()];
        std::array::from_fn(|byte| words[byte / 4][byte % 4])
    }
}

impl Shader {
    fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("heat map"),
            source: wgpu::ShaderSource::Wgsl(include_str!("../../../../shaders/heat_map.wgsl").into()),
        });
        let texture = |binding, sample_type| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty: wgpu::BindingType::Texture {
                sample_type,
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            count: None,
        };
        let not_filtered = wgpu::TextureSampleType::Float { filterable: false };
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("heat map"),
            entries: &[
                wgpu::BindGroupLayoutEntry {
                    binding: 0,
                    visibility: wgpu::ShaderStages::FRAGMENT,
                    ty: wgpu::BindingType::Buffer {
                        ty: wgpu::BufferBindingType::Uniform,
                        has_dynamic_offset: false,
                        min_binding_size: None,
                    },
                    count: None,
                },
                texture(1, not_filtered),
                texture(2, wgpu::TextureSampleType::Sint),
                texture(3, not_filtered),
            ],
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("heat map"),
            bind_group_layouts: &[Some(&layout)],
            ..Default::default()
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("heat map"),
            layout: Some(&pipeline_layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("vertex"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("fragment"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                targets: &[Some(target.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let colour_format =
            if target.is_srgb() { wgpu::TextureFormat::Rgba8UnormSrgb } else { wgpu::TextureFormat::Rgba8Unorm };
        Self { pipeline, layout, colour_format, plots: HashMap::new() }
    }

    /// Uploads the changes.
    fn prepare(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, drawing: &HeatMapDrawing) {
        let HeatMapDrawing { name, cells, places, colour_map, .. } = drawing;
        let plot = self.plots.entry(name).or_insert_with(|| Plot::new(device));
        if plot.cells.as_ref().is_none_or(|(kept, _)| !Arc::ptr_eq(kept, cells)) {
            plot.cells = Some((Arc::clone(cells), upload_cells(device, queue, cells)));
            plot.group = None;
        }
        if plot.places.as_ref().is_none_or(|(kept, _)| !Arc::ptr_eq(kept, places)) {
            plot.places = Some((Arc::clone(places), upload_places(device, queue, places)));
            plot.group = None;
        }
        if plot.colours.as_ref().is_none_or(|(kept, _)| kept != colour_map) {
            plot.colours = Some((*colour_map, upload_colours(device, queue, self.colour_format, *colour_map)));
            plot.group = None;
        }
        if plot.group.is_none() {
            plot.group = plot.bound(device, &self.layout);
        }
        let now = drawing.uniforms();
        if plot.written != Some(now) {
            queue.write_buffer(&plot.uniforms, 0, &now);
            plot.written = Some(now);
        }
    }
}

impl Plot {
    fn new(device: &wgpu::Device) -> Self {
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("heat map"),
            size: UNIFORMS as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        Self { uniforms, written: None, cells: None, places: None, colours: None, group: None }
    }

    /// The uniforms in the shader's layout.
    fn bound(&self, device: &wgpu::Device, layout: &wgpu::BindGroupLayout) -> Option<wgpu::BindGroup> {
        let view = |binding, view| wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::TextureView(view) };
        let uniforms = wgpu::BindGroupEntry { binding: 0, resource: self.uniforms.as_entire_binding() };
        let textures = (&self.cells.as_ref()?.1, &self.places.as_ref()?.1, &self.colours.as_ref()?.1);
        let entries = &[uniforms, view(1, textures.0), view(2, textures.1), view(3, textures.2)];
        Some(device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some("heat map"), layout, entries }))
    }
}

fn upload_colours(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    format: wgpu::TextureFormat,
    map: ColourMap,
) -> wgpu::TextureView {
    let bytes: Vec<u8> = colour_table(map).iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect();
    upload(device, queue, format, (COLOURS, 1), &bytes)
}

/// In memory order: a line of texels is a column.
fn upload_cells(device: &wgpu::Device, queue: &wgpu::Queue, cells: &Decibels) -> wgpu::TextureView {
    let bytes: Vec<u8> = cells.values().iter().flat_map(|value| value.to_ne_bytes()).collect();
    upload(device, queue, wgpu::TextureFormat::R32Float, (cells.rows(), cells.columns()), &bytes)
}

/// Columns in the first line, rows in the second.
fn upload_places(device: &wgpu::Device, queue: &wgpu::Queue, places: &Places) -> wgpu::TextureView {
    let width = places.columns.len().max(places.rows.len());
    let line = |places: &[i32]| {
        let filled = places.iter().copied().chain(std::iter::repeat(crate::figure::heat_map::NOWHERE));
        filled.take(width).flat_map(i32::to_ne_bytes).collect::<Vec<u8>>()
    };
    let bytes = [line(&places.columns), line(&places.rows)].concat();
    upload(device, queue, wgpu::TextureFormat::R32Sint, (width, 2), &bytes)
}

/// A texture of this format, with four bytes per texel.
fn upload(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    format: wgpu::TextureFormat,
    (width, height): (usize, usize),
    bytes: &[u8],
) -> wgpu::TextureView {
    let side = |texels: usize| u32::try_from(texels.max(1)).unwrap_or(u32::MAX);
    let size = wgpu::Extent3d { width: side(width), height: side(height), depth_or_array_layers: 1 };
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: Some("heat map"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    if !bytes.is_empty() {
        let layout =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * size.width), rows_per_image: None };
        queue.write_texture(texture.as_image_copy(), bytes, layout, size);
    }
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::heat_map::{Placement, PowerGrid, Rows};
    use crate::figure::{HeatMapFigure, OnAxis, Reading, TimeAxis, TimeView, heat_map};
    use crate::schedule::ModelSchedule;
    use crate::session::heat_map::{FrequencyScale, Normalisation};
    use crate::theory::NoiseLevel;
    use eframe::egui_wgpu::RendererOptions;
    use egui_kittest::wgpu::{create_render_state, default_wgpu_setup};

    /// Width and height of the target, with lines as long as copies need them.
    const SIZE: (u32, u32) = (64, 48);

    fn map(colour_map: ColourMap, range: (f64, f64)) -> Arc<HeatMap> {
        let levels = (0..=9).map(|step| NoiseLevel::from_flow_time(1.0 - f64::from(step) / 9.0)).collect();
        let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
        let axis = TimeAxis::of_levels(levels, vec![0.0; 9], &model);
        let density = |step: usize| (0..17).map(|ring| 10.0_f64.powf((step * ring) as f64 / 20.0 - 4.0)).collect();
        let grid = PowerGrid {
            name: String::new(),
            rows: Rows::Frequencies,
            frequency: (0..17).map(|ring| f64::from(ring) / 32.0).collect(),
            columns: (0..9).map(|step| (step != 4).then(|| density(step))).collect(),
            placement: Placement::Around,
        };
        let cells = Arc::new(Decibels::new(&grid, Normalisation::None));
        let time = TimeView { range, ..TimeView::whole(&axis, Reading::LogSnr) };
        let scale = FrequencyScale::Log;
        Arc::new(heat_map(HeatMapFigure {
            on: OnAxis::own(time),
            cells: &cells,
            scale,
            range: Some((-40.0, 24.0)),
            colour_map,
        }))
    }

    /// The bytes that the shader writes to a target of this format.
    fn drawn(
        state: &egui_wgpu::RenderState,
        shader: &mut Shader,
        drawing: &HeatMapDrawing,
        format: wgpu::TextureFormat,
    ) -> Vec<u8> {
        let (device, queue) = (&state.device, &state.queue);
        shader.prepare(device, queue, drawing);
        let size = wgpu::Extent3d { width: SIZE.0, height: SIZE.1, depth_or_array_layers: 1 };
        let target = device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let view = target.create_view(&wgpu::TextureViewDescriptor::default());
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::from(4 * SIZE.0 * SIZE.1),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let attachment = wgpu::RenderPassColorAttachment {
                view: &view,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                    store: wgpu::StoreOp::Store,
                },
                depth_slice: None,
            };
            let descriptor =
                wgpu::RenderPassDescriptor { color_attachments: &[Some(attachment)], ..Default::default() };
            let mut pass = encoder.begin_render_pass(&descriptor);
            pass.set_pipeline(&shader.pipeline);
            pass.set_bind_group(0, &shader.plots[drawing.name].group, &[]);
            pass.draw(0..3, 0..1);
        }
        let layout = wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * SIZE.0), rows_per_image: None };
        encoder.copy_texture_to_buffer(
            target.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer: &buffer, layout },
            size,
        );
        queue.submit([encoder.finish()]);
        buffer.slice(..).map_async(wgpu::MapMode::Read, |_| {});
        device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        buffer.slice(..).get_mapped_range().unwrap().to_vec()
    }

    #[test]
    fn the_bytes_of_the_tables_arrive_in_targets_with_and_without_gamma() {
        let state = create_render_state(default_wgpu_setup(), RendererOptions::PREDICTABLE);
        for format in [wgpu::TextureFormat::Rgba8Unorm, wgpu::TextureFormat::Rgba8UnormSrgb] {
            let mut shader = Shader::new(&state.device, format);
            // The same plot repeatedly, so that changes are uploaded and the rest is kept.
            for (colour_map, range) in [
                (ColourMap::Turbo, (0.0, 1.0)),
                (ColourMap::Inferno, (0.0, 1.0)),
                (ColourMap::Inferno, (0.31, 0.62)),
                (ColourMap::Difference, (0.31, 0.62)),
            ] {
                let map = map(colour_map, range);
                let places = Arc::new(map.places(SIZE.0 as usize, SIZE.1 as usize));
                let drawing = HeatMapDrawing {
                    name: "test",
                    origin: [0, 0],
                    low: map.range.0,
                    scale: colours_per_unit(map.range),
                    colour_map,
                    cells: Arc::clone(&map.cells),
                    places: Arc::clone(&places),
                };
                let table = colour_table(colour_map);
                let expected = map.pixels(&places).flat_map(|index| {
                    index.map_or([0; 4], |index| [table[index][0], table[index][1], table[index][2], 255])
                });
                let found = drawn(&state, &mut shader, &drawing, format);
                let worst = expected.zip(&found).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
                assert_eq!(worst, 0, "{format:?} {colour_map:?} {range:?}");
                assert!(found.chunks_exact(4).any(|pixel| pixel[3] == 0), "the gap is left out");
            }
        }
    }
}

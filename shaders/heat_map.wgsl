// A heat map: each pixel has the colour of the cell it lies in, found by tables, so that nothing is blended and zooming
// uploads no values. src/figure/heat_map computes the same on the processor, to the bit.

struct Uniforms {
    // Left top of the plot, pixels of the target.
    origin: vec2<i32>,
    // dB of the first colour, and colours per dB.
    low: f32,
    scale: f32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
// dB, [column, row] at (row, column).
@group(0) @binding(1) var values: texture_2d<f32>;
// Of each pixel from the left its column (first line), from the top its row (second line); −1 for none.
@group(0) @binding(2) var places: texture_2d<i32>;
@group(0) @binding(3) var colours: texture_2d<f32>;

// As GAP in src/figure/heat_map.
const GAP: f32 = -1e9;
const LAST: f32 = 255.0;

// One triangle that covers the viewport.
@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let corner = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u));
    return vec4<f32>(2.0 * corner - 1.0, 0.0, 1.0);
}

@fragment
fn fragment(@builtin(position) at: vec4<f32>) -> @location(0) vec4<f32> {
    let pixel = vec2<i32>(floor(at.xy)) - uniforms.origin;
    let column = textureLoad(places, vec2<i32>(pixel.x, 0), 0).r;
    let row = textureLoad(places, vec2<i32>(pixel.y, 1), 0).r;
    if column < 0 || row < 0 {
        discard;
    }
    let value = textureLoad(values, vec2<i32>(row, column), 0).r;
    if value <= GAP {
        discard;
    }
    let index = i32(clamp((value - uniforms.low) * uniforms.scale, 0.0, LAST));
    return textureLoad(colours, vec2<i32>(index, 0), 0);
}

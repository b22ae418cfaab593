/// The guidance scale w as latent consistency models are told it, `width` numbers: sines, then cosines, of `1000·(w−1)` at
/// falling frequencies (diffusers' `get_guidance_scale_embedding` of w−1, in single precision as there).
#[must_use]
pub fn guidance_embedding(w: f64, width: usize) -> Vec<f32> {
    let half = width / 2;
    let told = (w - 1.0) as f32 * 1000.0;
    let pace = 10_000_f32.ln() / half.saturating_sub(1) as f32;
    let angles: Vec<f32> = (0..half).map(|place| told * (place as f32 * -pace).exp()).collect();
    let mut embedding: Vec<f32> = angles.iter().map(|angle| angle.sin()).collect();
    embedding.extend(angles.iter().map(|angle| angle.cos()));
    // An odd width ends in a zero.
    embedding.resize(width, 0.0);
    embedding
}

#[cfg(test)]
mod tests {
    use super::*;
    /// diffusers 0.39's `get_guidance_scale_embedding(w - 1, embedding_dim=256)` at these places.
    #[test]
    fn it_is_that_of_diffusers() {
        let places = [0, 1, 2, 5, 20, 64, 100, 127, 128, 129, 135, 160, 200, 255];
        #[rustfmt::skip]
        let golden: [(f64, [f32; 14]); 4] = [
            (8.5, [-0.851_235_9, 0.842_131_2, 0.011_876_3, -0.673_128_1, -0.718_336, -0.072_437_5, -0.824_192_9, 0.681_638_7, -0.524_783_3, 0.539_272_7, -0.982_855_2, 0.177_927_7, -0.939_037_1, 0.731_688_9]),
            (1.0, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            (7.5, [-0.044_784_7, 0.762_861_1, -0.871_03, -0.735_252, -0.345_327_2, -0.146_079_2, -0.994_327_1, 0.605_186_3, -0.998_996_7, 0.646_562_5, -0.457_110_6, -0.837_567_7, -0.860_993_9, 0.796_083_9]),
            (14.25, [-0.945_071_3, 0.980_359_7, 0.482_233_8, 0.458_054_6, 0.360_338_3, 0.854_105, 0.035_980_1, 0.969_943_8, 0.326_864_1, -0.197_218, -0.296_413_9, 0.839_669, -0.748_646_4, 0.243_328_9]),
        ];
        for (w, expected) in golden {
            let embedding = guidance_embedding(w, 256);
            assert_eq!(embedding.len(), 256);
            for (place, expected) in places.into_iter().zip(expected) {
                // One bit of a frequency moves an angle of thousands by as much.
                assert!((embedding[place] - expected).abs() < 1e-3, "{w} {place}: {} {expected}", embedding[place]);
            }
        }
        let odd = guidance_embedding(3.0, 7);
        assert_eq!((odd.len(), odd[6]), (7, 0.0));
        assert!((odd[1] - 0.912_945_3).abs() < 1e-5 && (odd[5] - 0.980_066_6).abs() < 1e-5);
    }
}

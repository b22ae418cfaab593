use super::*;
use crate::denoiser::empirical::value;
use crate::denoiser::{DenoiseError, ImageShape};
use crate::schedule::{BetaSchedule, TrainingSchedule};
use ndarray::{Array3, Array4, s};

fn cosine() -> ModelSchedule {
    ModelSchedule::Discrete(TrainingSchedule::new(BetaSchedule::SquaredcosCapV2, 1e-4, 0.02, 1000).unwrap())
}

/// Images without any order, of three classes by turns.
fn scattered(count: usize, shape: ImageShape) -> ImageSet {
    let scrambled = |i: usize| (i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ ((i as u64) << 40);
    let byte = |i| (scrambled(i).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 56) as u8;
    let pixels: Vec<u8> = (0..count * shape.len()).map(byte).collect();
    ImageSet { shape, pixels: pixels.into(), labels: (0..).map(|i| i % 3).take(count).collect() }
}

/// A coloured box each on white, so that most windows are alike in many images; every fifth is a copy.
fn boxes(count: usize, shape: ImageShape) -> ImageSet {
    let ImageShape { channels, height, width } = shape;
    let mut pixels = Vec::with_capacity(count * shape.len());
    for image in 0..count {
        let image = if image % 5 == 4 { image - 3 } else { image };
        let (top, left) = (image * 5 % (height - 3), image * 3 % (width - 4));
        for channel in 0..channels {
            for place in 0..height * width {
                let (y, x) = (place / width, place % width);
                let inside = (top..top + 3 + image % 4).contains(&y) && (left..left + 4).contains(&x);
                pixels.push(if inside { (image * 37 + channel * 90 + x * 3) as u8 } else { 255 });
            }
        }
    }
    ImageSet { shape, pixels: pixels.into(), labels: (0..).map(|i| i / 16).take(count).collect() }
}

/// One image with noise of the level, and one that is like no image.
fn states(images: &ImageSet, level: NoiseLevel) -> Array4<f64> {
    let shape = images.shape;
    Array4::from_shape_fn(shape.batch(2), |(b, c, y, x)| {
        let index = (c * shape.height + y) * shape.width + x;
        let wave = (index as f64 * 0.7).sin() + (index as f64 * index as f64 * 0.37).cos();
        if b == 1 {
            return wave;
        }
        level.sqrt_alpha_bar() * value(images.image(images.len() / 2)[index]) + level.sqrt_one_minus_alpha_bar() * wave
    })
}

/// The definition, written as plainly as can be.
fn naive(images: &ImageSet, state: ArrayView3<f64>, level: NoiseLevel, side: usize, class: Option<i64>) -> Array3<f64> {
    let ImageShape { channels, height, width } = images.shape;
    let members: Vec<Array3<f64>> = (0..images.len())
        .filter(|&i| class.is_none_or(|class| images.labels[i] == class))
        .map(|i| {
            let values = images.image(i).iter().map(|&byte| value(byte)).collect();
            Array3::from_shape_vec((channels, height, width), values).unwrap()
        })
        .collect();
    let squares: Vec<_> = members
        .iter()
        .map(|image| (&state - &(image * level.sqrt_alpha_bar())).mapv(|d| d * d).sum_axis(Axis(0)))
        .collect();
    let mut mean = Array3::zeros((channels, height, width));
    let reach = side / 2;
    for y in 0..height {
        for x in 0..width {
            let rows = y.saturating_sub(reach)..(y + reach + 1).min(height);
            let columns = x.saturating_sub(reach)..(x + reach + 1).min(width);
            let window = s![rows, columns];
            let logits: Vec<f64> =
                squares.iter().map(|d| -d.slice(&window).sum() / (2.0 * level.one_minus_alpha_bar())).collect();
            let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let weights: Vec<f64> = logits.iter().map(|logit| (logit - top).exp()).collect();
            let total: f64 = weights.iter().sum();
            for c in 0..channels {
                mean[[c, y, x]] = members.iter().zip(&weights).map(|(image, w)| w / total * image[[c, y, x]]).sum();
            }
        }
    }
    mean
}

fn of_side(side: usize) -> WindowSize {
    WindowSize::Curve(vec![(1.0, side as f64)])
}

fn denoised(mut model: impl Denoiser, x_t: &Array4<f64>, level: NoiseLevel) -> Denoised {
    let (b, c, h, w) = x_t.dim();
    let mut out = Denoised::zeros([b, c, h, w]);
    model.denoise(x_t.view(), level, &mut out).unwrap();
    out
}

fn largest_difference(a: &Array4<f64>, b: &Array4<f64>) -> f64 {
    // A difference that is not a number must not be lost in a maximum.
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |most, d| if d <= most { most } else { d })
}

fn assert_naive(images: &ImageSet, sides: &[usize]) {
    let model = LocalDenoiser::new(images.clone(), cosine(), WindowSize::default(), vec![]);
    let mut worst = 0.0_f64;
    for sigma in [0.01, 0.1, 0.7, 5.0, 50.0] {
        let level = NoiseLevel::from_sigma(sigma);
        let x_t = states(images, level);
        for (turn, &side) in sides.iter().enumerate() {
            let class = (turn % 2 == 1).then_some(1);
            let out = denoised(model.clone().with_window(of_side(side)).with_classes(vec![class]), &x_t, level);
            for (x0, state) in out.x0.outer_iter().zip(x_t.outer_iter()) {
                let mean = naive(images, state, level, side, class);
                let difference = largest_difference(&x0.to_owned().insert_axis(Axis(0)), &mean.insert_axis(Axis(0)));
                assert!(difference < 1e-5, "σ {sigma}, k {side}: {difference:e}");
                worst = worst.max(difference);
            }
            let (a, b) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
            let eps = (&x_t - &(&out.x0 * a)) / b;
            assert!(largest_difference(&eps, &out.eps) < 1e-9, "σ {sigma}, k {side}: ε̂");
        }
    }
    println!("largest difference from the definition: {worst:.1e}");
}

#[test]
fn equals_the_definition_on_small_images() {
    assert_naive(&scattered(150, ImageShape { channels: 3, height: 4, width: 5 }), &[3, 3, 5, 7, 9]);
}

#[test]
fn equals_the_definition_on_larger_images() {
    assert_naive(&boxes(61, ImageShape { channels: 3, height: 12, width: 16 }), &[3, 5, 9, 15, 21, 31]);
    assert_naive(&boxes(33, ImageShape { channels: 1, height: 16, width: 7 }), &[3, 5, 9, 15, 21, 31]);
    assert_naive(&scattered(20, ImageShape { channels: 2, height: 16, width: 16 }), &[3, 7, 17, 29]);
}

/// A little below, every pixel but those at the edge sees the whole image through its own window.
#[test]
fn a_window_over_the_whole_image_is_the_plain_posterior_mean() {
    let images = scattered(150, ImageShape { channels: 3, height: 4, width: 5 });
    let plain = EmpiricalDenoiser::new(images.clone(), cosine(), vec![Some(2), None]);
    let local = LocalDenoiser::new(images.clone(), cosine(), WindowSize::default(), vec![Some(2), None]);
    for sigma in [0.01, 0.3, 2.0, 50.0] {
        let level = NoiseLevel::from_sigma(sigma);
        let x_t = states(&images, level);
        let expected = denoised(plain.clone(), &x_t, level);
        for window in [of_side(9), of_side(1001)] {
            let out = denoised(local.clone().with_window(window), &x_t, level);
            assert!(largest_difference(&expected.x0, &out.x0) < 1e-5, "σ {sigma}");
            assert_eq!(expected.timestep, out.timestep);
        }
        let nearly = denoised(local.clone().with_window(of_side(7)), &x_t, level);
        let (middle, expected) = (nearly.x0.slice(s![.., .., .., 1..4]), expected.x0.slice(s![.., .., .., 1..4]));
        assert!(largest_difference(&expected.to_owned(), &middle.to_owned()) < 1e-5, "σ {sigma}");
    }
    // σ = ∞: no window is too large, and the mean of the images is left.
    let level = NoiseLevel::from_alpha_bar(0.0);
    let out = denoised(local, &states(&images, level), level);
    assert!(out.x0.iter().chain(&out.eps).all(|value| value.is_finite()));
}

/// Where patches tie, they are alike in the middle as well: white stays white, however low the noise.
#[test]
fn ties_and_the_least_noise_are_sound() {
    let images = boxes(61, ImageShape { channels: 3, height: 12, width: 16 });
    let model = LocalDenoiser::new(images.clone(), cosine(), of_side(3), vec![]);
    for sigma in [1e-12, 1e-6, 1e-3] {
        let level = NoiseLevel::from_sigma(sigma);
        let x_t = states(&images, NoiseLevel::CLEAN);
        let out = denoised(model.clone(), &x_t, level);
        let (x0, x_t) = (out.x0.slice(s![..1, .., .., ..]), x_t.slice(s![..1, .., .., ..]));
        assert!(largest_difference(&x0.to_owned(), &x_t.to_owned()) < 1e-6, "σ {sigma}");
    }
}

#[test]
fn bit_identical_for_any_thread_count_and_batch() {
    let images = boxes(157, ImageShape { channels: 3, height: 12, width: 16 });
    let model = LocalDenoiser::new(images.clone(), cosine(), of_side(5), vec![]);
    let level = NoiseLevel::from_sigma(0.8);
    let x_t = states(&images, level);
    let run = |threads, x_t: &Array4<f64>| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| denoised(model.clone(), x_t, level))
    };
    let one = run(1, &x_t);
    for threads in [2, 4] {
        let more = run(threads, &x_t);
        assert_eq!(one.x0, more.x0, "{threads} threads");
        assert_eq!(one.eps, more.eps, "{threads} threads");
    }
    let second = run(2, &x_t.slice(s![1.., .., .., ..]).to_owned());
    assert_eq!(one.x0.slice(s![1.., .., .., ..]), second.x0);
}

#[test]
fn a_call_stops_where_it_is_cancelled() {
    let images = boxes(61, ImageShape { channels: 3, height: 12, width: 16 });
    let level = NoiseLevel::from_sigma(1.0);
    let x_t = states(&images, level);
    for side in [3, 101] {
        let flag = CancelFlag::default();
        let mut model = LocalDenoiser::new(images.clone(), cosine(), of_side(side), vec![]).with_cancel(flag.clone());
        let mut out = Denoised::zeros(images.shape.batch(2));
        model.denoise(x_t.view(), level, &mut out).unwrap();
        flag.cancel();
        assert!(matches!(model.denoise(x_t.view(), level, &mut out), Err(DenoiseError::Cancelled)), "k {side}");
    }
    // Within a call: no block is begun once the flag is set.
    let flag = CancelFlag::default();
    let model = LocalDenoiser::new(images, cosine(), of_side(3), vec![]).with_cancel(flag.clone());
    let query = Query { shifted: vec![0.5; 3 * 12 * 16], per_byte: 0.01, radius: 1 };
    let members = model.blocks.members(None);
    assert!(model.part(&query, 1.0, &members).has_images());
    flag.cancel();
    assert!(!model.part(&query, 1.0, &members).has_images());
}

#[test]
fn each_sample_is_confined_to_its_class() {
    let images = boxes(64, ImageShape { channels: 3, height: 12, width: 16 });
    let level = NoiseLevel::from_sigma(2.0);
    let x_t = states(&images, level);
    let model = LocalDenoiser::new(images.clone(), cosine(), of_side(7), vec![Some(3), None]);
    let both = denoised(model.clone(), &x_t, level);
    // Only the images of the class, as a set by themselves.
    let n = images.shape.len();
    let alone = ImageSet { shape: images.shape, pixels: images.pixels[48 * n..].into(), labels: vec![] };
    let alone = denoised(LocalDenoiser::new(alone, cosine(), of_side(7), vec![]), &x_t, level);
    let all = denoised(model.clone().with_classes(vec![]), &x_t, level);
    let sample = |out: &Denoised, b: usize| out.x0.slice(s![b..=b, .., .., ..]).to_owned();
    assert!(largest_difference(&sample(&both, 0), &sample(&alone, 0)) < 1e-6);
    assert_eq!(sample(&both, 1), sample(&all, 1));
    assert!(largest_difference(&sample(&both, 0), &sample(&all, 0)) > 1e-2);

    let mut out = Denoised::zeros(images.shape.batch(2));
    let fault = model.with_classes(vec![Some(17)]).denoise(x_t.view(), level, &mut out).unwrap_err();
    assert!(matches!(fault, DenoiseError::NoImageOfClass(17)), "{fault}");
    let none = ImageSet { shape: images.shape, pixels: Arc::new([]), labels: vec![] };
    let fault =
        LocalDenoiser::new(none, cosine(), of_side(3), vec![]).denoise(x_t.view(), level, &mut out).unwrap_err();
    assert!(matches!(fault, DenoiseError::NoImages), "{fault}");
    let small = x_t.slice(s![.., .., ..8, ..]).to_owned();
    let fault = LocalDenoiser::new(images, cosine(), of_side(3), vec![]).denoise(small.view(), level, &mut out);
    assert_eq!(
        fault.unwrap_err().to_string(),
        "this model takes images of 12x16 with 3 channels, not 8x16 with 3; choose another size"
    );
}

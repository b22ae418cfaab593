//! Decoders and colours of latents, against diffusers and numpy (`tools/golden/decoder.py`), and what is said when one fails.
#![allow(clippy::unwrap_used)]

mod common;
mod support;

use chromascope::denoiser::{DenoiseError, Denoised, Denoiser};
use chromascope::model::decoder::{DecodeError, Decoder, DecoderFile, DecoderKind, LinearColours};
use chromascope::model::pipeline::{LatentCode, PipelinePackage};
use chromascope::sampler::{Churn, Making, SamplerKind, SeededNoise, Solver, Variance};
use chromascope::schedule::ModelSchedule;
use chromascope::session::Run;
use chromascope::theory::{NetworkState, NetworkTime, NoiseLevel, Parameterization, Prediction};
use common::faults::assert_documented;
use ndarray::{Array4, ArrayView4, Axis};
use std::path::{Path, PathBuf};

const SD: LatentCode =
    LatentCode { channels: 4, pixels_per_latent: 8, scaling_factor: Some(0.18215), shift_factor: 0.0 };

fn pipeline(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pipelines").join(name)
}

fn vae_of(name: &str) -> DecoderFile {
    let package = PipelinePackage::read(&pipeline(name)).unwrap().unwrap();
    DecoderFile::all_of(&package).remove(0)
}

/// A decoder that was made for one fault.
fn made(name: &str) -> DecoderFile {
    DecoderFile { graph: support::golden("decoder").join(name).join("model.onnx"), kind: DecoderKind::Vae, code: SD }
}

fn open(file: DecoderFile) -> Result<Decoder, DecodeError> {
    Decoder::open(file, support::runtime(), support::ONE_THREAD)
}

fn seeded(seed: u64) -> SeededNoise {
    SeededNoise { seed, first_sample: 0 }
}

fn noise(channels: usize, sides: (usize, usize)) -> Array4<f32> {
    let shape = [1, channels, sides.0, sides.1];
    seeded(0).initial(shape).mapv(|value| value as f32)
}

#[track_caller]
fn assert_within(found: &Array4<f32>, expected: &Array4<f32>, tolerance: f32, what: &str) {
    assert_eq!(found.dim(), expected.dim(), "{what}");
    let range = expected.iter().fold((f32::MAX, f32::MIN), |(low, high), &value| (low.min(value), high.max(value)));
    let worst = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max) / (range.1 - range.0);
    assert!(worst <= tolerance, "{what}: {worst} of the value range");
}

#[test]
fn decoded_images_are_those_of_diffusers() {
    let mut golden = support::npz("decoder/decoded.npz");
    for (name, of, tolerance) in [
        ("sd15", "sd15", 1e-3),
        ("sdxl", "sdxl", 1e-3),
        ("sd3", "sd3", 1e-3),
        ("flux", "flux", 1e-3),
        // The same weights in half precision.
        ("sd15-f16", "sd15", 2e-2),
    ] {
        let latents: Array4<f32> = golden.by_name(&format!("{of}_latents")).unwrap();
        let expected: Array4<f32> = golden.by_name(&format!("{of}_images")).unwrap();
        let decoder = open(vae_of(name)).unwrap();
        let images = decoder.decode(latents.view()).unwrap();
        assert_within(&images, &expected, tolerance, name);
        assert_eq!(decoder.doubt(images.index_axis(Axis(0), 0)), None, "{name}");
    }
}

#[test]
fn taesd_takes_the_denoisers_latents_as_they_are() {
    let mut golden = support::npz("decoder/decoded.npz");
    let latents: Array4<f32> = golden.by_name("taesd_latents").unwrap();
    let expected: Array4<f32> = golden.by_name("taesd_images").unwrap();
    let file = DecoderFile { kind: DecoderKind::Tiny, ..made("taesd") };
    assert_within(&open(file.clone()).unwrap().decode(latents.view()).unwrap(), &expected, 1e-3, "taesd");
    // It needs no factor.
    let code = LatentCode { scaling_factor: None, ..SD };
    let images = open(DecoderFile { code, ..file }).unwrap().decode(latents.view()).unwrap();
    assert_within(&images, &expected, 1e-3, "taesd without a factor");
}

#[test]
fn fitted_colours_are_those_of_least_squares() {
    let mut golden = support::npz("decoder/colours.npz");
    for name in ["plain", "constant"] {
        let mut read = |what: &str| -> Array4<f32> { golden.by_name(&format!("{name}_{what}")).unwrap() };
        let (latents, images, shown) = (read("latents"), read("images"), read("shown"));
        let fit = |first: usize| {
            let halves = [latents.view().split_at(Axis(0), first), images.view().split_at(Axis(0), first)];
            let [(latents, later_latents), (images, later_images)] = halves;
            LinearColours::fit(&[(latents, images), (later_latents, later_images)]).unwrap()
        };
        assert_within(&fit(2).apply(latents.view()), &shown, 1e-5, name);
        assert_eq!(fit(1), fit(2), "{name}: what arrives later is as good");
        assert_eq!(fit(1).in_words(), "colours fitted on 3 decoded images (240 latent pixels)");
    }
    let few = Array4::zeros([1, 16, 2, 2]);
    assert_eq!(
        LinearColours::fit(&[(few.view(), Array4::zeros([1, 3, 16, 16]).view())]),
        None,
        "4 pixels of 17 unknowns"
    );
}

#[test]
fn published_colours_belong_to_an_autoencoder_and_not_to_a_family() {
    for (name, words) in [
        ("sd15", "published colours of the latents of Stable Diffusion 1 and 2"),
        ("sdxl", "published colours of the latents of Stable Diffusion XL"),
        ("sd3", "published colours of the latents of Stable Diffusion 3"),
        ("flux", "published colours of the latents of FLUX"),
    ] {
        let code = vae_of(name).code;
        let colours = LinearColours::published(&code).unwrap();
        assert_eq!((colours.in_words().as_str(), colours.channels()), (words, code.channels));
        // Latents of an image whose colours are known: zeros have the bias.
        let zeros = Array4::zeros([1, code.channels, 2, 2]);
        assert!(colours.apply(zeros.view()).iter().all(|value| value.abs() < 0.3), "{name}");
    }
    assert_eq!(LinearColours::published(&LatentCode { scaling_factor: Some(0.7), ..SD }), None);
    assert_eq!(LinearColours::published(&LatentCode { scaling_factor: None, ..SD }), None);
}

/// Knows the clean latents, so that its estimate is the same in every state.
struct Knows(Array4<f64>);

impl Denoiser for Knows {
    fn denoise(&mut self, x_t: ArrayView4<f64>, level: NoiseLevel, out: &mut Denoised) -> Result<(), DenoiseError> {
        out.x0.assign(&self.0);
        let noise = &x_t - &(&self.0 * level.sqrt_alpha_bar());
        out.eps.assign(&(noise / level.sqrt_one_minus_alpha_bar().max(1e-12)));
        out.timestep = 0.0;
        Ok(())
    }
}

#[test]
fn latents_look_alike_whatever_the_networks_state_and_the_sampler() {
    let clean = seeded(3).initial([1, 4, 6, 6]);
    let noise = seeded(4).initial([1, 4, 6, 6]);
    let colours = LinearColours::published(&SD).unwrap();
    let expected = colours.apply(clean.mapv(|value| value as f32).view());
    let (vp, ve) = (NetworkState::Vp, NetworkState::Ve);
    for log_snr in [-4.0, 0.0, 3.0] {
        let level = NoiseLevel::from_log_snr(log_snr);
        let (a, b) = (level.sqrt_alpha_bar(), level.sqrt_one_minus_alpha_bar());
        let x_t = &clean * a + &noise * b;
        for (of, output) in [
            (Parameterization::new(vp, NetworkTime::Sigma, Prediction::Epsilon), noise.clone()),
            (Parameterization::new(vp, NetworkTime::Sigma, Prediction::VPrediction), &noise * a - &clean * b),
            (Parameterization::new(ve, NetworkTime::Sigma, Prediction::Epsilon), noise.clone()),
            (Parameterization::flow(), &noise - &clean),
        ] {
            let x0 = of.x0_from(level);
            let estimate = (&x_t * x0.state + &output * x0.output).mapv(|value| value as f32);
            assert_within(&colours.apply(estimate.view()), &expected, 1e-4, &format!("{of:?} at {level:?}"));
        }
    }

    let schedule = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    let levels: Vec<NoiseLevel> = [-5.0, -1.0, 1.0, 4.0].map(NoiseLevel::from_log_snr).to_vec();
    for kind in SamplerKind::ALL {
        let making =
            Making { eta: None, churn: Churn::default(), variance: Variance::FixedSmall, schedule: Some(&schedule) };
        let sampler = Solver::new(kind).build(&making);
        let seeded = Box::new(seeded(5));
        let mut run = Run::new(Box::new(Knows(clean.clone())), sampler, seeded, levels.clone(), noise.clone());
        let mut trajectory = run.trajectory();
        while run.step(&mut trajectory).unwrap_or_else(|error| panic!("{kind:?}: {error}")).is_some() {}
        for snapshot in &trajectory.snapshots {
            assert_within(&colours.apply(snapshot.x0.view()), &expected, 1e-4, &format!("{kind:?}"));
        }
    }
}

#[track_caller]
fn says(error: &DecodeError, test: &str, graph: &Path) {
    let words = [("DECODER", graph.display().to_string())];
    assert_documented(&error.to_string(), &format!("decoder::{test}"), &words);
}

/// Of a decoder that opens and then fails.
#[track_caller]
fn fails(file: DecoderFile, latents: &Array4<f32>, test: &str) {
    let graph = file.graph.clone();
    says(&open(file).unwrap().decode(latents.view()).unwrap_err(), test, &graph);
}

#[test]
fn a_vae_in_f16_that_returns_nan_is_named() {
    fails(made("nan"), &noise(4, (6, 6)), "a_vae_in_f16_that_returns_nan_is_named");
    // With f32 inputs and outputs around it, too.
    let error = open(made("nan-inside")).unwrap().decode(noise(4, (6, 6)).view()).unwrap_err();
    assert!(matches!(error, DecodeError::NotFinite { has_halves: true, what: "NaN", .. }), "{error}");
}

#[test]
fn an_image_of_one_colour_is_doubted() {
    let decoder = open(made("flat")).unwrap();
    let images = decoder.decode(noise(4, (6, 6)).view()).unwrap();
    let doubt = decoder.doubt(images.index_axis(Axis(0), 0)).unwrap();
    let words = [("DECODER", decoder.file().graph.display().to_string())];
    assert_documented(&doubt, "decoder::an_image_of_one_colour_is_doubted", &words);
}

#[test]
fn latents_that_are_not_numbers_are_named() {
    let mut latents = noise(4, (6, 6));
    latents[[0, 2, 3, 3]] = f32::NAN;
    fails(vae_of("sd15"), &latents, "latents_that_are_not_numbers_are_named");
}

#[test]
fn a_decoder_of_other_latents_is_named_with_both_counts() {
    let file = DecoderFile { code: SD, ..vae_of("flux") };
    says(&open(file.clone()).err().unwrap(), "a_decoder_of_other_latents_is_named_with_both_counts", &file.graph);
    let error = open(vae_of("sd15")).unwrap().decode(noise(16, (6, 6)).view()).unwrap_err();
    assert!(matches!(error, DecodeError::Channels { takes: 4, channels: 16, .. }), "{error}");
}

#[test]
fn a_scaling_factor_that_is_missing_is_asked_for() {
    let file = DecoderFile { code: LatentCode { scaling_factor: None, ..SD }, ..vae_of("sd15") };
    says(&open(file.clone()).err().unwrap(), "a_scaling_factor_that_is_missing_is_asked_for", &file.graph);
}

#[test]
fn a_graph_that_is_no_decoder_is_named() {
    let graph = support::test_model("tiny-eps").join("model.onnx");
    let file = DecoderFile { graph: graph.clone(), ..made("flat") };
    says(&open(file).err().unwrap(), "a_graph_that_is_no_decoder_is_named", &graph);
}

#[test]
fn a_decoder_of_one_size_is_named_with_it() {
    assert_eq!(open(made("fixed")).unwrap().decode(noise(4, (6, 6)).view()).unwrap().dim(), (1, 3, 48, 48));
    fails(made("fixed"), &noise(4, (6, 8)), "a_decoder_of_one_size_is_named_with_it");
}

#[test]
fn a_decoder_of_another_scale_is_named() {
    let code = LatentCode { pixels_per_latent: 4, ..SD };
    fails(DecoderFile { code, ..made("taesd") }, &noise(4, (6, 6)), "a_decoder_of_another_scale_is_named");
}

#[test]
fn what_decoding_needs_is_said_where_memory_does_not_suffice() {
    // Of an image of a million million pixels.
    let code = LatentCode { pixels_per_latent: 1 << 20, ..SD };
    let test = "what_decoding_needs_is_said_where_memory_does_not_suffice";
    fails(DecoderFile { code, ..vae_of("sd15") }, &noise(4, (1, 1)), test);
}

#[test]
fn a_cancelled_call_ends_and_others_of_the_decoder_do_not() {
    let decoder = open(vae_of("sd15")).unwrap();
    let latents = noise(4, (6, 6));
    let call = decoder.another().unwrap();
    call.canceller().cancel();
    assert!(call.decode(latents.view()).unwrap_err().is_cancelled());
    assert!(decoder.decode(latents.view()).is_ok());
    // Within a call of seconds.
    let latents = noise(4, (256, 256));
    let call = open(DecoderFile { kind: DecoderKind::Tiny, ..made("taesd") }).unwrap();
    let canceller = call.canceller();
    let begun = std::time::Instant::now();
    let outcome = std::thread::scope(|scope| {
        let decoding = scope.spawn(|| call.decode(latents.view()));
        scope.spawn(move || {
            std::thread::park_timeout(std::time::Duration::from_millis(100));
            canceller.cancel();
        });
        decoding.join().unwrap()
    });
    assert!(outcome.is_err_and(|error| error.is_cancelled()), "after {:?}", begun.elapsed());
}

// The command line.

/// A run of a tiny pipeline in `place`.
fn sample(model: &Path, further: &[&str], place: &Path) -> assert_cmd::Command {
    let mut command = common::program();
    command.args(["sample", "--prompt", "a red cat", "--threads", "1", "--model"]).arg(model);
    command.args(further).arg("--out").arg(place);
    command
}

/// An array of a run's file.
fn array<D: ndarray::Dimension, T: ndarray_npy::ReadableElement>(
    place: &Path,
    name: &str,
) -> Option<ndarray::Array<T, D>> {
    let file = std::fs::File::open(place.join("trajectory.npz")).unwrap();
    ndarray_npy::NpzReader::new(file).unwrap().by_name(name).ok()
}

#[test]
fn a_run_has_the_decoded_images_of_the_steps_that_were_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("out");
    let steps = |decode: &str| {
        let model = pipeline("sd15");
        sample(&model, &["--steps", "5", "--batch", "2", "--decode", decode], &place).assert().success();
        array::<ndarray::Ix1, i64>(&place, "decoded_step").map(|steps| steps.to_vec())
    };
    assert_eq!(steps("every:2"), Some(vec![0, 2, 5]));
    let images: ndarray::Array5<f32> = array(&place, "decoded").unwrap();
    let states: ndarray::Array5<f32> = array(&place, "x_t").unwrap();
    let estimates: ndarray::Array5<f32> = array(&place, "x0").unwrap();
    let decoder = open(vae_of("sd15")).unwrap();
    for (index, latents) in
        [estimates.index_axis(Axis(0), 0), estimates.index_axis(Axis(0), 2), states.index_axis(Axis(0), 5)]
            .into_iter()
            .enumerate()
    {
        let expected = decoder.decode(latents).unwrap();
        assert_within(&images.index_axis(Axis(0), index).to_owned(), &expected, 1e-5, &format!("image {index}"));
    }
    let picture = image::open(place.join("image.png")).unwrap();
    assert_eq!((picture.width(), picture.height()), (2 * 64, 64), "both results side by side");
    let strip = image::open(place.join("strip.png")).unwrap();
    assert_eq!((strip.width(), strip.height()), (5 * 130 - 2, 4 * 130 - 2), "with a row of decoded images");

    assert_eq!(steps("last"), Some(vec![5]));
    assert_eq!(steps("none"), None);
    assert!(!place.join("image.png").exists(), "that of another run is gone");
    let strip = image::open(place.join("strip.png")).unwrap();
    assert_eq!(strip.height(), 3 * 130 - 2);
}

/// A copy of a tiny pipeline with another graph of its decoder.
fn with_decoder(folder: &Path, graph: &Path) -> PathBuf {
    fn copy(from: &Path, to: &Path) {
        std::fs::create_dir(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                copy(&path, &target);
            } else {
                std::fs::copy(&path, &target).unwrap();
            }
        }
    }
    let model = folder.join("model");
    copy(&pipeline("sd15"), &model);
    std::fs::copy(graph, model.join("vae_decoder/model.onnx")).unwrap();
    model
}

#[test]
fn a_run_whose_decoder_fails_keeps_its_latents() {
    let folder = tempfile::tempdir().unwrap();
    let model = with_decoder(folder.path(), &made("nan").graph);
    let place = folder.path().join("out");
    let output = sample(&model, &["--steps", "2"], &place).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    let line = said.lines().last().unwrap().trim_start_matches("chromascope: ");
    let words =
        [("DECODER", model.join("vae_decoder/model.onnx").display().to_string()), ("OUT", place.display().to_string())];
    assert_documented(line, "decoder::a_run_whose_decoder_fails_keeps_its_latents", &words);
    assert!(array::<ndarray::Ix5, f32>(&place, "decoded").is_none());
    assert_eq!(array::<ndarray::Ix5, f32>(&place, "x0").unwrap().shape(), [2, 1, 4, 8, 8]);
    assert!(!place.join("image.png").exists());
}

#[test]
#[cfg(unix)]
fn ctrl_c_while_decoding_keeps_what_is_decoded() {
    use common::running::{Running, command};
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("out");
    let mut command = command();
    command.args(["sample", "--prompt", "a red cat", "--threads", "1", "--steps", "100", "--decode", "every:1"]);
    command.args(["--size", "192x192", "--model"]).arg(pipeline("sd15")).arg("--out").arg(&place);
    let mut running = Running::start(&mut command);
    running.wait_for("decoding, 2 of 100");
    running.signal("INT");
    let words = [("OUT", place.display().to_string())];
    running.end().says(130, "decoder::ctrl_c_while_decoding_keeps_what_is_decoded", &words);
    let steps = array::<ndarray::Ix1, i64>(&place, "decoded_step").unwrap();
    assert!((2..100).contains(&steps.len()), "{}", steps.len());
    assert_eq!(steps.last(), Some(&100), "the result is decoded first");
    assert!(steps.iter().zip(steps.iter().skip(1)).all(|(earlier, later)| earlier < later), "{steps}");
    assert_eq!(array::<ndarray::Ix5, f32>(&place, "decoded").unwrap().len_of(Axis(0)), steps.len());
    assert_eq!(array::<ndarray::Ix5, f32>(&place, "x0").unwrap().len_of(Axis(0)), 100);
}

#[test]
#[cfg(unix)]
fn ctrl_c_before_decoding_says_how_to_get_images() {
    use common::running::{Running, command};
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("out");
    let mut command = command();
    command.args(["sample", "--prompt", "a red cat", "--threads", "1", "--steps", "500", "--decode", "every:1"]);
    command.args(["--model"]).arg(pipeline("sd15")).arg("--out").arg(&place);
    let mut running = Running::start(&mut command);
    running.wait_for("sampling, 2 of 500");
    running.signal("INT");
    let words = [("OUT", place.display().to_string())];
    running.end().says(130, "decoder::ctrl_c_before_decoding_says_how_to_get_images", &words);
    assert!(array::<ndarray::Ix5, f32>(&place, "decoded").is_none() && !place.join("image.png").exists());
    assert!(array::<ndarray::Ix5, f32>(&place, "x0").unwrap().len_of(Axis(0)) >= 2);
}

//! `chromascope psd`: the radially averaged power spectrum of any images.

use super::{Ended, Failure, output};
use crate::denoiser::empirical;
use crate::reading::{self, memory, npy};
use crate::schedule::formats::number;
use crate::session::archive::claim;
use crate::session::images::{KINDS, dimensions, read_at_size};
use crate::session::prepare::check_size;
use crate::session::schedule_file::has_ending;
use crate::session::setting::read_size;
use crate::spectrum::{Rapsd, Running, SpectrumError, Window};
use ndarray::{Array3, Axis, Ix3, Ix4};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Write the radially averaged power spectrum of images: ring, f, count, psd, psd_var
///
/// The density is |X_k|²/N_pix of values in [−1, 1], the mean over a ring's bins and the channels; unit white noise is
/// 1 at any size. f is in cycles/pixel; psd_var is the unbiased variance over images, nan for one image.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// An image, a folder of images, or a .npy file: [H, W], [C, H, W] or [N, C, H, W], values used as they are.
    /// Channels may also be last: 1, 3 or 4 of them
    images: PathBuf,
    /// Height and width in pixels to which images are cropped and resized [default: the images' own size, which must be
    /// equal]
    #[arg(long, value_name = "HxW", value_parser = read_size)]
    size: Option<(usize, usize)>,
    /// Use a Hann window, because images are not periodic; its mean square is divided out
    #[arg(long)]
    hann: bool,
    /// Output .csv file [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Why there is no spectrum.
#[derive(Debug, thiserror::Error)]
#[error("cannot take spectra of {}: {reason}", path.display())]
struct PsdError {
    path: PathBuf,
    reason: String,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Failure> {
    let Arguments { images, size, hann, out } = arguments;
    size.map_or(Ok(()), check_size)?;
    let _claim = out.as_deref().map(claim).transpose()?;
    let mut spectra = ImageSpectra { of: None, window: Window::hann_if(*hann) };
    if has_ending(images, "npy") {
        if size.is_some() {
            return Err(wrong(
                images,
                "--size has no effect on an array, whose values are used as they are; leave it out",
            )
            .into());
        }
        for image in read_array(images)? {
            spectra.add(&image).map_err(|error| wrong(images, &error.to_string()))?;
        }
    } else {
        let alone = !images.is_dir();
        let files = if alone { vec![images.clone()] } else { listed(images)? };
        for file in &files {
            if size.is_none() {
                check_room(file)?;
            }
            let image = match read_at_size(file, *size) {
                Ok(image) => image,
                Err(reason) if alone => return Err(wrong(file, &format!("{reason}; {GIVE}")).into()),
                Err(reason) => {
                    output::message(&format!("skipped {}: {reason}", file.display()));
                    continue;
                }
            };
            let (width, height) = image.dimensions();
            let value = |(c, y, x): (usize, usize, usize)| empirical::value(image[(x as u32, y as u32)].0[c]);
            let values = Array3::from_shape_fn((3, height as usize, width as usize), value);
            spectra.add(&values).map_err(|error| match error {
                SpectrumError::Shape { .. } => {
                    wrong(file, "its size differs from the images before it; set --size HxW, such as 64x64")
                }
                error => wrong(file, &error.to_string()),
            })?;
        }
    }
    let text = spectra
        .to_csv()
        .ok_or_else(|| wrong(images, &format!("it has no images; it needs at least one in {KINDS}")))?;
    match out {
        None => output::result(text.trim_end())?,
        Some(path) => output::file(path, text.as_bytes(), "the spectrum is")?,
    }
    Ok(Ended::Well)
}

/// Bytes that an image's spectrum takes per pixel: three channels and the transform of two of them in double precision.
const BYTES_PER_PIXEL: u64 = 50;

/// Refuses an image whose spectrum has no room, before it is decoded. What is no image is told when it is read.
fn check_room(file: &Path) -> Result<(), PsdError> {
    let Ok((width, height)) = dimensions(file) else { return Ok(()) };
    let Some(shortage) = memory::shortage(u64::from(width) * u64::from(height) * BYTES_PER_PIXEL) else {
        return Ok(());
    };
    let reason =
        format!("it has {width}x{height} pixels, and their spectrum needs {shortage}; set --size HxW, such as 512x512");
    Err(wrong(file, &reason))
}

/// What to do instead.
const GIVE: &str = "give an image, a folder of images, or an array as a .npy file";

fn wrong(path: &Path, reason: &str) -> PsdError {
    PsdError { path: path.into(), reason: reason.into() }
}

/// The files of a folder, by name.
fn listed(folder: &Path) -> Result<Vec<PathBuf>, PsdError> {
    let told = |error: std::io::Error| wrong(folder, &reading::why(&error));
    let entries = std::fs::read_dir(folder).map_err(told)?;
    let mut files =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(told)?;
    files.retain(|file| !file.is_dir());
    files.sort();
    Ok(files)
}

/// The images of an array, `[C, H, W]` each.
fn read_array(path: &Path) -> Result<Vec<Array3<f64>>, PsdError> {
    let bytes = reading::bytes(path).map_err(|why| wrong(path, &format!("{why}; {GIVE}")))?;
    let array =
        npy::floats::<f64>(&bytes).map_err(|why| wrong(path, &format!("{why}; {GIVE} of floating-point numbers")))?;
    if let Some(place) = array.iter().position(|value| !value.is_finite()) {
        return Err(wrong(path, &format!("value {place} is not finite; spectra need finite numbers")));
    }
    let shape = array.shape().to_vec();
    let array = if shape.len() == 2 { array.insert_axis(Axis(0)) } else { array };
    let (array, turned) = npy::channels_first(array);
    if let Some(turned) = turned {
        output::message(&format!("{}: {turned}", path.display()));
    }
    match array.ndim() {
        3 => Ok(array.into_dimensionality::<Ix3>().into_iter().collect()),
        4 => {
            let images = array.into_dimensionality::<Ix4>().map_err(|error| wrong(path, &error.to_string()))?;
            Ok(images.outer_iter().map(|image| image.to_owned()).collect())
        }
        _ => Err(wrong(
            path,
            &format!(
                "its shape is {shape:?}; it must be [H, W], [C, H, W] or [N, C, H, W], with the channels first or last"
            ),
        )),
    }
}

/// Spectra of images of the same size, in order.
struct ImageSpectra {
    of: Option<(Rapsd, Running)>,
    window: Window,
}

impl ImageSpectra {
    /// Adds an image `[C, H, W]`.
    fn add(&mut self, image: &Array3<f64>) -> Result<(), SpectrumError> {
        let (_, height, width) = image.dim();
        if self.of.is_none() {
            let rapsd = Rapsd::windowed(height, width, self.window)?;
            let running = Running::new(rapsd.rings().len());
            self.of = Some((rapsd, running));
        }
        let Some((rapsd, running)) = &mut self.of else { return Ok(()) };
        running.push(&rapsd.sample(image.view())?);
        Ok(())
    }

    fn to_csv(&self) -> Option<String> {
        let (rapsd, running) = self.of.as_ref()?;
        let rings = rapsd.rings();
        let mut text = String::from("ring,f,count,psd,psd_var\n");
        let columns = rings.frequency().iter().zip(rings.count()).zip(running.mean().iter().zip(running.variance()));
        for (ring, ((frequency, count), (mean, variance))) in columns.enumerate() {
            let [frequency, mean, variance] = [*frequency, *mean, variance].map(number);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{ring},{frequency},{count},{mean},{variance}");
        }
        Some(text)
    }
}

//! Turns a number, a list or a file into an array for an input.

use super::super::arrays::Digests;
use crate::denoiser::ImageShape;
use crate::model::contract::{Contract, Port};
use crate::model::hex;
use crate::model::inputs::{InputCard, InputValue};
use crate::reading;
use crate::reading::npy::{self, channels_first};
use crate::session::images::{fit, read_rgb, value_of_byte};
use crate::words::count;
use image::DynamicImage;
use ndarray::{Array4, ArrayD, Axis, IxDyn};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Where values come from: the digest of a file goes by a name, and notes say what was done to it.
pub(super) struct Source<'a> {
    pub(super) name: &'a str,
    pub(super) digests: &'a mut Digests,
    pub(super) notes: &'a mut Vec<String>,
}

/// What an input takes.
pub(super) struct Wanted {
    /// Whether its first axis is that of the samples. Otherwise values get one of length 1 in front.
    per_sample: bool,
    /// Whether one value serves all samples.
    shared: bool,
    /// Whether it takes whole numbers only.
    whole: bool,
    /// Sides without that of the samples, images as `[C, H, W]`.
    sides: Vec<Option<usize>>,
    /// Height and width of images.
    size: (usize, usize),
    batch: usize,
}

impl Wanted {
    pub(super) fn of(contract: &Contract, port: &Port, image: ImageShape, batch: usize) -> Self {
        let per_sample = contract.is_per_sample(port);
        let mut sides = port.shape[usize::from(per_sample)..].to_vec();
        if per_sample && sides.len() == 3 {
            let at = contract.layout.channel_axis() - 1;
            let channels = sides.remove(at);
            sides.insert(0, channels);
        }
        let size = match sides[..] {
            [_, height, width] => (height.unwrap_or(image.height), width.unwrap_or(image.width)),
            _ => (image.height, image.width),
        };
        let whole = port.element.is_integer();
        Self { per_sample, shared: port.is_shared(), whole, sides, size, batch }
    }

    /// An image of this shape.
    pub(super) fn image(image: ImageShape, batch: usize) -> Self {
        let sides = [image.channels, image.height, image.width].map(Some).to_vec();
        let size = (image.height, image.width);
        Self { per_sample: true, shared: false, whole: false, sides, size, batch }
    }

    /// Whether it is a number per sample, or one for all.
    fn is_number(&self) -> bool {
        self.sides.iter().all(|side| *side == Some(1))
    }

    /// The sides, if they are known; the height and width of images are the run's unless the graph fixes them.
    fn known_sides(&self) -> Option<Vec<usize>> {
        if let [Some(channels), _, _] = self.sides[..] {
            return Some(vec![channels, self.size.0, self.size.1]);
        }
        self.sides.iter().copied().collect()
    }

    /// The shape for people.
    fn in_words(&self) -> String {
        let side = |side: &Option<usize>| side.map_or_else(|| "any".to_owned(), |side| side.to_string());
        let mut sides: Vec<String> = self.sides.iter().map(side).collect();
        if self.per_sample {
            sides.insert(0, if self.batch == 1 || self.shared { "1".into() } else { format!("1 or {}", self.batch) });
        }
        sides.join(" x ")
    }

    /// Whether an array without the axis of the samples has such sides.
    fn fits(&self, sides: &[usize]) -> bool {
        sides.len() == self.sides.len()
            && sides.iter().zip(&self.sides).all(|(is, want)| want.is_none_or(|want| want == *is))
    }

    /// What is to be said of a list that could be one number per image and is the row of every image.
    fn row_note(&self, value: &InputValue, length: usize, name: &str) -> Option<String> {
        let is_row = self.per_sample && !self.is_number() && self.sides.len() == 1;
        (is_row && length > 1 && length == self.batch).then(|| {
            format!(
                "the {name} takes {length} numbers per image, so {value} is given to every image; for other numbers per image, \
                 give a .npy file of shape {length} x {length}"
            )
        })
    }

    /// Whether so many rows can be given.
    fn takes_rows(&self, rows: usize) -> bool {
        rows == 1 || (rows == self.batch && self.per_sample && !self.shared)
    }
}

/// The array `[rows, …]` of a value, or why it is not valid.
pub(super) fn value_of(
    value: &InputValue,
    wanted: &Wanted,
    card: &InputCard,
    source: &mut Source,
) -> Result<ArrayD<f64>, String> {
    let values = match value {
        InputValue::File(path) => of_file(path, wanted, source)?,
        value => {
            let numbers = value.numbers().unwrap_or_default();
            let values = of_numbers(numbers, wanted)?;
            source.notes.extend(wanted.row_note(value, numbers.len(), source.name));
            values
        }
    };
    for &number in &values {
        if !number.is_finite() {
            return Err(match value {
                InputValue::File(_) => "it contains NaN or Inf".into(),
                _ => "it must be a finite number".into(),
            });
        }
        if wanted.whole && number.fract() != 0.0 {
            return Err(format!("{number} is not a whole number, which this input needs"));
        }
        if let Some(refusal) = card.refusal(number) {
            return Err(match value {
                InputValue::Number(_) => refusal,
                _ => format!("{refusal}, not {number}"),
            });
        }
    }
    Ok(values)
}

fn of_numbers(numbers: &[f64], wanted: &Wanted) -> Result<ArrayD<f64>, String> {
    let array = |shape: Vec<usize>, numbers: &[f64]| {
        ArrayD::from_shape_vec(IxDyn(&shape), numbers.to_vec()).map_err(|error| error.to_string())
    };
    if wanted.is_number() {
        if !wanted.takes_rows(numbers.len()) {
            let needs = match wanted.batch {
                _ if wanted.shared => "one number for all images".to_owned(),
                1 => "one number, as the run makes one image".to_owned(),
                batch => format!("one number, or one for each of the {batch} images"),
            };
            return Err(format!("it needs {needs}, not {}", numbers.len()));
        }
        return array([vec![numbers.len()], vec![1; wanted.sides.len()]].concat(), numbers);
    }
    match (numbers, &wanted.sides[..]) {
        (&[number], _) => {
            let sides = wanted.known_sides();
            let sides = sides
                .ok_or_else(|| format!("its shape is not fixed; give a .npy file of shape {}", wanted.in_words()))?;
            Ok(ArrayD::from_elem(IxDyn(&[vec![1], sides].concat()), number))
        }
        (numbers, [length]) if length.is_none_or(|length| length == numbers.len()) => {
            array(vec![1, numbers.len()], numbers)
        }
        (numbers, [Some(length)]) => Err(format!("it needs {}, not {}", count(*length, "number"), numbers.len())),
        _ => Err(format!("a list does not fill it; give one number, or a .npy file of shape {}", wanted.in_words())),
    }
}

fn of_file(path: &Path, wanted: &Wanted, source: &mut Source) -> Result<ArrayD<f64>, String> {
    if !path.exists() {
        return Err("it is neither a number nor a file".into());
    }
    let bytes = reading::bytes(path)?;
    source.digests.insert(source.name.to_owned(), hex(&Sha256::digest(&bytes)));
    let is_array = bytes.starts_with(b"\x93NUMPY") || path.extension().is_some_and(|ending| ending == "npy");
    if is_array {
        return shaped(npy::numbers(&bytes)?, wanted, source);
    }
    match wanted.sides[..] {
        [None | Some(1 | 3), _, _] if wanted.per_sample => of_picture(path, wanted, source),
        [Some(channels), _, _] if wanted.per_sample => Err(format!(
            "an image file has 1 or 3 channels, but {channels} are needed; give a .npy file of shape {}",
            wanted.in_words()
        )),
        _ => Err(format!("it is not a NumPy array; give a .npy file of shape {}", wanted.in_words())),
    }
}

/// The array with an axis of the samples in front.
fn shaped(array: ArrayD<f64>, wanted: &Wanted, source: &mut Source) -> Result<ArrayD<f64>, String> {
    let fits = |array: &ArrayD<f64>| {
        wanted.fits(array.shape()) || array.shape().get(1..).is_some_and(|sides| wanted.fits(sides))
    };
    let (array, turned) = if wanted.sides.len() == 3 && !fits(&array) { channels_first(array) } else { (array, None) };
    source.notes.extend(turned.map(|turned| format!("{}: {turned}", source.name)));
    let found = array.shape().iter().map(usize::to_string).collect::<Vec<_>>().join(" x ");
    if wanted.is_number() && array.ndim() <= 1 && wanted.takes_rows(array.len()) {
        let shape = [vec![array.len()], vec![1; wanted.sides.len()]].concat();
        return array.into_shape_with_order(IxDyn(&shape)).map_err(|error| error.to_string());
    }
    if let [rows, ref sides @ ..] = *array.shape()
        && wanted.per_sample
        && wanted.takes_rows(rows)
        && wanted.fits(sides)
    {
        return Ok(array);
    }
    if wanted.fits(array.shape()) && !(wanted.is_number() && wanted.per_sample) {
        return Ok(array.insert_axis(Axis(0)));
    }
    let found = if found.is_empty() { "that of one number".into() } else { found };
    Err(format!("its shape is {found}, but this input takes {}", wanted.in_words()))
}

/// A picture from −1 to 1, cropped and resized to the size of the run.
fn of_picture(path: &Path, wanted: &Wanted, source: &mut Source) -> Result<ArrayD<f64>, String> {
    let (height, width) = wanted.size;
    let whole = read_rgb(path)?;
    let own = (whole.height() as usize, whole.width() as usize);
    let picture = if own == wanted.size { whole } else { fit(&whole, height, width) };
    if own != wanted.size {
        let [from, to] = [own, wanted.size].map(|(height, width)| format!("{height}x{width}"));
        source.notes.push(format!("{} was cropped and resized from {from} to {to}", path.display()));
    }
    let values = if wanted.sides[0] == Some(1) {
        let grey = DynamicImage::ImageRgb8(picture).to_luma8();
        Array4::from_shape_fn((1, 1, height, width), |(_, _, y, x)| value_at(grey.as_raw(), y * width + x))
    } else {
        let raw = picture.into_raw();
        Array4::from_shape_fn((1, 3, height, width), |(_, channel, y, x)| value_at(&raw, 3 * (y * width + x) + channel))
    };
    Ok(values.into_dyn())
}

fn value_at(bytes: &[u8], index: usize) -> f64 {
    f64::from(value_of_byte(bytes[index]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(batch: usize, whole: bool, shared: bool) -> Wanted {
        Wanted { per_sample: true, shared, whole, sides: vec![], size: (4, 4), batch }
    }

    fn resolve(text: &str, wanted: &Wanted, card: &InputCard) -> Result<ArrayD<f64>, String> {
        let (mut digests, mut notes) = (Digests::new(), Vec::new());
        let mut source = Source { name: "x", digests: &mut digests, notes: &mut notes };
        value_of(&InputValue::read(text), wanted, card, &mut source)
    }

    #[test]
    fn numbers_become_rows_or_a_sentence() {
        let unit = InputCard { min: Some(0.0), max: Some(1.0), ..InputCard::default() };
        let shape = |text: &str, wanted: &Wanted| resolve(text, wanted, &unit).map(|array| array.shape().to_vec());
        let two = number(2, false, false);
        assert_eq!(shape("0.5", &two).unwrap(), [1]);
        assert_eq!(shape("0.5,1", &two).unwrap(), [2]);
        assert_eq!(shape("0,0,0", &two).unwrap_err(), "it needs one number, or one for each of the 2 images, not 3");
        assert_eq!(shape("0,0", &number(2, false, true)).unwrap_err(), "it needs one number for all images, not 2");
        assert_eq!(shape("1.5", &two).unwrap_err(), "the model's card allows 0 to 1");
        assert_eq!(shape("0,-1", &two).unwrap_err(), "the model's card allows 0 to 1, not -1");
        assert_eq!(shape("nan", &two).unwrap_err(), "it must be a finite number");
        assert_eq!(
            shape("0.5", &number(1, true, false)).unwrap_err(),
            "0.5 is not a whole number, which this input needs"
        );
        let vector = Wanted { sides: vec![Some(3)], ..number(2, false, false) };
        assert_eq!(shape("0,1,0", &vector).unwrap(), [1, 3]);
        assert_eq!(shape("0.5", &vector).unwrap(), [1, 3]);
        assert_eq!(shape("0,1", &vector).unwrap_err(), "it needs 3 numbers, not 2");
        let image = Wanted { sides: vec![Some(1), None, None], ..vector };
        assert_eq!(shape("1", &image).unwrap(), [1, 1, 4, 4]);
        assert!(shape("1,0", &image).unwrap_err().starts_with("a list does not fill it"));
    }

    #[test]
    fn arrays_and_pictures_are_fitted_or_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.npy");
        let image = Wanted { sides: vec![Some(1), None, None], ..number(2, false, false) };
        let read = |array: ArrayD<f32>, wanted: &Wanted| {
            ndarray_npy::write_npy(&file, &array).unwrap();
            resolve(file.to_str().unwrap(), wanted, &InputCard::default()).map(|array| array.shape().to_vec())
        };
        let zeros = |shape: &[usize]| ArrayD::<f32>::zeros(IxDyn(shape));
        assert_eq!(read(zeros(&[1, 4, 4]), &image).unwrap(), [1, 1, 4, 4]);
        assert_eq!(read(zeros(&[2, 1, 4, 4]), &image).unwrap(), [2, 1, 4, 4]);
        assert_eq!(
            read(zeros(&[3, 1, 4, 4]), &image).unwrap_err(),
            "its shape is 3 x 1 x 4 x 4, but this input takes 1 or 2 x 1 x any x any"
        );
        let picture = Wanted { sides: vec![Some(3), Some(8), Some(8)], ..image };
        assert_eq!(read(zeros(&[8, 8, 3]), &picture).unwrap(), [1, 3, 8, 8], "channels last are turned");
        let image = Wanted { sides: vec![Some(1), None, None], ..picture };
        assert_eq!(read(zeros(&[]), &number(1, false, true)).unwrap(), [1]);
        assert_eq!(read(zeros(&[2]), &number(2, false, false)).unwrap(), [2]);
        assert_eq!(read(zeros(&[1]) / 0.0, &number(1, false, true)).unwrap_err(), "it contains NaN or Inf");

        let picture = folder.path().join("m.png");
        image::RgbImage::from_fn(4, 4, |x, _| image::Rgb([u8::try_from(x * 85).unwrap(); 3])).save(&picture).unwrap();
        let values = resolve(picture.to_str().unwrap(), &image, &InputCard::default()).unwrap();
        assert_eq!(values.shape(), [1, 1, 4, 4]);
        assert_eq!([values[[0, 0, 0, 0]], values[[0, 0, 2, 3]]], [-1.0, 1.0]);
        let many = Wanted { sides: vec![Some(5), None, None], ..image };
        let told = resolve(picture.to_str().unwrap(), &many, &InputCard::default()).unwrap_err();
        assert!(told.starts_with("an image file has 1 or 3 channels, but 5 are needed"), "{told}");
    }
}

//! Arrays of floating-point numbers from NumPy's `.npy` files: of 16, 32 or 64 bits, in either byte order, with rows or
//! columns together.

use super::{memory, why};
use half::f16;
use ndarray::{Array, ArrayD, Dimension, IxDyn, ShapeBuilder};
use ndarray_npy::npy::header::{Header, ReadHeaderError};
use ndarray_npy::{ReadNpyExt, ReadableElement};

/// A number that an array is read as.
pub trait Number: Copy {
    /// The nearest one to a value.
    fn nearest(value: f64) -> Self;
}

impl Number for f32 {
    fn nearest(value: f64) -> Self {
        value as Self
    }
}

impl Number for f64 {
    fn nearest(value: f64) -> Self {
        value
    }
}

/// Reads an array of floating-point numbers or integers, as [`floats`] does.
pub fn numbers(bytes: &[u8]) -> Result<ArrayD<f64>, String> {
    fn whole<T: ReadableElement + Into<f64> + Copy>(bytes: &[u8]) -> Option<ArrayD<f64>> {
        ArrayD::<T>::read_npy(bytes).ok().map(|array| array.mapv(Into::into))
    }
    floats(bytes).or_else(|reason| {
        let long = || ArrayD::<i64>::read_npy(bytes).ok().map(|array| array.mapv(|value| value as f64));
        long()
            .or_else(|| whole::<i32>(bytes))
            .or_else(|| whole::<i16>(bytes))
            .or_else(|| whole::<u16>(bytes))
            .or_else(|| whole::<u8>(bytes))
            .ok_or(reason)
    })
}

/// Reads an array, its axes in the order of the file. The error is a reason, to follow "cannot use FILE: ".
pub fn floats<T: Number>(bytes: &[u8]) -> Result<ArrayD<T>, String> {
    let mut rest = bytes;
    let header = Header::from_reader(&mut rest).map_err(|error| match error {
        ReadHeaderError::Io(error) => why(&error),
        ReadHeaderError::Parse(_) => "it is not a NumPy array".into(),
    })?;
    let descriptor = header.type_descriptor.to_string();
    let descriptor = descriptor.trim_matches('\'');
    let values: fn(&[u8]) -> Vec<T> = match descriptor {
        "<f2" => |bytes| each(bytes, |bytes| f16::from_le_bytes(bytes).to_f64()),
        ">f2" => |bytes| each(bytes, |bytes| f16::from_be_bytes(bytes).to_f64()),
        "<f4" => |bytes| each(bytes, |bytes| f64::from(f32::from_le_bytes(bytes))),
        ">f4" => |bytes| each(bytes, |bytes| f64::from(f32::from_be_bytes(bytes))),
        "<f8" => |bytes| each(bytes, f64::from_le_bytes),
        ">f8" => |bytes| each(bytes, f64::from_be_bytes),
        other => return Err(format!("its values are {}, not floating-point numbers", type_name(other))),
    };
    let width = descriptor[2..].parse().unwrap_or(8);
    let needed = header.shape.iter().try_fold(width, |product: usize, &side| product.checked_mul(side));
    // Truncated files are told from wrong ones by comparing before anything is allocated.
    match needed {
        Some(needed) if rest.len() == needed => {}
        Some(needed) if rest.len() > needed => return Err("there is more data than its array".into()),
        _ => return Err("it is truncated".into()),
    }
    // The values, and a copy in another order or for another use.
    let count = rest.len() / width;
    if let Some(shortage) = memory::shortage(2 * (count * size_of::<T>()) as u64) {
        return Err(format!("its {count} values need {shortage}"));
    }
    let shape = IxDyn(&header.shape).set_f(header.layout.is_fortran());
    let array = ArrayD::from_shape_vec(shape, values(rest)).map_err(|error| error.to_string())?;
    Ok(array.as_standard_layout().into_owned())
}

fn each<T: Number, const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f64) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|&bytes| T::nearest(value(bytes))).collect()
}

/// An array with its number of axes fixed. `axes` has the name of each, to say what is missing.
pub fn with_axes<T, D: Dimension>(array: ArrayD<T>, axes: &[&str]) -> Result<Array<T, D>, String> {
    let found = array.ndim();
    array.into_dimensionality().map_err(|_| {
        let has = if found == 1 { "1 axis".to_owned() } else { format!("{found} axes") };
        let hint = match axes.first() {
            Some(first) if found + 1 == axes.len() => {
                format!("; where the {first} axis is missing, save array[None] instead")
            }
            _ => String::new(),
        };
        format!("it has {has}, but {} are needed ({}){hint}", axes.len(), axes.join(", "))
    })
}

/// Images with their channels before height and width, as they are used here, from an array whose last three axes are theirs.
///
/// An array has its channels last where its last axis has 1, 3 or 4 of them and the one where channels are expected has
/// not. Such an array is turned, and the sentence says so.
#[must_use]
pub fn channels_first<T: Clone>(images: ArrayD<T>) -> (ArrayD<T>, Option<String>) {
    let shape = images.shape().to_vec();
    let channels = |side: usize| matches!(side, 1 | 3 | 4);
    let [before @ .., first, _, last] = &shape[..] else { return (images, None) };
    if channels(*first) || !channels(*last) {
        return (images, None);
    }
    let mut axes: Vec<usize> = (0..shape.len()).collect();
    axes[before.len()..].rotate_right(1);
    let name = if before.is_empty() { "[H, W, C]" } else { "[N, H, W, C]" };
    let turned = images.permuted_axes(axes).as_standard_layout().into_owned();
    (turned, Some(format!("its shape {shape:?} is read as {name}, with the channels last")))
}

/// What NumPy calls a type that is not floating-point, from its descriptor.
fn type_name(descriptor: &str) -> String {
    let plain = descriptor.trim_start_matches(['<', '>', '|', '=']);
    let (kind, size) = plain.split_at(plain.len().min(1));
    let bits = size.parse::<usize>().map(|bytes| bytes * 8);
    match (kind, bits) {
        ("i", Ok(bits)) => format!("int{bits}"),
        ("u", Ok(bits)) => format!("uint{bits}"),
        ("c", Ok(bits)) => format!("complex{bits}"),
        ("f", Ok(bits)) => format!("float{bits}, which is not supported"),
        ("b", _) => "bool".into(),
        ("U" | "S", _) => "text".into(),
        ("O", _) => "Python objects".into(),
        _ => format!("of type {descriptor}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, array};
    use ndarray_npy::WriteNpyExt;

    /// A file as NumPy writes it.
    fn file(descriptor: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
        let order = if fortran { "True" } else { "False" };
        let text = format!("{{'descr': {descriptor}, 'fortran_order': {order}, 'shape': {shape}, }}");
        let length = (text.len() + 11).next_multiple_of(64) - 10;
        let header = format!("{text:<width$}\n", width = length - 1);
        let start = [b"\x93NUMPY\x01\x00".as_slice(), &u16::try_from(length).unwrap().to_le_bytes()].concat();
        [&start[..], header.as_bytes(), data].concat()
    }

    #[test]
    fn every_width_order_and_layout_has_the_same_values() {
        let expected = array![[1.0, -2.5, 0.125], [4.0, 65504.0, -0.0]];
        let by_rows: Vec<f64> = expected.iter().copied().collect();
        let by_columns: Vec<f64> = expected.t().iter().copied().collect();
        for (fortran, values) in [(false, by_rows), (true, by_columns)] {
            let bytes = |of: &dyn Fn(f64) -> Vec<u8>| values.iter().flat_map(|&value| of(value)).collect::<Vec<_>>();
            let half = f16::from_f64;
            for (descriptor, data) in [
                ("'<f2'", bytes(&|value| half(value).to_le_bytes().to_vec())),
                ("'>f2'", bytes(&|value| half(value).to_be_bytes().to_vec())),
                ("'<f4'", bytes(&|value| (value as f32).to_le_bytes().to_vec())),
                ("'>f4'", bytes(&|value| (value as f32).to_be_bytes().to_vec())),
                ("'<f8'", bytes(&|value| value.to_le_bytes().to_vec())),
                ("'>f8'", bytes(&|value| value.to_be_bytes().to_vec())),
            ] {
                let file = file(descriptor, fortran, "(2, 3)", &data);
                let read: Array2<f64> = with_axes(floats(&file).unwrap(), &["row", "column"]).unwrap();
                assert_eq!(read, expected, "{descriptor} {fortran}");
                assert!(read.is_standard_layout());
                let single = floats::<f32>(&file).unwrap();
                assert_eq!(single.mapv(f64::from), expected.clone().into_dyn());
            }
        }
        let mut written = Vec::new();
        Array1::from(vec![0.1_f32, f32::NAN]).write_npy(&mut written).unwrap();
        let read = floats::<f32>(&written).unwrap();
        assert!(read[0].to_bits() == 0.1_f32.to_bits() && read[1].is_nan());
        assert_eq!(floats::<f64>(&file("'<f8'", false, "()", &2.0_f64.to_le_bytes())).unwrap()[[]], 2.0);
    }

    #[test]
    fn what_is_no_array_of_floats_is_named_as_what_it_is() {
        let told = |bytes: &[u8]| floats::<f32>(bytes).unwrap_err();
        let whole = file("'<f4'", false, "(2,)", &[0; 8]);
        assert_eq!(told(b"some text of a file"), "it is not a NumPy array");
        assert_eq!(told(b"\x93NU"), "it is truncated");
        assert_eq!(told(&whole[..whole.len() - 3]), "it is truncated");
        assert_eq!(told(&[&whole[..], b"more"].concat()), "there is more data than its array");
        assert_eq!(told(&file("'<f8'", false, "(9999999999999, 9999999999999)", &[0; 8])), "it is truncated");
        for (descriptor, name) in [
            ("'<i8'", "int64"),
            ("'|u1'", "uint8"),
            ("'|b1'", "bool"),
            ("'<c8'", "complex64"),
            ("'<f16'", "float128, which is not supported"),
            ("'<U3'", "text"),
            ("'|O'", "Python objects"),
            ("'|V2'", "of type |V2"),
        ] {
            let expected = format!("its values are {name}, not floating-point numbers");
            assert_eq!(told(&file(descriptor, false, "(1,)", &[0; 16])), expected);
        }
    }

    #[test]
    fn channels_that_come_last_are_turned_and_said() {
        let turned = |shape: &[usize]| {
            let array = ArrayD::from_shape_fn(shape, |at| at.slice().to_vec());
            let (array, said) = channels_first(array);
            (array.shape().to_vec(), array, said)
        };
        let (shape, array, said) = turned(&[8, 6, 3]);
        assert_eq!((&shape[..], &array[[2, 7, 5]][..]), (&[3, 8, 6][..], &[7, 5, 2][..]));
        assert_eq!(said.unwrap(), "its shape [8, 6, 3] is read as [H, W, C], with the channels last");
        let (shape, array, said) = turned(&[5, 8, 6, 4]);
        assert_eq!((&shape[..], &array[[4, 2, 7, 5]][..]), (&[5, 4, 8, 6][..], &[4, 7, 5, 2][..]));
        assert!(said.unwrap().contains("[N, H, W, C]"));
        for kept in [&[3, 8, 4][..], &[1, 1, 1], &[8, 6, 2], &[2, 3, 8, 3], &[8, 3], &[3]] {
            assert_eq!(turned(kept).0, kept);
            assert_eq!(turned(kept).2, None);
        }
    }

    #[test]
    fn a_missing_axis_is_named() {
        let names = ["batch", "channels", "height", "width"];
        let four =
            |shape: &[usize]| with_axes::<f32, ndarray::Ix4>(ArrayD::zeros(shape), &names).map(|array| array.dim());
        assert_eq!(four(&[1, 2, 3, 4]), Ok((1, 2, 3, 4)));
        let needed = "but 4 are needed (batch, channels, height, width)";
        let missing = format!("it has 3 axes, {needed}; where the batch axis is missing, save array[None] instead");
        assert_eq!(four(&[2, 3, 4]), Err(missing));
        assert_eq!(four(&[4]), Err(format!("it has 1 axis, {needed}")));
        assert_eq!(four(&[1; 5]), Err(format!("it has 5 axes, {needed}")));
    }
}

use super::FormatError;
use super::table::list_of_log_snr;
use super::{COLUMNS, ScheduleTable};
use crate::reading::no_array;
use crate::schedule::{LevelList, MAX_STEPS};
use ndarray::{Array1, Array2, ArrayD, Ix1, Ix2};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};

/// The table as a NumPy file: f64, `[N + 1, 6]`, columns as in [`COLUMNS`].
pub fn write_npy(table: &ScheduleTable) -> Result<Vec<u8>, FormatError> {
    let rows = table.rows.iter().enumerate().flat_map(|(step, row)| row.values(step));
    let fault = |error: &dyn std::fmt::Display| FormatError::Npy(format!("the array could not be made ({error})"));
    let array = Array2::from_shape_vec((table.rows.len(), COLUMNS.len()), rows.collect()).map_err(|e| fault(&e))?;
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).map_err(|e| fault(&e))?;
    Ok(bytes)
}

/// The levels of a NumPy file: one dimension is a list of σ, `[N + 1, 6]` is [`write_npy`]'s table.
pub fn read_npy(bytes: &[u8]) -> Result<LevelList, FormatError> {
    let array = ArrayD::<f64>::read_npy(bytes)
        .or_else(|_| ArrayD::<f32>::read_npy(bytes).map(|array| array.mapv(f64::from)))
        .map_err(|error| {
            let why = no_array(&error);
            FormatError::Npy(format!("it is not a NumPy array of floating-point numbers ({why}); save σ as float64"))
        })?;
    if array.shape().first().is_some_and(|&rows| rows > MAX_STEPS + 1) {
        return Err(FormatError::TooLong { limit: MAX_STEPS + 1 });
    }
    let shape = array.shape().to_vec();
    if let Ok(list) = array.clone().into_dimensionality::<Ix1>() {
        let list: Array1<f64> = list;
        return if list.is_empty() { Err(FormatError::Empty) } else { Ok(LevelList::of_sigmas(list.to_vec())) };
    }
    match array.into_dimensionality::<Ix2>() {
        Ok(table) if table.ncols() == COLUMNS.len() && table.nrows() > 0 => {
            Ok(list_of_log_snr(&table.column(4).to_vec()))
        }
        _ => Err(FormatError::Npy(format!(
            "its shape is {shape:?}; a list of σ has one dimension, and a table of Chromascope {} columns",
            COLUMNS.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::formats::TableRow;
    use crate::theory::NoiseLevel;

    #[test]
    fn arrays_come_back_and_strangers_are_refused() {
        let row = |t: f64, log_snr: f64| TableRow { t, level: NoiseLevel::from_log_snr(log_snr), timestep: f64::NAN };
        let table = ScheduleTable { rows: vec![row(1.0, f64::NEG_INFINITY), row(0.5, -1.25), row(0.0, f64::INFINITY)] };
        let list = read_npy(&write_npy(&table).unwrap()).unwrap();
        assert_eq!((list.values[0], list.values[2]), (f64::INFINITY, 0.0));
        assert!((NoiseLevel::from_sigma(list.values[1]).log_snr() + 1.25).abs() < 1e-15);
        let bytes = |array: Array1<f32>| {
            let mut bytes = Vec::new();
            array.write_npy(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(read_npy(&bytes(Array1::from(vec![2.0, 0.5]))).unwrap().values, [2.0, 0.5]);
        assert_eq!(read_npy(&bytes(Array1::from(vec![]))).unwrap_err(), FormatError::Empty);
        assert!(matches!(read_npy(&bytes(Array1::zeros(1_000_000))), Err(FormatError::TooLong { .. })));
        assert!(read_npy(b"sigma").unwrap_err().to_string().contains("not a NumPy array"));
        let mut square = Vec::new();
        Array2::<f64>::zeros((2, 3)).write_npy(&mut square).unwrap();
        assert!(read_npy(&square).unwrap_err().to_string().starts_with("its shape is [2, 3]"));
    }
}

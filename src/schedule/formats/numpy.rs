use super::table::{FLOW_COLUMN, kind_of_name, of_columns};
use super::{COLUMNS, FormatError, ScheduleTable};
use crate::reading::npy;
use crate::schedule::{LevelList, ListKind, MAX_STEPS};
use crate::words::count;
use ndarray::{Array2, ArrayD, Ix2};
use ndarray_npy::WriteNpyExt;
use std::io::{Cursor, Read};

/// The table as a NumPy file: f64, `[N + 1, 6]`, columns as in [`COLUMNS`], or `[N + 1, 7]` with [`FLOW_COLUMN`] last.
pub fn write_npy(table: &ScheduleTable) -> Result<Vec<u8>, FormatError> {
    let rows = (0..table.rows.len()).flat_map(|step| table.cells(step));
    let fault = |error: &dyn std::fmt::Display| FormatError::Npy(format!("the array could not be made ({error})"));
    let array =
        Array2::from_shape_vec((table.rows.len(), table.columns().len()), rows.collect()).map_err(|e| fault(&e))?;
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).map_err(|e| fault(&e))?;
    Ok(bytes)
}

/// The levels of a NumPy file: one dimension, or a single row or column, is a list of σ; [`write_npy`]'s table has more.
pub fn read_npy(bytes: &[u8]) -> Result<LevelList, FormatError> {
    let array = npy::numbers(bytes)
        .map_err(|why| FormatError::Npy(format!("it is not a NumPy array of numbers ({why}); save σ as float64")))?;
    levels_of(array, ListKind::ModelSigma)
}

/// The levels of a NumPy archive with a single array. Its name may say what they are: `alpha_bar`, `timesteps`, `flow_time`;
/// any other name is that of σ.
pub fn read_npz(bytes: &[u8]) -> Result<LevelList, FormatError> {
    /// Most bytes of an array that is read.
    const MOST: u64 = 1 << 20;
    let fault = |error: &dyn std::fmt::Display| FormatError::Npy(format!("it is not a NumPy archive ({error})"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| fault(&error))?;
    if archive.len() != 1 {
        let found = count(archive.len(), "array");
        return Err(FormatError::Npy(format!(
            "it holds {found}; save the list of σ alone, with numpy.savez or numpy.save"
        )));
    }
    let file = archive.by_index(0).map_err(|error| fault(&error))?;
    let name = file.name().trim_end_matches(".npy").to_owned();
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).map_err(|error| fault(&error))?;
    let array = npy::numbers(&bytes).map_err(|why| {
        FormatError::Npy(format!("its array {name} is not one of numbers ({why}); save σ as float64"))
    })?;
    levels_of(array, kind_of_name(&name))
}

fn levels_of(array: ArrayD<f64>, kind: ListKind) -> Result<LevelList, FormatError> {
    if array.shape().first().is_some_and(|&rows| rows > MAX_STEPS + 1) {
        return Err(FormatError::TooLong { limit: MAX_STEPS + 1 });
    }
    let shape = array.shape().to_vec();
    if shape.iter().filter(|&&length| length != 1).count() <= 1 {
        let values: Vec<f64> = array.iter().copied().collect();
        return if values.is_empty() { Err(FormatError::Empty) } else { Ok(LevelList { kind, values }) };
    }
    let names: Vec<&str> = COLUMNS.into_iter().chain([FLOW_COLUMN]).collect();
    match array.into_dimensionality::<Ix2>() {
        Ok(table) if [COLUMNS.len(), names.len()].contains(&table.ncols()) && table.nrows() > 0 => {
            let at =
                |wanted: &[&str]| names.iter().position(|name| wanted.contains(name)).filter(|&at| at < table.ncols());
            of_columns(|wanted| at(wanted).map(|at| Ok(table.column(at).to_vec())))
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
    use crate::schedule::GivenValue;
    use crate::schedule::formats::TableRow;
    use crate::theory::NoiseLevel;
    use ndarray::Array1;
    use ndarray_npy::NpzWriter;

    #[test]
    fn arrays_come_back_and_strangers_are_refused() {
        let level = NoiseLevel::from_log_snr;
        let row = |t: f64, log_snr: f64| TableRow { t, level: level(log_snr), timestep: f64::NAN, given: None };
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

    #[test]
    fn whole_numbers_are_numbers_too() {
        let mut bytes = Vec::new();
        Array1::from(vec![999_i64, 749, 499, 249]).write_npy(&mut bytes).unwrap();
        assert_eq!(read_npy(&bytes).unwrap().values, [999.0, 749.0, 499.0, 249.0]);
        let mut bytes = Vec::new();
        Array1::from(vec![14_u8, 0]).write_npy(&mut bytes).unwrap();
        assert_eq!(read_npy(&bytes).unwrap().values, [14.0, 0.0]);
    }

    #[test]
    fn a_table_of_flow_times_has_one_more_column() {
        let given = |value: f64| Some(GivenValue { kind: ListKind::FlowTime, value });
        let level = NoiseLevel::from_flow_time;
        let row = |value: f64| TableRow { t: 0.0, level: level(value), timestep: f64::NAN, given: given(value) };
        let times = [1.0, 0.6509, 0.00031, 0.0];
        let table = ScheduleTable { rows: times.map(row).to_vec() };
        let list = read_npy(&write_npy(&table).unwrap()).unwrap();
        assert_eq!(list, LevelList { kind: ListKind::FlowTime, values: times.to_vec() });
        assert_eq!(ScheduleTable::read_csv(&table.to_csv()).unwrap(), list);
        assert_eq!(ScheduleTable::read_json(&table.to_json()).unwrap(), list);
    }

    #[test]
    fn an_archive_is_read_where_it_holds_one_array() {
        let archive = |arrays: &[&str]| {
            let mut bytes = Vec::new();
            let mut writer = NpzWriter::new_compressed(Cursor::new(&mut bytes));
            for name in arrays {
                writer.add_array(*name, &Array1::from(vec![900.5, 3.25, 0.0])).unwrap();
            }
            writer.finish().unwrap();
            bytes
        };
        let kind = |name: &str| read_npz(&archive(&[name])).unwrap().kind;
        assert_eq!(read_npz(&archive(&["sigmas"])).unwrap().values, [900.5, 3.25, 0.0]);
        assert_eq!(
            [kind("arr_0"), kind("timesteps"), kind("flow_time")],
            [ListKind::ModelSigma, ListKind::Timestep, ListKind::FlowTime]
        );
        let two = read_npz(&archive(&["a", "b"])).unwrap_err().to_string();
        assert!(two.contains("2 arrays"), "{two}");
        assert!(read_npz(b"PK").is_err());
    }
}

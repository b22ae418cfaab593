use super::*;
use crate::figure::{Reading, TimeAxis, TimeView};
use crate::schedule::ModelSchedule;
use crate::session::heat_map::Normalisation;
use crate::theory::NoiseLevel;
use proptest::prelude::*;

/// Four steps with flow times 1, 0.9, 0.5, 0.1 and 0.
fn axis() -> TimeAxis {
    let levels = [1.0, 0.9, 0.5, 0.1, 0.0].map(NoiseLevel::from_flow_time).to_vec();
    let model = ModelSchedule::Flow { num_train_timesteps: 1000, shift: 1.0 };
    TimeAxis::of_levels(levels, vec![1000.0, 900.0, 500.0, 100.0], &model)
}

fn grid(placement: Placement, columns: &[Option<[f64; 5]>]) -> PowerGrid {
    PowerGrid {
        name: "PSD of x_t".into(),
        rows: Rows::Frequencies,
        frequency: vec![0.0, 0.1, 0.2, 0.3, 0.4],
        columns: columns.iter().map(|column| column.map(|column| Arc::from(column.as_slice()))).collect(),
        placement,
    }
}

fn decibels(placement: Placement, normalisation: Normalisation) -> Arc<Decibels> {
    let columns = [Some([1e9, 10.0, 1.0, 0.1, 0.0]), None, Some([0.0, 1e3, 10.0, f64::NAN, 1e-2])];
    Arc::new(Decibels::new(&grid(placement, &columns), normalisation))
}

fn map(reading: Reading, placement: Placement, scale: FrequencyScale) -> HeatMap {
    let (axis, cells) = (axis(), decibels(placement, Normalisation::None));
    let time = TimeView::whole(&axis, reading);
    heat_map(HeatMapFigure { on: OnAxis::own(time), cells: &cells, scale, range: None, colour_map: ColourMap::Inferno })
}

#[test]
fn densities_are_in_decibels_and_gaps_stay_gaps() {
    let none = decibels(Placement::Around, Normalisation::None);
    assert_eq!((none.columns(), none.rows(), none.is_empty()), (3, 5, false));
    let values: Vec<Option<f32>> = (0..5).map(|row| none.get(0, row)).collect();
    assert_eq!(values, [Some(90.0), Some(10.0), Some(0.0), Some(-10.0), Some(-300.0)]);
    assert_eq!([none.get(1, 2), none.get(2, 3), none.get(3, 0), none.get(2, 1)], [None, None, None, Some(30.0)]);
    // Frequency 0 and unknown densities are not part of the ranges.
    let ranges = DensityRanges { extremes: (-20.0, 30.0), fitting: (-20.0, 30.0) };
    assert_eq!(none.ranges(1, &[1.0; 4]), Some(ranges));
    let nothing = Decibels::new(&grid(Placement::Around, &[None, Some([f64::NAN; 5])]), Normalisation::Step);
    assert!(nothing.is_empty() && nothing.ranges(0, &[1.0; 5]).is_none());
}

#[test]
fn levels_are_octaves_with_names() {
    let column = |scale: f64| Some(Arc::from([7.0 * scale, 4.0 * scale, 2.0 * scale, scale].as_slice()));
    let grid = PowerGrid {
        name: "‖B_m ε_c‖".into(),
        rows: Rows::Levels(3),
        frequency: vec![0.0, 0.032, 0.096, 0.289],
        columns: vec![column(1.0), None, column(0.0)],
        placement: Placement::Around,
    };
    let cells = Arc::new(Decibels::new(&grid, Normalisation::None));
    let axis = axis();
    let time = TimeView::whole(&axis, Reading::Step);
    // They are octaves on any frequency axis.
    let [map, linear] = [FrequencyScale::Log, FrequencyScale::Linear].map(|scale| {
        heat_map(HeatMapFigure {
            on: OnAxis::own(time),
            cells: &cells,
            scale,
            range: None,
            colour_map: ColourMap::Inferno,
        })
    });
    assert_eq!(map, linear);
    let edges: Vec<f64> = map.row_edges.iter().map(|edge| 10.0_f64.powf(*edge)).collect();
    for (edge, expected) in edges.iter().zip([0.5 / 27.0, 0.5 / 9.0, 0.5 / 3.0, 0.5]) {
        assert!((edge - expected).abs() < 1e-12, "{edges:?}");
    }
    let names: Vec<&str> = map.y_axis.ticks.iter().map(|tick| tick.label.as_str()).collect();
    assert_eq!((names, map.wavelengths.len()), (vec!["9 px", "3 px", "1 px"], 0));
    let at = |tick: usize, step| map.at(axis.x_of_step(step, Reading::Step), map.y_axis.ticks[tick].at).unwrap();
    let finest = at(2, 0.1);
    assert_eq!((finest.level, finest.decibels), (Some(0), Some(0.0)));
    assert_eq!((at(0, 0.1).level, at(0, 1.0).decibels, at(0, 3.0).decibels), (Some(2), None, Some(NOTHING)));

    let one = PowerGrid { frequency: vec![0.0, 0.25], columns: vec![Some(Arc::from([1.0, 1.0].as_slice()))], ..grid };
    let cells = Arc::new(Decibels::new(&one, Normalisation::None));
    let of = HeatMapFigure {
        on: OnAxis::own(time),
        cells: &cells,
        scale: FrequencyScale::Log,
        range: None,
        colour_map: ColourMap::Grey,
    };
    assert_eq!(heat_map(of).row_edges.len(), 2, "a level alone has its row");
}

#[test]
fn what_is_normalised_has_its_greatest_at_0_db() {
    let step = decibels(Placement::Around, Normalisation::Step);
    assert_eq!([step.get(0, 1), step.get(0, 3), step.get(2, 1)], [Some(0.0), Some(-20.0), Some(0.0)]);
    let frequency = decibels(Placement::Around, Normalisation::Frequency);
    let at = |column, row| frequency.get(column, row).unwrap();
    assert_eq!([at(0, 1), at(2, 1), at(0, 2), at(2, 2), at(0, 3)], [-20.0, 0.0, -10.0, 0.0, 0.0]);
    assert_eq!(at(2, 4), 0.0);
}

#[test]
fn the_range_that_fits_leaves_out_what_little_is_seen_of() {
    let mut columns = vec![[1.0, 1.0, 1.0, 1.0, 1.0]; 100];
    columns[0][1] = 1e20;
    columns[1][1] = 1e-20;
    for (index, column) in columns.iter_mut().enumerate() {
        column[2] = 10.0_f64.powf(-(index as f64) / 30.0);
    }
    let columns: Vec<_> = columns.into_iter().map(Some).collect();
    let cells = Decibels::new(&grid(Placement::Around, &columns), Normalisation::None);
    let fitting = |heights: [f64; 4]| cells.ranges(1, &heights).unwrap().fitting;
    assert_eq!(cells.ranges(1, &[1.0; 4]).unwrap().extremes, (-200.0, 200.0));
    // Eight in a hundred of a row of four, which falls by a third of a dB per column, are two of all.
    assert_eq!(fitting([1.0; 4]), (-35.0, 0.0));
    assert_eq!(fitting([0.0, 1.0, 0.01, 0.01]), (-35.0, 0.0));
    // One column in a hundred is beyond each end.
    assert_eq!(fitting([4.0, 0.0, 0.0, 0.0]), (0.0, 10.0));
}

#[test]
fn columns_stand_around_steps_or_between_them() {
    let around = map(Reading::Step, Placement::Around, FrequencyScale::Log);
    assert_eq!(around.column_edges, [0.0, 0.125, 0.375, 1.0]);
    let within = map(Reading::Step, Placement::Within, FrequencyScale::Log);
    assert_eq!(within.column_edges, [0.0, 0.25, 0.5, 0.75]);
    // Like the playhead: finished steps, from 0.
    let read = [0.01, 0.24, 0.26, 0.74].map(|x| within.at(x, -0.5).unwrap().steps);
    assert_eq!(read, [(0, 0), (0, 0), (1, 1), (2, 2)]);
    let between = map(Reading::Step, Placement::Between, FrequencyScale::Log);
    assert_eq!(between.column_edges, [0.0, 0.25, 0.5, 0.75]);
    assert_eq!(between.at(0.6, -0.5).unwrap().steps, (2, 3));
    assert!(between.at(0.8, -0.5).is_none());
    // From one flow time to the next, on an axis in timesteps.
    let between = map(Reading::Timestep, Placement::Between, FrequencyScale::Log);
    for (edge, expected) in between.column_edges.iter().zip([0.0, 0.1, 0.5, 0.9]) {
        assert!((edge - expected).abs() < 1e-12);
    }
}

#[test]
fn frequencies_have_their_rings() {
    let log = map(Reading::Step, Placement::Around, FrequencyScale::Log);
    assert_eq!((log.first_row, log.row_edges.len()), (1, 5));
    let at = |map: &HeatMap, f: f64, scale| map.at(0.05, place_of(f, scale)).map(|cell| cell.frequency);
    let scale = FrequencyScale::Log;
    assert_eq!(
        [0.06, 0.08, 0.14, 0.142, 0.4].map(|f| at(&log, f, scale)),
        [None, Some(0.1), Some(0.1), Some(0.2), Some(0.4)]
    );
    let linear = map(Reading::Step, Placement::Around, FrequencyScale::Linear);
    let scale = FrequencyScale::Linear;
    assert_eq!(
        [0.0, 0.04, 0.06, 0.44, 0.46].map(|f| at(&linear, f, scale)),
        [Some(0.0), Some(0.0), Some(0.1), Some(0.4), None]
    );
    let labels = |ticks: &[Tick]| ticks.iter().map(|tick| tick.label.clone()).collect::<Vec<_>>();
    assert_eq!(labels(&log.wavelengths), ["8", "4"]);
    assert_eq!(linear.wavelengths.iter().map(|tick| tick.at).collect::<Vec<_>>(), [0.125, 0.25]);
    assert!(labels(&linear.y_axis.ticks).contains(&"0.2".to_owned()));
    let (low, high) = log.y_axis.range;
    assert!(log.y_axis.ticks.iter().all(|tick| (low..=high).contains(&tick.at)));
}

#[test]
fn pixels_show_the_cells_under_their_centres() {
    let map = map(Reading::Step, Placement::Between, FrequencyScale::Linear);
    let places = map.places(8, 9);
    assert_eq!(places.columns, [0, 0, 1, 1, 2, 2, NOWHERE, NOWHERE]);
    assert_eq!((places.rows[0], places.rows[8]), (4, 0));
    assert!(places.rows.windows(2).all(|pair| pair[0] >= pair[1]));
    let picture = map.picture((8, 9), [9, 9, 9]);
    assert_eq!((picture.get_pixel(2, 4).0, picture.get_pixel(7, 0).0), ([9, 9, 9], [9, 9, 9]));
    let table = colour_table(ColourMap::Inferno);
    assert_eq!((picture.get_pixel(1, 0).0, picture.get_pixel(0, 8).0), (table[0], table[255]));
    assert_eq!(map.range, (-20.0, 90.0));
    assert!(map.places(0, 0).columns.is_empty());
}

#[test]
fn cells_of_another_run_stand_at_their_own_noise_levels() {
    let cells = decibels(Placement::Between, Normalisation::None);
    let own = axis();
    let levels = [-12.0, -5.0, -2.0, 0.0, 1.0, 4.0, 6.0, 9.0].map(NoiseLevel::from_log_snr).to_vec();
    let shared = TimeAxis::of_steps(levels, vec![0.0; 7]);
    for reading in Reading::ALL {
        let time = TimeView::whole(&shared, reading);
        let on = OnAxis::new(time, &own);
        let map = heat_map(HeatMapFigure {
            on,
            cells: &cells,
            scale: FrequencyScale::Log,
            range: None,
            colour_map: ColourMap::Grey,
        });
        for (edge, &x) in map.column_edges.iter().enumerate().skip(1) {
            let (here, there) = (time.level_at(x), own.level_at(edge as f64));
            assert!((here.log_snr() - there.log_snr()).abs() < 1e-9, "{reading:?}: edge {edge} at {here:?}");
        }
        // Its first step begins in pure noise, which the axis does not reach.
        assert_eq!((map.column_edges[0], on.beyond()), (0.0, 1));
        let middle = on.x_of(2.5).unwrap();
        assert_eq!(map.at(middle, 0.2_f64.log10()).map(|cell| cell.steps), Some((2, 3)));
        assert!(map.at(1.0 - 1e-9, 0.2_f64.log10()).is_none(), "the axis goes on where the cells end");
    }
}

#[test]
fn differences_have_zero_in_the_middle() {
    let (axis, cells) = (axis(), decibels(Placement::Around, Normalisation::None));
    let time = TimeView::whole(&axis, Reading::Sigma);
    let from = HeatMapFigure {
        on: OnAxis::own(time),
        cells: &cells,
        scale: FrequencyScale::Log,
        range: None,
        colour_map: ColourMap::Difference,
    };
    assert_eq!(heat_map(from).range, (-30.0, 30.0));
    let given = HeatMapFigure { range: Some((-1.0, 3.0)), ..from };
    assert_eq!(heat_map(given).range, (-1.0, 3.0));
    assert_eq!(heat_map(given).bar_ticks(4).len(), 5);
}

#[test]
fn a_grid_without_rings_does_no_harm() {
    let axis = axis();
    for frequency in [vec![], vec![0.0], vec![0.0, 0.5]] {
        let grid = PowerGrid { columns: vec![None; 3], frequency, ..grid(Placement::Around, &[]) };
        let cells = Arc::new(Decibels::new(&grid, Normalisation::Frequency));
        for scale in FrequencyScale::ALL {
            let time = TimeView::whole(&axis, Reading::Step);
            let from =
                HeatMapFigure { on: OnAxis::own(time), cells: &cells, scale, range: None, colour_map: ColourMap::Grey };
            let map = heat_map(from);
            assert!(map.at(0.5, map.y_axis.range.0).is_none_or(|cell| cell.decibels.is_none()));
            assert_eq!(map.places(4, 4).rows.len(), 4);
            assert_eq!(map.picture((3, 3), [0; 3]).dimensions(), (3, 3));
        }
    }
}

proptest! {
    #[test]
    fn every_pixel_has_the_cell_that_is_read_there(
        zoom in 0.0..0.7_f64, width in 1_usize..60, height in 1_usize..60, which in 0_usize..6, log: bool, placed in 0_usize..3,
    ) {
        let axis = axis();
        let placement = [Placement::Around, Placement::Within, Placement::Between][placed];
        let scale = if log { FrequencyScale::Log } else { FrequencyScale::Linear };
        let cells = decibels(placement, Normalisation::None);
        let time = TimeView { range: (zoom, zoom + 0.3), ..TimeView::whole(&axis, Reading::ALL[which]) };
        let map = heat_map(HeatMapFigure { on: OnAxis::own(time), cells: &cells, scale, range: None, colour_map: ColourMap::Turbo });
        let places = map.places(width, height);
        let (low, high) = map.y_axis.range;
        for (px, &column) in places.columns.iter().enumerate() {
            for (py, &row) in places.rows.iter().enumerate() {
                let x = zoom + (px as f64 + 0.5) / width as f64 * (zoom + 0.3 - zoom);
                let y = high - (py as f64 + 0.5) / height as f64 * (high - low);
                let read = map.at(x, y).map(|cell| cell.steps.0);
                let drawn = usize::try_from(column).ok().filter(|_| row >= 0);
                prop_assert_eq!(read, drawn);
            }
        }
    }
}

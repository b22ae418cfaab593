use super::Fft2;
use ndarray::ArrayView1;
use rustfft::num_complex::Complex64;
use std::f64::consts::PI;

/// What the pixels are weighted with before a spectrum is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Window {
    /// Nothing: the image is taken as periodic, and the jump from one edge to the opposite one counts as content.
    #[default]
    None,
    /// `sin²(πy/H)·sin²(πx/W)`, the periodic Hann window, divided by its root mean square, so that white noise still
    /// reads its variance. It spreads every frequency to the next ones along each side: of a square image the mean reaches
    /// ring 1 and no further. A side of one pixel is left alone.
    Hann,
}

/// A window by rows and columns; empty for none.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Weights {
    rows: Vec<f64>,
    columns: Vec<f64>,
}

impl Weights {
    pub(super) fn new(window: Window, fft: &Fft2) -> Self {
        let (height, width) = fft.size();
        match window {
            Window::None => Self::default(),
            Window::Hann => Self { rows: hann(height), columns: hann(width) },
        }
    }

    /// Row `y` of an image, weighted.
    pub(super) fn load<T: Copy + Into<f64>>(&self, row: ArrayView1<T>, y: usize, to: &mut [f64]) {
        match row.as_slice() {
            Some(row) => to.iter_mut().zip(row).for_each(|(to, &pixel)| *to = pixel.into()),
            None => to.iter_mut().zip(row).for_each(|(to, &pixel)| *to = pixel.into()),
        }
        if let Some(&weight) = self.rows.get(y) {
            to.iter_mut().zip(&self.columns).for_each(|(to, column)| *to *= weight * column);
        }
    }

    /// The same of two images, `a + i·b`.
    pub(super) fn load_pair<T: Copy + Into<f64>>(&self, [a, b]: [ArrayView1<T>; 2], y: usize, to: &mut [Complex64]) {
        let put = |(to, (&a, &b)): (&mut Complex64, (&T, &T))| *to = Complex64::new(a.into(), b.into());
        match (a.as_slice(), b.as_slice()) {
            (Some(a), Some(b)) => to.iter_mut().zip(a.iter().zip(b)).for_each(put),
            _ => to.iter_mut().zip(a.iter().zip(&b)).for_each(put),
        }
        if let Some(&weight) = self.rows.get(y) {
            to.iter_mut().zip(&self.columns).for_each(|(to, column)| *to *= weight * column);
        }
    }
}

/// The window over `n` pixels, of mean square 1.
fn hann(n: usize) -> Vec<f64> {
    if n < 2 {
        return vec![1.0; n];
    }
    let values: Vec<f64> = (0..n).map(|i| (PI * i as f64 / n as f64).sin().powi(2)).collect();
    let scale = (values.iter().map(|value| value * value).sum::<f64>() / n as f64).sqrt();
    values.into_iter().map(|value| value / scale).collect()
}

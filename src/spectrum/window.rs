use super::Fft2;
use ndarray::ArrayView1;
use rustfft::num_complex::Complex64;
use std::f64::consts::PI;
use std::ops::Mul;

/// The weights of the pixels before a spectrum is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Window {
    /// No window: the image is periodic, and the jump from one edge to the opposite one counts as content.
    #[default]
    None,
    /// `sin²(πy/H)·sin²(πx/W)`, the periodic Hann window, divided by its root mean square, so that the density of white
    /// noise is still its variance. It spreads every frequency to its neighbours along each side: in a square image the mean
    /// reaches ring 1 and no further. A side of one pixel is not weighted.
    Hann,
}

impl Window {
    /// The Hann window or no window.
    #[must_use]
    pub const fn hann_if(hann: bool) -> Self {
        if hann { Self::Hann } else { Self::None }
    }
}

/// A window by rows and columns; empty for no window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct WindowWeights {
    rows: Vec<f64>,
    columns: Vec<f64>,
}

impl WindowWeights {
    pub(super) fn new(window: Window, fft: &Fft2) -> Self {
        let (height, width) = fft.size();
        match window {
            Window::None => Self::default(),
            Window::Hann => Self { rows: hann(height), columns: hann(width) },
        }
    }

    /// Row `y` of an image, windowed.
    pub(super) fn load<T: Copy + Into<f64>>(&self, row: ArrayView1<T>, y: usize, to: &mut [f64]) {
        match row.as_slice() {
            Some(row) => self.put(row.iter().map(|&pixel| pixel.into()), y, to),
            None => self.put(row.iter().map(|&pixel| pixel.into()), y, to),
        }
    }

    /// The same for two images, `a + i·b`.
    pub(super) fn load_pair<T: Copy + Into<f64>>(&self, [a, b]: [ArrayView1<T>; 2], y: usize, to: &mut [Complex64]) {
        let value = |(&a, &b): (&T, &T)| Complex64::new(a.into(), b.into());
        match (a.as_slice(), b.as_slice()) {
            (Some(a), Some(b)) => self.put(a.iter().zip(b).map(value), y, to),
            _ => self.put(a.iter().zip(&b).map(value), y, to),
        }
    }

    fn put<U: Mul<f64, Output = U>>(&self, values: impl Iterator<Item = U>, y: usize, to: &mut [U]) {
        let pairs = to.iter_mut().zip(values);
        match self.rows.get(y) {
            None => pairs.for_each(|(to, value)| *to = value),
            Some(row) => pairs.zip(&self.columns).for_each(|((to, value), column)| *to = value * (row * column)),
        }
    }
}

/// The window over `n` pixels, with mean square 1.
fn hann(n: usize) -> Vec<f64> {
    if n < 2 {
        return vec![1.0; n];
    }
    let values: Vec<f64> = (0..n).map(|i| (PI * i as f64 / n as f64).sin().powi(2)).collect();
    let scale = (values.iter().map(|value| value * value).sum::<f64>() / n as f64).sqrt();
    values.into_iter().map(|value| value / scale).collect()
}

//! Colours of latents by a linear map of their channels: a picture of latents that costs nothing.

use crate::model::pipeline::LatentCode;
use crate::words::count;
use ndarray::{Array1, Array2, Array4, ArrayView3, ArrayView4, Axis, s};

/// Least ratio of pixels to unknowns of a fit.
const LEAST_PIXELS: usize = 4;
/// Share of the mean variance of a channel that is added to each one's, so that channels which never vary get no weight.
const RIDGE: f64 = 1e-10;

/// Red, green and blue of a latent as weighted sums of its channels and a bias, about within ±1.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearColours {
    /// `[C, 3]`.
    factors: Array2<f32>,
    bias: [f32; 3],
    from: ColoursFrom,
}

/// Where a map to colours comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColoursFrom {
    /// Published for the autoencoder of these models.
    Published(&'static str),
    /// Fitted to decoded images.
    Fitted {
        /// Decoded images.
        images: usize,
        /// Latent pixels of them.
        pixels: usize,
    },
}

/// What is published for one autoencoder, which is recognised by its constants.
struct Published {
    models: &'static str,
    scaling_factor: f64,
    shift_factor: f64,
    factors: &'static [[f32; 3]],
    bias: [f32; 3],
}

/// Of the denoiser's latents, to ±1. From ComfyUI's `comfy/latent_formats.py` (`latent_rgb_factors` and their bias), where each
/// was fitted on images.
const PUBLISHED: [Published; 4] = [
    Published {
        models: "Stable Diffusion 1 and 2",
        scaling_factor: 0.18215,
        shift_factor: 0.0,
        factors: &[
            [0.3512, 0.2297, 0.3227],
            [0.3250, 0.4974, 0.2350],
            [-0.2829, 0.1762, 0.2721],
            [-0.2120, -0.2616, -0.7177],
        ],
        bias: [0.0; 3],
    },
    Published {
        models: "Stable Diffusion XL",
        scaling_factor: 0.13025,
        shift_factor: 0.0,
        factors: &[
            [0.3651, 0.4232, 0.4341],
            [-0.2533, -0.0042, 0.1068],
            [0.1076, 0.1111, -0.0362],
            [-0.3165, -0.2492, -0.2188],
        ],
        bias: [0.1084, -0.0175, -0.0011],
    },
    Published {
        models: "Stable Diffusion 3",
        scaling_factor: 1.5305,
        shift_factor: 0.0609,
        factors: &[
            [-0.0922, -0.0175, 0.0749],
            [0.0311, 0.0633, 0.0954],
            [0.1994, 0.0927, 0.0458],
            [0.0856, 0.0339, 0.0902],
            [0.0587, 0.0272, -0.0496],
            [-0.0006, 0.1104, 0.0309],
            [0.0978, 0.0306, 0.0427],
            [-0.0042, 0.1038, 0.1358],
            [-0.0194, 0.0020, 0.0669],
            [-0.0488, 0.0130, -0.0268],
            [0.0922, 0.0988, 0.0951],
            [-0.0278, 0.0524, -0.0542],
            [0.0332, 0.0456, 0.0895],
            [-0.0069, -0.0030, -0.0810],
            [-0.0596, -0.0465, -0.0293],
            [-0.1448, -0.1463, -0.1189],
        ],
        bias: [0.2394, 0.2135, 0.1925],
    },
    Published {
        models: "FLUX",
        scaling_factor: 0.3611,
        shift_factor: 0.1159,
        factors: &[
            [-0.0346, 0.0244, 0.0681],
            [0.0034, 0.0210, 0.0687],
            [0.0275, -0.0668, -0.0433],
            [-0.0174, 0.0160, 0.0617],
            [0.0859, 0.0721, 0.0329],
            [0.0004, 0.0383, 0.0115],
            [0.0405, 0.0861, 0.0915],
            [-0.0236, -0.0185, -0.0259],
            [-0.0245, 0.0250, 0.1180],
            [0.1008, 0.0755, -0.0421],
            [-0.0515, 0.0201, 0.0011],
            [0.0428, -0.0012, -0.0036],
            [0.0817, 0.0765, 0.0749],
            [-0.1264, -0.0522, -0.1103],
            [-0.0280, -0.0881, -0.0499],
            [-0.1262, -0.0982, -0.0778],
        ],
        bias: [-0.0329, -0.0718, -0.0851],
    },
];

impl LinearColours {
    /// What is published for an autoencoder with these constants; `None` for any other, whose colours are fitted.
    #[must_use]
    pub fn published(code: &LatentCode) -> Option<Self> {
        let same = |a: f64, b: f64| (a - b).abs() < 1e-6;
        let published = PUBLISHED.iter().find(|published| {
            published.factors.len() == code.channels
                && code.scaling_factor.is_some_and(|factor| same(factor, published.scaling_factor))
                && same(code.shift_factor, published.shift_factor)
        })?;
        let factors = published.factors;
        Some(Self {
            factors: Array2::from_shape_fn((factors.len(), 3), |(channel, colour)| factors[channel][colour]),
            bias: published.bias,
            from: ColoursFrom::Published(published.models),
        })
    }

    /// The best linear map from latents to their decoded images, pooled to the latents' size: `[B, C, h, w]` and
    /// `[B, 3, H, W]` of each step. `None` where there is too little to fit.
    #[must_use]
    pub fn fit(decoded: &[(ArrayView4<f32>, ArrayView4<f32>)]) -> Option<Self> {
        let mut fit = ColourFit::new(decoded.first()?.0.dim().1);
        for (latents, images) in decoded {
            for (latents, image) in latents.axis_iter(Axis(0)).zip(images.axis_iter(Axis(0))) {
                fit.add(latents, image);
            }
        }
        fit.colours()
    }

    /// Channels of the latents.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.factors.nrows()
    }

    /// Where it comes from.
    #[must_use]
    pub const fn from(&self) -> ColoursFrom {
        self.from
    }

    /// The same, for people.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self.from {
            ColoursFrom::Published(models) => format!("published colours of the latents of {models}"),
            ColoursFrom::Fitted { images, pixels } => {
                format!("colours fitted on {} ({})", count(images, "decoded image"), count(pixels, "latent pixel"))
            }
        }
    }

    /// Colours of latents, `[B, C, h, w]` to `[B, 3, h, w]`, about within ±1.
    #[must_use]
    pub fn apply(&self, latents: ArrayView4<f32>) -> Array4<f32> {
        let (samples, channels, height, width) = latents.dim();
        let mut colours = Array4::zeros([samples, 3, height, width]);
        for (latents, mut colours) in latents.axis_iter(Axis(0)).zip(colours.axis_iter_mut(Axis(0))) {
            for (colour, mut plane) in colours.axis_iter_mut(Axis(0)).enumerate() {
                plane.fill(self.bias[colour]);
                for channel in 0..channels.min(self.channels()) {
                    plane.scaled_add(self.factors[[channel, colour]], &latents.index_axis(Axis(0), channel));
                }
            }
        }
        colours
    }
}

/// The normal equations of a map to colours, to which decoded images are added as they come.
#[derive(Clone, Debug)]
pub struct ColourFit {
    /// Sums of latents, of colours, of products of latents, and of latents by colours.
    latents: Array1<f64>,
    colours: Array1<f64>,
    squares: Array2<f64>,
    products: Array2<f64>,
    images: usize,
    pixels: usize,
}

impl ColourFit {
    /// Of nothing yet.
    #[must_use]
    pub fn new(channels: usize) -> Self {
        Self {
            latents: Array1::zeros(channels),
            colours: Array1::zeros(3),
            squares: Array2::zeros((channels, channels)),
            products: Array2::zeros((channels, 3)),
            images: 0,
            pixels: 0,
        }
    }

    /// Adds latents `[C, h, w]` and their decoded image `[3, H, W]`, whose sides are multiples of theirs. Others are left
    /// out.
    pub fn add(&mut self, latents: ArrayView3<f32>, image: ArrayView3<f32>) {
        let (channels, height, width) = latents.dim();
        let (colours, rows, columns) = image.dim();
        let fits = channels == self.latents.len() && colours == 3 && height > 0 && width > 0;
        if !fits || rows % height != 0 || columns % width != 0 {
            return;
        }
        let (tall, wide) = (rows / height, columns / width);
        let pixels = height * width;
        let x = Array2::from_shape_fn((pixels, channels), |(pixel, channel)| {
            f64::from(latents[[channel, pixel / width, pixel % width]])
        });
        let y = Array2::from_shape_fn((pixels, 3), |(pixel, colour)| {
            let (y, x) = (pixel / width * tall, pixel % width * wide);
            let block = image.slice(s![colour, y..y + tall, x..x + wide]);
            block.iter().map(|&value| f64::from(value)).sum::<f64>() / (tall * wide) as f64
        });
        self.latents += &x.sum_axis(Axis(0));
        self.colours += &y.sum_axis(Axis(0));
        self.squares += &x.t().dot(&x);
        self.products += &x.t().dot(&y);
        self.images += 1;
        self.pixels += pixels;
    }

    /// The best map so far; `None` while there are too few pixels for its unknowns.
    #[must_use]
    pub fn colours(&self) -> Option<LinearColours> {
        let channels = self.latents.len();
        if self.pixels < LEAST_PIXELS * (channels + 1) {
            return None;
        }
        let count = self.pixels as f64;
        let (mean_x, mean_y) = (&self.latents / count, &self.colours / count);
        let outer =
            |a: &Array1<f64>, b: &Array1<f64>| a.clone().insert_axis(Axis(1)).dot(&b.clone().insert_axis(Axis(0)));
        let mut covariance = &self.squares / count - outer(&mean_x, &mean_x);
        let right = &self.products / count - outer(&mean_x, &mean_y);
        let ridge = RIDGE * covariance.diag().sum().max(0.0) / channels as f64;
        covariance.diag_mut().mapv_inplace(|variance| variance.max(0.0) + ridge);
        let weights = if ridge > 0.0 { solve(covariance, right)? } else { Array2::zeros((channels, 3)) };
        let bias = &mean_y - &mean_x.dot(&weights);
        Some(LinearColours {
            factors: weights.mapv(|weight| weight as f32),
            bias: [0, 1, 2].map(|colour| bias[colour] as f32),
            from: ColoursFrom::Fitted { images: self.images, pixels: self.pixels },
        })
    }
}

/// Solves a·x = b for a positive definite matrix, by Cholesky's method; `None` if it is not one.
fn solve(mut a: Array2<f64>, mut b: Array2<f64>) -> Option<Array2<f64>> {
    let n = a.nrows();
    for j in 0..n {
        let pivot = a[[j, j]] - a.slice(s![j, ..j]).mapv(|value| value * value).sum();
        if pivot <= 0.0 || !pivot.is_finite() {
            return None;
        }
        a[[j, j]] = pivot.sqrt();
        for i in j + 1..n {
            let rest = a[[i, j]] - a.slice(s![i, ..j]).dot(&a.slice(s![j, ..j]));
            a[[i, j]] = rest / a[[j, j]];
        }
    }
    for mut column in b.columns_mut() {
        for i in 0..n {
            column[i] = (column[i] - a.slice(s![i, ..i]).dot(&column.slice(s![..i]))) / a[[i, i]];
        }
        for i in (0..n).rev() {
            let after = a.slice(s![i + 1.., i]).dot(&column.slice(s![i + 1..]));
            column[i] = (column[i] - after) / a[[i, i]];
        }
    }
    Some(b)
}

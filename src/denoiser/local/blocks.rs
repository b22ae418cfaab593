//! Images eight at a time, and their squared distances to a state, summed over every pixel's window.

use crate::denoiser::ImageShape;
use crate::denoiser::empirical::ImageSet;

/// Images a block. All inner loops go over them, which the compiler turns into wide instructions.
pub(super) const LANES: usize = 8;

/// The same value for each image of a block.
pub(super) type Lanes<T> = [T; LANES];

/// An [`ImageSet`] as blocks of [`LANES`] images, those of a class one after the other.
pub(super) struct Blocks {
    /// Size of every image.
    pub(super) shape: ImageShape,
    /// `[block][pixel][channel]`.
    bytes: Vec<Lanes<u8>>,
    /// Class of every image, where it has one, in the order of the blocks. The last block may have empty lanes.
    labels: Vec<Option<i64>>,
}

/// A block with images to choose from.
pub(super) struct Member {
    block: usize,
    /// Added to the distances: 0, or ∞ in lanes that are not to be chosen from.
    bias: Lanes<f64>,
}

impl Blocks {
    pub(super) fn new(images: &ImageSet) -> Self {
        let shape = images.shape;
        let label = |index: usize| images.labels.get(index).copied();
        let mut order: Vec<usize> = (0..images.len()).collect();
        order.sort_by_key(|&index| label(index));
        let mut bytes = vec![[0; LANES]; order.len().div_ceil(LANES) * shape.len()];
        let area = shape.height * shape.width;
        for (place, &index) in order.iter().enumerate() {
            let (block, lane) = (place / LANES, place % LANES);
            let target = &mut bytes[block * shape.len()..][..shape.len()];
            for (channel, plane) in images.image(index).chunks_exact(area).enumerate() {
                for (pixel, &byte) in plane.iter().enumerate() {
                    target[pixel * shape.channels + channel][lane] = byte;
                }
            }
        }
        Self { shape, bytes, labels: order.into_iter().map(label).collect() }
    }

    /// The blocks that hold images of `class`, or all.
    pub(super) fn members(&self, class: Option<i64>) -> Vec<Member> {
        let member = |(block, labels): (usize, &[Option<i64>])| {
            let mut bias = [f64::INFINITY; LANES];
            for (bias, label) in bias.iter_mut().zip(labels) {
                if class.is_none() || *label == class {
                    *bias = 0.0;
                }
            }
            bias.contains(&0.0).then_some(Member { block, bias })
        };
        self.labels.chunks(LANES).enumerate().filter_map(member).collect()
    }

    /// `[pixel][channel]` of one block.
    fn bytes(&self, member: &Member) -> &[Lanes<u8>] {
        &self.bytes[member.block * self.shape.len()..][..self.shape.len()]
    }
}

/// What a call asks of every image.
pub(super) struct Query {
    /// `x_t + √ᾱ`, `[pixel][channel]`: from it only `√ᾱ/127.5` times the byte is to be taken away.
    pub(super) shifted: Vec<f64>,
    /// `√ᾱ/127.5`.
    pub(super) per_byte: f64,
    /// Pixels of the window to each side of its centre.
    pub(super) radius: usize,
}

/// Memory for the running sums of one block, kept from block to block.
pub(super) struct WindowSums<'a> {
    query: &'a Query,
    shape: ImageShape,
    /// `Σ_c (x_t − √ᾱ·x_i)²` of the rows in the window, `[row mod rows][x]`.
    terms: Vec<Lanes<f64>>,
    /// Their sum over these rows, `[x]`.
    columns: Vec<Lanes<f64>>,
}

impl<'a> WindowSums<'a> {
    pub(super) fn new(query: &'a Query, shape: ImageShape) -> Self {
        let rows = (2 * query.radius + 1).min(shape.height);
        let (terms, columns) = (vec![[0.0; LANES]; rows * shape.width], vec![[0.0; LANES]; shape.width]);
        Self { query, shape, terms, columns }
    }

    /// Calls `each` for every pixel with its index, the distances over its window, and the bytes `[channel]` there.
    ///
    /// Sums run in f64: rows and columns that have left them leave rounding behind, which `1/(2(1−ᾱ))` must not make large.
    pub(super) fn for_each_pixel(
        &mut self,
        blocks: &Blocks,
        member: &Member,
        mut each: impl FnMut(usize, &Lanes<f64>, &[Lanes<u8>]),
    ) {
        let ImageShape { channels, height, width } = self.shape;
        let bytes = blocks.bytes(member);
        self.columns.fill([0.0; LANES]);
        for row in 0..self.query.radius.min(height) {
            self.enter(row, bytes);
        }
        for y in 0..height {
            if let Some(row) = y.checked_sub(self.query.radius + 1) {
                self.leave(row);
            }
            if y + self.query.radius < height {
                self.enter(y + self.query.radius, bytes);
            }
            let row = &bytes[y * width * channels..][..width * channels];
            window_row(&self.columns, self.query.radius, member.bias, |x, sums| {
                each(y * width + x, sums, &row[x * channels..][..channels]);
            });
        }
    }

    /// The place of a row in `terms`.
    fn place(&self, row: usize) -> std::ops::Range<usize> {
        let begin = row * self.shape.width % self.terms.len();
        begin..begin + self.shape.width
    }

    fn enter(&mut self, row: usize, bytes: &[Lanes<u8>]) {
        let (place, length) = (self.place(row), self.shape.width * self.shape.channels);
        let values = self.query.shifted[row * length..][..length].chunks_exact(self.shape.channels);
        let bytes = bytes[row * length..][..length].chunks_exact(self.shape.channels);
        for (((term, column), values), bytes) in
            self.terms[place].iter_mut().zip(&mut self.columns).zip(values).zip(bytes)
        {
            let mut sum = [0.0; LANES];
            for (&value, bytes) in values.iter().zip(bytes) {
                for (sum, &byte) in sum.iter_mut().zip(bytes) {
                    let difference = value - self.query.per_byte * f64::from(byte);
                    *sum += difference * difference;
                }
            }
            *term = sum;
            *column = added(column, &sum);
        }
    }

    fn leave(&mut self, row: usize) {
        let place = self.place(row);
        for (column, term) in self.columns.iter_mut().zip(&self.terms[place]) {
            *column = taken_away(column, term);
        }
    }
}

/// Sums of `columns` over the window of every x, beginning from `bias`.
fn window_row(columns: &[Lanes<f64>], radius: usize, bias: Lanes<f64>, mut each: impl FnMut(usize, &Lanes<f64>)) {
    let mut sums = bias;
    for column in columns.iter().take(radius) {
        sums = added(&sums, column);
    }
    for x in 0..columns.len() {
        if let Some(column) = columns.get(x + radius) {
            sums = added(&sums, column);
        }
        if x > radius {
            sums = taken_away(&sums, &columns[x - radius - 1]);
        }
        each(x, &sums);
    }
}

/// By value, as for the compiler what is added might lie in the same memory as the sum.
#[inline]
fn added(sum: &Lanes<f64>, term: &Lanes<f64>) -> Lanes<f64> {
    let mut added = *sum;
    for (sum, term) in added.iter_mut().zip(term) {
        *sum += term;
    }
    added
}

#[inline]
fn taken_away(sum: &Lanes<f64>, term: &Lanes<f64>) -> Lanes<f64> {
    let mut left = *sum;
    for (sum, term) in left.iter_mut().zip(term) {
        *sum -= term;
    }
    left
}

//! What the figures say.

use super::{Figures, distance, is_usual};
use crate::theory::Parameterization;
use std::cmp::Ordering;

/// The conclusion of a check. Conventions are listed with the most likely first.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The convention in use fits; so do these, which the check cannot tell from it.
    Fits(Vec<Parameterization>),
    /// The convention in use does not fit, but these do.
    DoesNotFit(Vec<Parameterization>),
    /// No convention is in use yet; these fit.
    Suggests(Vec<Parameterization>),
    /// Nothing contradicts the convention in use, and nothing but the fields speaks for it and for these.
    CannotTell(Vec<Parameterization>),
}

/// The mean logarithm of the figures on images from which a network recognises them.
const RECOGNISED: f64 = -0.15;
/// The part of the best score that makes another convention as good as it. Few steps make simple images even at wrong times.
const ALIKE: f64 = 0.6;
/// The most that each of them may then be. At the least noise a network may still err by more than the noise.
const MOST_ON_IMAGES: [f64; 4] = [2.2, 1.1, 1.3, 1.3];
/// The most on a field of pure noise, where the estimate is near a mean.
const MOST_AT_NOISE: f64 = 3.0;
/// Figures on fields up to which a convention fits.
const FITS: [f64; 5] = [1.3, 1.3, 1.45, 1.7, 2.2];
/// Figures on fields up to which nothing contradicts it.
const PASSES: [f64; 5] = [1.6, 1.6, 1.8, 2.2, 4.0];
/// A figure below which a better one says no more.
const LEAST: f64 = 0.05;

fn mean_log(figures: &[f64]) -> f64 {
    figures.iter().map(|off| off.max(LEAST).ln()).sum::<f64>() / figures.len() as f64
}

fn within(figures: &[f64], most: &[f64]) -> bool {
    figures.iter().zip(most).all(|(off, most)| off <= most)
}

/// The score on images, if the network recognises them.
pub(super) fn recognised(of: &Figures) -> Option<f64> {
    let images = of.images.filter(|images| within(images, &MOST_ON_IMAGES) && of.fields[4] <= MOST_AT_NOISE)?;
    Some(mean_log(&images)).filter(|score| *score < RECOGNISED)
}

/// The least error first: on images, then on fields.
pub(super) fn order(a: &Figures, b: &Figures) -> Ordering {
    let key = |of: &Figures| (recognised(of).unwrap_or(0.0), mean_log(&of.fields[..4]));
    let (a, b) = (key(a), key(b));
    a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
}

/// Those that fit about as well as the best, and how much worse than the best is still that.
fn group(figures: &[Figures]) -> (Vec<&Figures>, bool) {
    let on_images: Vec<(&Figures, f64)> =
        figures.iter().filter_map(|of| recognised(of).map(|score| (of, score))).collect();
    if let Some(best) = on_images.iter().map(|(_, score)| *score).min_by(f64::total_cmp) {
        let most = ALIKE * best;
        return (on_images.into_iter().filter(|(_, score)| *score <= most).map(|(of, _)| of).collect(), true);
    }
    let fitting: Vec<&Figures> = figures.iter().filter(|of| within(&of.fields, &FITS)).collect();
    let score = |of: &Figures| mean_log(&of.fields[..4]);
    let best = fitting.iter().map(|of| score(of)).min_by(f64::total_cmp).unwrap_or(0.0);
    (fitting.into_iter().filter(|of| score(of) <= best + 0.25).collect(), false)
}

/// The conclusion from the figures of each convention.
#[must_use]
pub fn judge(set: Option<Parameterization>, figures: &[Figures]) -> Verdict {
    let (mut group, on_images) = group(figures);
    // The fewest words to change first, then what most networks are.
    let rank = |of: &Figures| {
        let far = set.map_or(0, |set| 2 * distance(&set, &of.words));
        (far + 1).saturating_sub(usize::from(is_usual(&of.words)))
    };
    group.sort_by(|a, b| rank(a).cmp(&rank(b)).then(order(a, b)));
    let is_set = |of: &&Figures| set.is_some_and(|set| distance(&set, &of.words) == 0);
    let others = || group.iter().filter(|of| !is_set(of)).map(|of| of.words).collect::<Vec<_>>();
    let Some(of_set) = figures.iter().find(is_set) else {
        return if set.is_none() && !group.is_empty() && on_images {
            Verdict::Suggests(others())
        } else {
            Verdict::CannotTell(others())
        };
    };
    let fits = group.iter().any(is_set);
    let contradicted = if on_images { !nearly(of_set, &group) } else { !within(&of_set.fields, &PASSES) };
    // Read as EDM's F, almost any output is a fair estimate of a field. That alone is no reason for a warning.
    let tells = !group.is_empty() && (on_images || group.iter().any(|of| is_usual(&of.words)));
    match (fits, on_images) {
        (true, true) => Verdict::Fits(others()),
        (true, false) if group.len() == 1 => Verdict::Fits(Vec::new()),
        (false, _) if contradicted && tells => Verdict::DoesNotFit(others()),
        _ => Verdict::CannotTell(others()),
    }
}

/// Whether a convention that is not among the best on images is close to them.
fn nearly(of: &Figures, group: &[&Figures]) -> bool {
    let best = group.iter().filter_map(|of| recognised(of)).min_by(f64::total_cmp).unwrap_or(0.0);
    let Some(images) = of.images else { return false };
    mean_log(&images) <= 0.7 * ALIKE * best && of.fields[4] <= MOST_AT_NOISE
}

use super::{MAX_BATCH, MEMORY_LIMIT, PrepareError};
use crate::sampler::SamplerKind;
use crate::schedule::ScheduleError;
use crate::session::Trajectory;
use crate::session::settings::{ModelSource, RunSettings};

/// Most threads inside one operator.
const MAX_THREADS: usize = 256;

/// Checks what can be judged from the settings alone.
pub(super) fn numbers(settings: &RunSettings) -> Result<(), PrepareError> {
    let setting = |text: String| Err(PrepareError::Setting(text));
    if settings.steps == 0 {
        return Err(ScheduleError::NoSteps.into());
    }
    if settings.batch == 0 || settings.batch > MAX_BATCH {
        return setting(format!("--batch {} is not possible; it must be between 1 and {MAX_BATCH}", settings.batch));
    }
    if settings.threads == Some(0) || settings.partition == Some(0) {
        return setting("--threads and --partition must be at least 1".into());
    }
    if let Some(threads) = settings.threads.filter(|&threads| threads > MAX_THREADS) {
        return setting(format!("--threads {threads} is too many; at most {MAX_THREADS} can be of use"));
    }
    if settings.first_sample.checked_add(settings.batch as u64).is_none() {
        return setting(format!(
            "the first sample is number {}, which is past the last there can be",
            settings.first_sample
        ));
    }
    if let Some(upsample) = settings.upsample {
        // Sizes are multiplied by it.
        super::compose::check_upsample(upsample)?;
    }
    if let Some(eta) = settings.eta {
        if settings.sampler.usual_eta().is_none() {
            let with = SamplerKind::names("and", |method| method.kind.usual_eta().is_some());
            return setting(format!("--eta has no meaning for {}; it belongs to {with}", settings.sampler));
        }
        if !(0.0..=1.0).contains(&eta) {
            return setting(format!("--eta {eta} is out of range; it must be between 0 and 1"));
        }
    }
    if let Some(window) = &settings.local {
        window.check().map_err(|error| PrepareError::Setting(format!("--local: {error}")))?;
    }
    if let ModelSource::Images(_) = settings.source {
        let ports = &settings.ports;
        let named =
            [&ports.sample, &ports.timestep, &ports.class_labels, &ports.output].into_iter().any(Option::is_some);
        if settings.prediction.is_some() || settings.null_label.is_some() || named {
            return setting(
                "--prediction, --null-label and the names of inputs and outputs have no meaning for a folder of images; \
                 leave them out"
                    .into(),
            );
        }
    }
    let churn = settings.churn;
    let numbers = [churn.amount, churn.sigma_min, churn.noise];
    if numbers.iter().any(|value| !value.is_finite() || *value < 0.0)
        || churn.sigma_max.is_nan()
        || churn.sigma_max < churn.sigma_min
    {
        return setting("the churn of heun needs numbers of 0 or more, and --s-tmax not below --s-tmin".into());
    }
    if churn.sigma_min > 0.0 && churn.amount == 0.0 {
        return setting("--s-tmin has no meaning without --s-churn, which it limits; leave it out".into());
    }
    if churn.amount > 0.0 && !settings.sampler.has_churn() {
        let with = SamplerKind::names("and", |method| method.kind.has_churn());
        return setting(format!("--s-churn has no meaning for {}; it belongs to {with}", settings.sampler));
    }
    Ok(())
}

/// Checks that what the run keeps has room.
/// `parts` is how many each estimate is made of.
pub(super) fn memory(steps: usize, shape: [usize; 4], parts: usize) -> Result<(), PrepareError> {
    let bytes = Trajectory::bytes(steps, shape, parts);
    let allowed = available().map_or(MEMORY_LIMIT, |available| MEMORY_LIMIT.min(available / 5 * 2));
    if bytes <= allowed {
        return Ok(());
    }
    let [batch, _, height, width] = shape;
    Err(PrepareError::Setting(format!(
        "this run would keep {:.1} GB (steps: {steps}, images: {batch}, {height}x{width} each), more than the {:.1} GB \
         allowed; use fewer steps, a smaller --batch or a smaller --size",
        bytes as f64 / 1e9,
        allowed as f64 / 1e9
    )))
}

/// Memory that other programs leave, bytes, where the system tells. Of it a run takes two fifths at most, as writing its
/// archive takes about as much again.
fn available() -> Option<usize> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let told = std::fs::read_to_string("/proc/meminfo").ok()?;
    available_in(&told)
}

fn available_in(told: &str) -> Option<usize> {
    let line = told.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_memory_that_is_left_is_read() {
        let told = "MemTotal:       24689764 kB\nMemFree: 1 kB\nMemAvailable:   23000000 kB\nBuffers: 2 kB\n";
        assert_eq!(available_in(told), Some(23_000_000 * 1024));
        assert_eq!((available_in(""), available_in("MemAvailable: many")), (None, None));
        if cfg!(target_os = "linux") {
            assert!(available().is_some_and(|bytes| bytes > 1 << 20));
        }
    }
}

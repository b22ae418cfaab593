//! Frame times, and how often to draw while a run is in progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// With a software renderer, drawing may use this share of the time while a run is in progress.
const SHARE: u32 = 10;
/// Rest between the frames of a run on a graphics card: news is shown 40 times a second, and the model has its threads.
const REST: f64 = 0.025;
/// The interval between measurements of a whole frame.
const EVERY: Duration = Duration::from_secs(3);
/// Weight of a new measurement.
const WEIGHT: f64 = 0.3;

/// Measures frames. The program's threads and egui share the rest through [`Meter::rest`].
#[derive(Debug)]
pub struct Meter {
    software: bool,
    /// Time of this program in a frame, seconds.
    own: f64,
    /// Time between two frames, seconds; only with a software renderer.
    whole: f64,
    began: Instant,
    /// The next frame follows at once.
    measuring: bool,
    measured: Option<Instant>,
    rest: Arc<AtomicU64>,
}

impl Meter {
    /// `software`: whether frames are drawn on the CPU, which the model also needs.
    #[must_use]
    pub fn new(software: bool) -> Self {
        Self {
            software,
            own: 0.0,
            whole: 0.0,
            began: Instant::now(),
            measuring: false,
            measured: None,
            rest: Arc::default(),
        }
    }

    /// Microseconds a thread with news should wait before it asks for a frame.
    #[must_use]
    pub fn rest(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.rest)
    }

    /// A frame begins; `busy`: a run is in progress. Returns whether the next frame must follow at once, to be
    /// measured.
    pub fn begin(&mut self, busy: bool) -> bool {
        let now = Instant::now();
        if self.measuring {
            let took = (now - self.began).as_secs_f64();
            self.whole = if self.whole == 0.0 { took } else { (1.0 - WEIGHT) * self.whole + WEIGHT * took };
            self.measured = Some(now);
        }
        self.began = now;
        self.measuring = self.software && busy && self.measured.is_none_or(|when| now - when > EVERY);
        let rest = match (busy, self.software) {
            (false, _) => 0.0,
            (true, false) => REST,
            (true, true) => REST.max(f64::from(SHARE - 1) * self.whole),
        };
        #[allow(clippy::cast_sign_loss)] // times are not negative
        self.rest.store((1e6 * rest.min(1.0)) as u64, Ordering::Relaxed);
        self.measuring
    }

    /// Logic and views of the frame are done; tessellation and drawing follow.
    pub fn end(&mut self) {
        let took = self.began.elapsed().as_secs_f64();
        self.own = if self.own == 0.0 { took } else { (1.0 - WEIGHT) * self.own + WEIGHT * took };
    }

    /// Time of logic and views in a frame, milliseconds.
    #[must_use]
    pub fn own_ms(&self) -> f64 {
        1e3 * self.own
    }
}

/// Whether a renderer of this name draws on the CPU.
#[must_use]
pub fn is_software(name: &str) -> bool {
    let name = name.to_lowercase();
    ["llvmpipe", "softpipe", "swrast", "swiftshader", "lavapipe", "software", "basic render"]
        .iter()
        .any(|software| name.contains(software))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hardware_rests_a_little_while_a_run_is_going() {
        let mut meter = Meter::new(false);
        for _ in 0..3 {
            assert!(!meter.begin(true), "hardware need not be measured");
            assert_eq!(meter.rest().load(Ordering::Relaxed), 25_000);
        }
        meter.begin(false);
        assert_eq!(meter.rest().load(Ordering::Relaxed), 0);
    }

    #[test]
    fn software_rests_nine_times_as_long_as_it_draws() {
        let mut meter = Meter::new(true);
        assert!(!meter.begin(false), "nothing goes on");
        assert!(meter.begin(true), "the first frame of a run is measured");
        std::thread::sleep(Duration::from_millis(5));
        assert!(!meter.begin(true), "and then not for a while");
        let rest = meter.rest().load(Ordering::Relaxed);
        assert!((45_000..=1_000_000).contains(&rest), "{rest} µs");
        meter.end();
        assert!(meter.own_ms() >= 0.0);
    }

    #[test]
    fn software_renderers_are_known_by_name() {
        for name in ["llvmpipe (LLVM 15.0.6, 256 bits)", "Google SwiftShader", "Microsoft Basic Render Driver"] {
            assert!(is_software(name), "{name}");
        }
        assert!(!is_software("NVIDIA GeForce RTX 4090/PCIe/SSE2"));
    }
}

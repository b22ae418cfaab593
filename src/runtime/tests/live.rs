//! Live runs: what they reuse, what they show first, and which of them are made.

use super::*;
use crate::sampler::Churn;
use crate::session::{SamplerKind, Snapshot};
use ndarray::Array4;

/// A run over log-SNRs 0, 1, … with those from `first` on moved by `by`.
fn moved(model: &str, steps: usize, first: usize, by: f64) -> RunSettings {
    let log_snr = |level: usize| level as f64 + if level >= first { by } else { 0.0 };
    let list: Vec<String> = (0..=steps).map(|level| log_snr(level).to_string()).collect();
    RunSettings { spacing: Some(list.join(" ")), ..settings(model, steps) }
}

/// All step events of one request.
struct Told {
    taken_over: usize,
    steps: Vec<(Arc<Snapshot>, Arc<Array4<f32>>)>,
    calls: usize,
}

impl Stage {
    /// All events of a request, to its end.
    #[track_caller]
    fn told(&self, ask: impl FnOnce(&Runtime) -> RunId) -> Told {
        let before = self.entered();
        let id = ask(&self.runtime);
        let mut told = Told { taken_over: 0, steps: Vec::new(), calls: 0 };
        wait_until(|| {
            while let Some(event) = self.runtime.next_event() {
                match event {
                    Event::Run { id: of, news } if of == id => match news {
                        RunNews::Started(started) => told.taken_over = started.taken_over,
                        RunNews::Step { snapshot, state } => told.steps.push((snapshot, state)),
                        RunNews::Ended { end, .. } => {
                            assert_eq!(end, RunEnd::Complete);
                            return true;
                        }
                        _ => {}
                    },
                    other => panic!("{other:?}"),
                }
            }
            false
        });
        told.calls = self.entered() - before;
        told
    }

    fn live(&self, settings: RunSettings) -> Told {
        self.told(|runtime| runtime.run_live(settings))
    }

    fn made_anew(&self, settings: RunSettings) -> Told {
        self.told(|runtime| runtime.run(settings, Pace::Going))
    }
}

#[track_caller]
fn assert_same_bits(here: &Told, there: &Told) {
    let bits = |values: &Array4<f32>| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    assert_eq!(here.steps.len(), there.steps.len());
    for ((here, here_state), (there, there_state)) in here.steps.iter().zip(&there.steps) {
        assert_eq!((here.step, here.level, here.timestep), (there.step, there.level, there.timestep));
        for (here, there) in
            [(&here.x_t, &there.x_t), (&here.x0, &there.x0), (&here.eps, &there.eps), (&**here_state, &**there_state)]
        {
            assert_eq!(bits(here), bits(there));
        }
    }
}

/// The samplers, each with some randomness.
fn methods() -> impl Iterator<Item = RunSettings> {
    let all = SamplerKind::ALL.map(|sampler| (sampler, None, 0.0));
    let more = [(SamplerKind::Ddim, Some(0.7), 0.0), (SamplerKind::Heun, None, 3.0)];
    all.into_iter().chain(more).map(|(sampler, eta, amount)| {
        let churn = Churn { amount, ..Churn::default() };
        RunSettings { sampler: sampler.into(), eta, churn, ..settings("a", 0) }
    })
}

#[test]
fn what_is_taken_over_is_what_would_be_made_to_the_bit() {
    for method in methods() {
        let with = |change: RunSettings| RunSettings { steps: change.steps, spacing: change.spacing, ..method.clone() };
        let what = format!("{:?} {:?} {:?}", method.sampler, method.eta, method.churn.amount);
        let stage = stage(Gate::opened(), 64);
        stage.made_anew(with(moved("a", 20, 99, 0.0)));
        // Dragged at the end, at the start, back, and on.
        for first in [17, 5, 12, 17] {
            let by = 0.01 * first as f64;
            let settings = with(moved("a", 20, first, by));
            let live = stage.live(settings.clone());
            let fresh = super::stage(Gate::opened(), 64).made_anew(settings);
            assert_same_bits(&live, &fresh);
            assert!(live.taken_over < first, "{what}: {} of {first}", live.taken_over);
            let row = method.sampler.or_ddim().method();
            let in_step = |step: usize| *row.first_evaluations.get(step).unwrap_or(&row.evaluations);
            let calls = |steps: std::ops::Range<usize>| steps.map(in_step).sum::<usize>();
            assert_eq!((live.calls, fresh.calls), (calls(live.taken_over..20), calls(0..20)), "{what}");
        }
        assert_eq!(stage.live(with(moved("a", 20, 17, 0.17))).calls, 0, "{what}: nothing changed");
    }
}

#[test]
fn the_number_of_steps_matters_where_a_method_looks_at_it() {
    for method in methods() {
        for (before, after) in [(20, 16), (16, 20), (16, 14), (14, 16)] {
            let with = |steps| RunSettings { steps, ..method.clone() };
            let stage = stage(Gate::opened(), 64);
            stage.made_anew(with(before));
            let live = stage.live(with(after));
            assert_same_bits(&live, &super::stage(Gate::opened(), 64).made_anew(with(after)));
            let all: usize = before.min(after);
            let expected = match method.sampler.or_ddim().kind {
                SamplerKind::Heun if method.churn.amount > 0.0 => 0,
                // The fourteenth of fourteen steps is of first order, and the one before it of second at most.
                SamplerKind::DpmSolverPp2M
                | SamplerKind::DpmSolverPp2MHeun
                | SamplerKind::DpmSolver2M
                | SamplerKind::DpmSolver2MSde
                | SamplerKind::Deis
                    if all < 15 =>
                {
                    all - 1
                }
                SamplerKind::DpmSolverPp3M | SamplerKind::DpmSolver3M | SamplerKind::Deis3M if all < 15 => all - 2,
                // Its order falls over the last steps of every run.
                SamplerKind::UniPc | SamplerKind::UniPcBh1 | SamplerKind::SaSolver => all - 1,
                SamplerKind::UniPc3 => all - 2,
                _ => all,
            };
            assert_eq!(live.taken_over, expected, "{:?} {before} {after}", method.sampler);
        }
    }
}

#[test]
fn a_drag_near_the_end_costs_the_last_steps() {
    let stage = stage(Gate::opened(), 64);
    stage.made_anew(settings("a", 50));
    for by in [0.1, 0.2, 0.3] {
        let live = stage.live(moved("a", 50, 36, by));
        assert_eq!((live.taken_over, live.calls, live.steps.len()), (35, 15, 50));
    }
    // An ordinary run reuses nothing, and a live one after it does.
    assert_eq!(stage.made_anew(moved("a", 50, 36, 0.3)).calls, 50);
    assert_eq!(stage.live(moved("a", 50, 40, 0.3)).taken_over, 35);
}

#[test]
fn another_seed_sampler_or_model_takes_nothing_over() {
    let plain = settings("a", 8);
    for changed in [
        RunSettings { seed: 1, ..plain.clone() },
        RunSettings { sampler: SamplerKind::Euler.into(), ..plain.clone() },
        RunSettings { eta: Some(0.5), ..plain.clone() },
        RunSettings { label: Some(1), ..plain.clone() },
        RunSettings { batch: 2, ..plain.clone() },
        settings("b", 8),
    ] {
        let stage = stage(Gate::opened(), 64);
        stage.made_anew(plain.clone());
        let live = stage.live(changed);
        assert_eq!((live.taken_over, live.calls), (0, 8));
        assert_eq!(stage.live(plain.clone()).taken_over, 0);
        assert_eq!(stage.live(plain.clone()).taken_over, 8);
        stage.runtime.forget_model();
        assert_eq!(stage.live(plain.clone()).taken_over, 0, "its files may have changed");
    }
}

#[test]
fn steps_beyond_the_budget_are_made_again() {
    // Four values in seven f32 or f64: x_t, x0, eps, state, and the state in f64; and first the initial state.
    let (step, initial) = (4 * (4 * 4 + 8), 4 * 8);
    let limits = RuntimeLimits { events: 64, last_run: initial + 3 * step + step / 2 };
    let stage = with_limits(Gate::opened(), limits, no_library);
    stage.made_anew(settings("a", 8));
    for (first, kept) in [(99, 3), (99, 3), (2, 1), (99, 1), (99, 3)] {
        let live = stage.live(moved("a", 8, first, 0.5));
        assert_eq!((live.taken_over, live.steps.len()), (kept, 8), "{first}");
    }
    let nothing = with_limits(Gate::opened(), RuntimeLimits { events: 64, last_run: 7 }, no_library);
    nothing.made_anew(settings("a", 8));
    assert_eq!(nothing.live(settings("a", 8)).taken_over, 0);
}

#[test]
fn a_panic_leaves_nothing_to_take_over() {
    let stage = stage(Gate::opened(), 64);
    stage.made_anew(settings("a", 6));
    stage.gate.panics_at.store(6 + 2, Ordering::SeqCst);
    stage.runtime.run_live(moved("a", 6, 3, 0.5));
    wait_until(|| {
        let news = std::iter::from_fn(|| stage.runtime.next_event());
        news.into_iter().any(|event| word(&event).contains("told to"))
    });
    assert_eq!(stage.live(settings("a", 6)).taken_over, 0);
}

#[test]
fn a_stopped_or_cancelled_run_leaves_what_it_made() {
    let stage = stage(Gate::default(), 64);
    stage.gate.passes.store(4, Ordering::SeqCst);
    stage.runtime.run(settings("a", 9), Pace::Going);
    wait_until(|| stage.entered() == 5);
    stage.runtime.stop();
    stage.words_until("1: stopped");
    stage.gate.open.store(true, Ordering::SeqCst);
    assert_eq!(stage.live(moved("a", 9, 7, 0.5)).taken_over, 4);
}

/// A worker whose slow model is known to be slow: a preview of 6 steps, as many as fit into 200 ms at 30 ms per step, or fewer if
/// the machine is busy.
fn slow() -> Stage {
    let stage = stage(Gate::opened(), 64);
    stage.runtime.run(settings("slow", 3), Pace::Going);
    stage.words_until("1: complete");
    stage
}

#[test]
fn a_coarse_pass_comes_first_when_the_model_is_slow() {
    let stage = slow();
    let before = stage.entered();
    let fresh = super::stage(Gate::opened(), 64).made_anew(moved("a", 30, 5, 0.5));
    stage.runtime.run_live(moved("slow", 30, 5, 0.5));
    let (mut words, mut coarse, mut told) = (Vec::new(), None, Told { taken_over: 0, steps: Vec::new(), calls: 0 });
    wait_until(|| {
        while let Some(event) = stage.runtime.next_event() {
            words.push(word(&event));
            match event {
                Event::Run { news: RunNews::Coarse(pass), .. } => coarse = Some(pass),
                Event::Run { news: RunNews::Step { snapshot, state }, .. } => told.steps.push((snapshot, state)),
                _ => {}
            }
        }
        words.last().is_some_and(|word| word == "2: complete")
    });
    // The three steps of the previous run, the preview of the rest, and the rest.
    let pass = coarse.unwrap();
    let count = pass.snapshots.len();
    assert!((2..=6).contains(&count), "{count}");
    assert_eq!(words[..4], ["2: started 30", "2: step 0", "2: step 1", "2: step 2"]);
    assert_eq!(words[4..6], [format!("2: coarse {count}"), "2: step 3".into()]);
    assert_eq!(stage.entered() - before, 27 + count);
    assert_same_bits(&told, &fresh);
    // It continues from step 3, evenly, and ends where the run ends.
    assert_eq!(pass.snapshots[0].step, 3);
    assert_eq!(pass.snapshots[0].x_t, told.steps[3].0.x_t);
    for snapshot in &pass.snapshots {
        assert_eq!(snapshot.level, fresh.steps[snapshot.step].0.level);
    }
    let gaps: Vec<usize> = pass.snapshots.windows(2).map(|pair| pair[1].step - pair[0].step).collect();
    assert!(gaps.iter().all(|gap| gap.abs_diff(27 / count) <= 1), "{gaps:?}");
}

#[test]
fn no_coarse_pass_where_the_steps_are_fast_or_few_or_the_run_is_not_live() {
    let fast = stage(Gate::opened(), 64);
    fast.made_anew(settings("a", 40));
    fast.runtime.run_live(moved("a", 40, 1, 0.5));
    let slow = slow();
    slow.runtime.run(settings("slow", 12), Pace::Going);
    let mut words = fast.words_until("2: complete");
    words.extend(slow.words_until("2: complete"));
    // Eleven of twelve steps are reused.
    slow.runtime.run_live(moved("slow", 12, 12, 0.5));
    words.extend(slow.words_until("3: complete"));
    assert!(words.iter().all(|word| !word.contains("coarse")), "{words:?}");
}

#[test]
fn a_model_of_unknown_speed_is_timed_by_its_first_step() {
    let stage = stage(Gate::opened(), 64);
    stage.runtime.run_live(settings("slow", 30));
    let words = stage.words_until("1: step 1");
    assert_eq!(words[..3], ["1: opening", "1: started 30", "1: step 0"]);
    assert!(words[3].starts_with("1: coarse"), "{words:?}");
}

#[test]
fn a_drag_without_rest_shows_a_picture_of_every_run_that_is_begun() {
    let stage = slow();
    stage.gate.open.store(false, Ordering::SeqCst);
    stage.runtime.run_live(moved("slow", 30, 1, 0.1));
    wait_until(|| stage.entered() == 4);
    // While the preview is made other runs wait, and only the newest of them is kept.
    for step in 2..5 {
        stage.runtime.run_live(moved("slow", 30, 1, 0.1 * f64::from(step)));
    }
    // Since then the current call has seen that it is not cancelled.
    let looks = stage.gate.looks.load(Ordering::SeqCst);
    wait_until(|| stage.gate.looks.load(Ordering::SeqCst) > looks + 1);
    stage.gate.open.store(true, Ordering::SeqCst);
    let words = stage.words_until("5: step 1");
    let begun: Vec<&String> = words.iter().filter(|word| word.contains("started") || word.contains("coarse")).collect();
    assert_eq!(begun.len(), 4, "{words:?}");
    assert!(begun[1].starts_with("2: coarse") && begun[3].starts_with("5: coarse"), "{words:?}");
    assert!(words.iter().all(|word| !word.starts_with("2: step")), "{words:?}");
    // The picture has been shown, so the next run cancels within the step.
    stage.gate.open.store(false, Ordering::SeqCst);
    let entered = stage.entered();
    wait_until(|| stage.entered() > entered || stage.runtime.activity() == Activity::Running);
    stage.runtime.run_live(moved("slow", 30, 1, 0.7));
    stage.words_until("6: started 30");
}

#[test]
fn a_fast_run_comes_to_its_end_before_the_next_of_a_drag() {
    let stage = stage(Gate::opened(), 64);
    stage.made_anew(settings("a", 5));
    stage.gate.open.store(false, Ordering::SeqCst);
    stage.runtime.run_live(moved("a", 5, 3, 0.1));
    wait_until(|| stage.entered() == 6);
    stage.runtime.run_live(moved("a", 5, 3, 0.2));
    stage.runtime.run_live(moved("a", 5, 3, 0.3));
    stage.gate.open.store(true, Ordering::SeqCst);
    let words = stage.words_until("4: complete");
    let ends: Vec<&String> = words.iter().filter(|word| word.contains("complete")).collect();
    assert_eq!(ends, ["2: complete", "4: complete"]);
    assert!(words.iter().all(|word| !word.starts_with("3: ")), "{words:?}");
}

#[test]
fn an_ordinary_request_and_a_stop_do_not_wait_for_a_picture() {
    let stage = stage(Gate::default(), 64);
    stage.runtime.run_live(settings("a", 5));
    wait_until(|| stage.entered() == 1);
    stage.runtime.run_live(settings("a", 6));
    stage.runtime.run(settings("a", 7), Pace::Going);
    wait_until(|| stage.entered() == 2);
    assert_eq!(stage.rest(), ["3: started 7"]);
    stage.runtime.run_live(settings("a", 8));
    wait_until(|| stage.entered() == 3);
    stage.runtime.run_live(settings("a", 9));
    stage.runtime.stop();
    assert_eq!(stage.words_until("5: stopped"), ["4: started 8", "4: stopped", "5: started 9", "5: stopped"]);
    stage.wait_for(Activity::Idle);
}

#[test]
fn dropping_joins_within_a_coarse_pass() {
    let stage = slow();
    stage.gate.open.store(false, Ordering::SeqCst);
    stage.runtime.run_live(settings("slow", 30));
    wait_until(|| stage.entered() == 4);
    stage.runtime.run_live(settings("slow", 31));
    let mailbox = Arc::clone(&stage.runtime.mailbox);
    drop(stage.runtime);
    assert!(mailbox.wait_for_threads(Duration::ZERO), "the thread has ended");
}

//! Live runs in the window: the old images stay until the new run has reached the playhead.

use crate::app::App;
use crate::app::run_view::Coarse;
use crate::runtime::{Pace, RunId};
use crate::session::document::AxisReading;
use crate::session::{CoarsePass, RunSettings};

impl App {
    /// Makes the run again while the user is still changing it. Nothing is cleared, and the gesture continues.
    pub(in crate::app) fn start_live(&mut self) {
        self.state.live_due = false;
        let settings = self.ask_for();
        self.state.asked = Some(self.runtime.run_live(settings));
    }

    /// The names of settings that differ from the run on screen and from any run in progress.
    pub(in crate::app) fn pending(&self) -> Vec<&'static str> {
        let state = &self.state;
        let document = state.document.document();
        let requested = state.requested.as_ref();
        if state.asked.is_some() && requested == Some(&document.run) {
            return Vec::new();
        }
        let on_screen = self.run.as_ref().map(|run| &*run.started.settings);
        on_screen.or(requested).map(|run| document.run.changes(run)).unwrap_or_default()
    }

    /// Makes the run again after a change of its settings, if live runs are on.
    pub(in crate::app) fn run_what_changed(&mut self, before: &RunSettings) {
        let document = self.state.document.document();
        if document.run == *before || !document.view.live {
            return;
        }
        if document.run.source != before.source {
            self.start(Pace::Going);
        } else if self.holds_the_axis() {
            self.state.live_due = true;
        } else {
            self.start_live();
        }
    }

    /// Whether a point is being dragged on an axis that another run would space differently.
    fn holds_the_axis(&self) -> bool {
        let even = matches!(
            self.state.document.document().view.axis,
            AxisReading::Step | AxisReading::RunTime | AxisReading::Evaluations
        );
        !even && self.state.hand.range.is_some()
    }

    /// Starts the live run that waited for a drag to end.
    pub(in crate::app) fn run_what_waited(&mut self) {
        if self.state.live_due && !self.holds_the_axis() {
            self.start_live();
        }
    }

    /// Puts the coming run on screen once it has the step at the playhead.
    pub(in crate::app) fn show_what_came(&mut self) {
        let needed = |total| self.state.playback.needs(total);
        if let Some(coming) = self.coming.take_if(|coming| coming.done() >= needed(coming.steps())) {
            self.state.playback.replace(coming.steps(), coming.done());
            self.put_on_screen(coming);
        }
    }

    /// The coming run is complete, wherever the playhead is.
    pub(in crate::app) fn end_what_came(&mut self, id: RunId) {
        let Some(coming) = self.coming.take_if(|coming| coming.id == id) else { return };
        if coming.done() > 0 {
            self.state.playback.replace(coming.steps(), coming.done());
            self.put_on_screen(coming);
        } else {
            self.give_up_what_came();
        }
    }

    /// The coming run was cancelled; the run on screen stays.
    pub(in crate::app) fn give_up_what_came(&mut self) {
        self.coming = None;
        if let Some(run) = &mut self.run {
            run.coarse = None;
        }
    }

    /// Shows a preview over the old run. A run that is on screen itself has already reached the playhead and needs
    /// none.
    pub(in crate::app) fn take_coarse(&mut self, id: RunId, pass: CoarsePass) {
        let is_coming = self.coming.as_ref().is_some_and(|coming| coming.id == id);
        if let Some(run) = self.run.as_mut().filter(|_| is_coming) {
            run.coarse = Some(Coarse { run: id, pass });
        }
    }

    /// The progress of the coming run.
    pub(in crate::app) fn coming_in_words(&self) -> String {
        self.coming.as_ref().map_or_else(String::new, |run| format!("live: step {} of {}", run.done(), run.steps()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Launch;
    use crate::app::intent::Intent;
    use crate::app::run_view::{Moment, Picture, RunView, Seen};
    use crate::runtime::{Activity, Event, RunEnd};
    use crate::sampler::{Churn, SamplerKind};
    use crate::schedule::design::with_shares;
    use crate::schedule::{Curve, PlanSource};
    use crate::session::Snapshot;
    use crate::session::action::Action;
    use crate::session::playback::PlayheadCommand;
    use crate::session::setting::Setting;
    use crate::session::settings::{ModelSource, ProviderChoice};
    use crate::theory::{Chromatogram, Measure};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    /// The program without a window, after a first run of 12 steps.
    struct Open {
        ctx: egui::Context,
        app: App,
    }

    impl Open {
        fn new() -> Self {
            let source = ModelSource::Model("gaussian-64".into());
            let run = RunSettings { steps: 12, provider: ProviderChoice::Rust, ..RunSettings::new(source) };
            let ctx = egui::Context::default();
            let launch = Launch { first: vec![Action::SetRun(Box::new(run))], ..Launch::default() };
            let app = App::new(&ctx, launch, false).unwrap();
            let mut open = Self { ctx, app };
            open.until_idle(|_| {});
            assert_eq!(open.run().end, Some(RunEnd::Complete));
            open
        }

        fn run(&self) -> &RunView {
            self.app.run.as_ref().unwrap()
        }

        fn position(&self) -> f64 {
            self.app.state.playback.position()
        }

        fn live(&mut self, action: Action) {
            let ctx = self.ctx.clone();
            self.app.perform(&ctx, vec![Intent::ChangeAndRunLive(vec![action])]);
        }

        fn until_idle(&mut self, mut each: impl FnMut(&Self)) {
            let began = Instant::now();
            loop {
                let idle = self.app.activity() == Activity::Idle;
                while let Some(event) = self.app.runtime.next_event() {
                    let Event::Run { id, news } = event else { continue };
                    self.app.take_run_news(id, news);
                    if self.app.run.is_some() {
                        each(self);
                    }
                }
                if idle {
                    return;
                }
                assert!(began.elapsed() < Duration::from_mins(1));
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    #[test]
    fn the_old_run_stays_until_the_new_one_has_the_step_under_the_playhead() {
        let mut open = Open::new();
        open.live(Action::SetSpacing(Some("karras".into())));
        open.until_idle(|open| {
            // At the end the playhead stays at the end of the complete run.
            assert_eq!((open.run().done(), open.position()), (12, 12.0));
        });
        assert!(open.app.coming.is_none());
        assert_eq!(open.run().started.settings.spacing.as_deref(), Some("karras"));
        open.app.state.playback.command(PlayheadCommand::Seek(5.0));
        for steps in [24, 12, 3] {
            open.live(Action::set(Setting::Steps, steps));
            open.until_idle(|open| {
                assert!(open.run().done() > 5 || open.run().done() == open.run().steps());
                assert_eq!(open.position(), 5.0_f64.min(open.run().steps() as f64));
            });
            assert_eq!((open.run().steps(), open.run().done()), (steps, steps));
        }
        // A drag is one change of the document.
        open.app.state.document.undo();
        assert_eq!(open.app.state.document.document().run.steps, 12);
    }

    #[test]
    fn every_setting_is_run_at_once_while_that_is_wanted() {
        let mut open = Open::new();
        let actions = [
            Action::SetSampler(SamplerKind::EulerAncestral.into()),
            Action::set(Setting::Eta, Some(0.5)),
            Action::set(Setting::Steps, 7_usize),
            Action::SetSpacing(Some("karras".into())),
            Action::set(Setting::Seed, 3_u64),
            Action::set(Setting::Batch, 2_usize),
            Action::SetSampler(SamplerKind::Heun.into()),
            Action::SetChurn(Churn { amount: 3.0, ..Churn::default() }),
            Action::SetSchedule(Some(Box::new(PlanSource::curve("cosine".parse().unwrap())))),
            Action::SetModel(ModelSource::Model("emoji-exact-64".into())),
            Action::SetLabel(Some(1)),
        ];
        let ctx = open.ctx.clone();
        for action in actions {
            let name = action.name();
            open.app.perform(&ctx, vec![Intent::Change(action)]);
            assert!(open.app.pending().is_empty(), "{name} is on its way");
            open.until_idle(|_| {});
            assert_eq!(*open.run().started.settings, open.app.state.document.document().run, "{name}");
            assert_eq!(open.run().done(), open.run().steps(), "{name}: {:?}", open.app.state.faults);
        }
        open.app.perform(&ctx, vec![Intent::Undo, Intent::Undo]);
        open.until_idle(|_| {});
        assert_eq!(open.run().started.settings.source, ModelSource::Model("gaussian-64".into()), "undo runs too");
    }

    #[test]
    fn without_live_runs_all_stays_the_runs_and_the_plan_is_a_ghost() {
        let mut open = Open::new();
        let ctx = open.ctx.clone();
        let change = |open: &mut Open, actions: Vec<Action>| {
            open.app.perform(&ctx, actions.into_iter().map(Intent::Change).collect());
            open.until_idle(|_| {});
            open.app.plan();
        };
        let shown = |open: &Open| open.app.state.planner.shown().map(|shown| shown.axis.clone()).unwrap();
        change(&mut open, vec![Action::SetLive(false)]);
        let before = shown(&open);
        assert_eq!(before, open.run().axis);
        change(&mut open, vec![Action::SetSampler(SamplerKind::Heun.into()), Action::set(Setting::Steps, 5_usize)]);
        assert_eq!(open.app.pending(), ["steps", "sampler"]);
        assert_eq!((open.run().steps(), shown(&open)), (12, before), "nothing of the new is mixed in");
        let planner = &open.app.state.planner;
        assert_eq!(planner.next().unwrap().axis.steps(), 5);
        assert!(!planner.next().unwrap().looks_like(planner.shown().unwrap()));
        open.app.perform(&ctx, vec![Intent::Run]);
        assert!(open.app.pending().is_empty());
        open.until_idle(|_| {});
        open.app.plan();
        assert!(open.app.pending().is_empty());
        assert_eq!((open.run().steps(), shown(&open).steps()), (5, 5));
        // A setting that is changed back runs again.
        change(&mut open, vec![Action::set(Setting::Seed, 9_u64)]);
        assert_eq!(open.app.pending(), ["seed"]);
        let planner = &open.app.state.planner;
        assert!(planner.next().unwrap().looks_like(planner.shown().unwrap()), "a seed moves no level");
        change(&mut open, vec![Action::SetLive(true)]);
        assert!(open.app.pending().is_empty());
        assert_eq!(open.run().started.settings.seed, 9);
    }

    #[test]
    fn few_steps_leave_the_curve_on_its_points_and_the_shares_as_they_were_set() {
        let mut open = Open::new();
        let ctx = open.ctx.clone();
        open.app.perform(&ctx, vec![Intent::Change(Action::set(Setting::Steps, 3_usize))]);
        open.until_idle(|_| {});
        open.app.plan();
        let (theory, measure) = (Chromatogram::scale_invariant(2, 6).unwrap(), Measure::Power);
        let wanted = [0.1, 0.3, 0.2, 0.15, 0.15, 0.1];
        let model = open.run().model.clone();
        let drawn = with_shares(&theory, measure, &wanted, (model.noisiest(), model.cleanest()), None).unwrap();
        let source = PlanSource::curve(Curve::Drawn(drawn.clone()));
        open.app.perform(&ctx, vec![Intent::Change(Action::SetSchedule(Some(Box::new(source))))]);
        open.until_idle(|_| {});
        open.app.plan();
        let planned = open.app.state.planner.next().unwrap();
        assert_eq!(planned.plan.steps(), 3);
        for point in drawn.points() {
            let on_curve = planned.level_at_run_time(point.s).log_snr();
            assert!((on_curve - point.log_snr).abs() < 1e-6, "{point:?}: {on_curve}");
        }
        assert!(planned.shares.iter().zip(wanted).all(|(got, wanted)| (got - wanted).abs() < 2e-3));
    }

    #[test]
    fn settings_that_cannot_be_run_stay_pending() {
        let mut open = Open::new();
        let ctx = open.ctx.clone();
        open.app.perform(&ctx, vec![Intent::Change(Action::SetSpacing(Some("nonsense".into())))]);
        open.until_idle(|_| {});
        assert_eq!((open.app.pending(), open.run().done()), (vec!["spacing"], 12));
        open.app.perform(&ctx, vec![Intent::Undo]);
        open.until_idle(|_| {});
        assert!(open.app.pending().is_empty());
    }

    #[test]
    fn no_run_moves_the_axis_under_the_hand() {
        let mut open = Open::new();
        let ctx = open.ctx.clone();
        open.app.perform(&ctx, vec![Intent::Change(Action::SetAxis(AxisReading::LogSnr))]);
        open.app.state.hand.range = Some((-1.0, 1.0));
        open.app.perform(&ctx, vec![Intent::Change(Action::set(Setting::Steps, 5_usize))]);
        open.until_idle(|_| {});
        open.app.run_what_waited();
        assert_eq!((open.run().steps(), open.app.pending()), (12, vec!["steps"]));
        open.app.state.hand.range = None;
        open.app.run_what_waited();
        open.until_idle(|_| {});
        assert_eq!(open.run().steps(), 5);
    }

    #[test]
    fn pictures_of_steps_that_were_taken_over_keep_their_keys() {
        let mut open = Open::new();
        let keys = |open: &Open| {
            let at = [Moment::of_step(0), Moment::of_step(7), Moment { state: 12, step: 11 }];
            at.map(|at| Picture::ALL.map(|picture| open.run().key(at, picture, 0)))
        };
        let ranges = |open: &Open| {
            let at = Moment::of_step(7);
            Picture::ALL.map(|picture| {
                let range = crate::session::document::ValueRange::Image;
                open.run().range(Seen::Values, (at, picture, 0), range)
            })
        };
        let (id, before, before_ranges) = (open.run().id, keys(&open), ranges(&open));
        open.live(Action::set(Setting::Steps, 12_usize));
        open.until_idle(|_| {});
        assert!(open.run().id != id && open.run().started.taken_over == 12);
        assert_eq!((keys(&open), ranges(&open)), (before, before_ranges));
        open.live(Action::set(Setting::Seed, 9_u64));
        open.until_idle(|_| {});
        let after = keys(&open);
        assert!(before.iter().flatten().zip(after.iter().flatten()).all(|(before, after)| before != after));
    }

    #[test]
    fn a_live_run_that_fails_leaves_what_is_on_screen() {
        let mut open = Open::new();
        open.live(Action::SetSpacing(Some("nonsense".into())));
        open.until_idle(|open| assert_eq!(open.run().done(), 12));
        assert_eq!(open.app.state.faults.len(), 1);
        // Its sentence, and a form that may be in it, stay until the next run is answered.
        open.live(Action::SetSpacing(Some("more nonsense".into())));
        assert_eq!(open.app.state.faults.len(), 1);
        open.until_idle(|_| {});
        assert_eq!(open.app.state.faults.len(), 1, "{:?}", open.app.state.faults);
        assert!(open.app.state.faults[0].sentence.contains("more nonsense"));
        open.live(Action::SetSpacing(Some("linspace".into())));
        open.until_idle(|_| {});
        assert!(open.app.state.faults.is_empty(), "what was said of the run before is over");
        assert_eq!(open.run().started.settings.spacing.as_deref(), Some("linspace"));
    }

    #[test]
    fn a_coarse_pass_stands_in_until_the_run_is_there() {
        let mut open = Open::new();
        let coming = |open: &Open| RunView::new(open.run().id, open.run().started.clone(), open.run().model.clone());
        let id = open.run().id;
        let x0 = open.run().started.state.mapv(|value| 2.0 * value);
        let snapshots = [4, 8].map(|step| {
            let level = open.run().level(step);
            let (x_t, eps) = (x0.clone(), x0.clone());
            let (x0, parts) = (x0.mapv(|x| x + step as f32), Vec::new());
            Arc::new(Snapshot { step, level, timestep: 0.0, x_t, x0, eps, parts, seconds: 0.0 })
        });
        let pass = CoarsePass { snapshots: snapshots.to_vec(), state: Arc::new(x0.clone()) };
        open.app.take_coarse(id, pass.clone());
        assert!(open.run().coarse.is_none(), "the run itself is on screen");
        open.app.coming = Some(coming(&open));
        open.app.take_coarse(id, pass.clone());
        let run = open.run();
        let steps = [3, 4, 7, 11].map(|step| run.coarse_steps(Moment::of_step(step)));
        assert_eq!(steps, [None, Some(2), Some(2), Some(2)]);
        let value = |at| run.values(at, Picture::Coarse, 0).map(|shown| shown.values[0]);
        let end = Moment { state: 12, step: 11 };
        assert_eq!(value(Moment::of_step(7)), Some(x0[[0, 0, 0, 0]] + 4.0));
        assert_eq!(value(end), Some(x0[[0, 0, 0, 0]] + 8.0));
        assert_ne!(run.key(end, Picture::Coarse, 0), run.key(Moment::of_step(4), Picture::Coarse, 0));
        open.app.end_what_came(id);
        assert!(open.app.coming.is_none() && open.run().coarse.is_none(), "nothing came");
        assert_eq!(open.run().done(), 12);
    }

    #[test]
    fn a_plain_run_that_is_stopped_or_fails_starts_no_other_and_what_was_said_stays() {
        let mut open = Open::new();
        let ctx = open.ctx.clone();
        open.app.perform(&ctx, vec![Intent::RunPlainBeside]);
        let plain = open.app.runtime.newest();
        let (shown, place) = (open.run().id, open.app.state.playback.clone());
        open.app.perform(&ctx, vec![Intent::Stop]);
        open.until_idle(|_| {});
        assert_eq!(open.app.runtime.newest(), plain);
        assert_eq!((open.run().id, open.run().done()), (shown, 12), "the run itself stays on the stage");
        assert_eq!(open.app.state.playback.position(), place.position());
        assert!(open.app.pending().is_empty());
        assert!(open.app.state.plain_beside.is_none() && open.app.beside.is_none());
        // After a complete plain run the run itself follows, with the plain one beside it.
        open.app.perform(&ctx, vec![Intent::RunPlainBeside]);
        open.until_idle(|_| {});
        assert_eq!(open.run().id, shown);
        assert!(open.app.beside.as_ref().is_some_and(|beside| beside.end == Some(RunEnd::Complete)));
        open.app.state.document.perform(Action::SetSpacing(Some("nonsense".into())));
        open.app.perform(&ctx, vec![Intent::RunPlainBeside]);
        let plain = open.app.runtime.newest();
        open.until_idle(|_| {});
        assert_eq!(open.app.runtime.newest(), plain);
        assert_eq!(open.app.state.faults.len(), 1, "the sentence stays");
    }

    #[test]
    fn another_size_is_run_live_as_what_stands_beside_it() {
        let mut open = Open::new();
        let ctx = open.ctx.clone();
        let mut newest = open.app.runtime.newest();
        let mut asks = |open: &mut Open, factor: usize| {
            let change = Action::SetUpsample(Some(crate::denoiser::Upsample::by(factor)));
            open.app.perform(&ctx, vec![Intent::Change(change)]);
            let before = std::mem::replace(&mut newest, open.app.runtime.newest());
            newest != before
        };
        open.app.state.document.perform(Action::SetLive(true));
        assert!(asks(&mut open, 2));
        open.app.state.document.perform(Action::SetLive(false));
        assert!(!asks(&mut open, 3));
    }
}

//! The inference thread.

use super::engine::Engine;
use super::fault::Fault;
use super::last_run::{LastRun, ReusableStep};
use super::mailbox::{Abandoned, Mailbox, Turn, cancelled};
use super::message::{Request, RunEnd, RunNews, RunStarted, Wish};
use super::speed::Speed;
use crate::session::Trajectory;
use crate::session::prepare::{Loading, Prepared};
use crate::words::voice::Voice;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Starts the thread; it ends when the mailbox closes. `budget` bytes are kept of the last run's steps.
pub(super) fn spawn(mailbox: Arc<Mailbox>, engine: Box<dyn Engine>, budget: usize) -> std::io::Result<JoinHandle<()>> {
    mailbox.thread_begins();
    let shared = Arc::clone(&mailbox);
    let thread = std::thread::Builder::new().name("chromascope-inference".into()).spawn(move || {
        let mut worker = Worker { mailbox: &shared, engine, last: LastRun::new(budget), speed: Speed::default() };
        while let Some(request) = shared.next_request() {
            worker.serve(&request);
            shared.finished();
        }
        drop(worker);
        shared.thread_ends();
    });
    thread.inspect_err(|_| mailbox.thread_ends())
}

/// The thread's state between requests.
struct Worker<'a> {
    mailbox: &'a Mailbox,
    engine: Box<dyn Engine>,
    last: LastRun,
    speed: Speed,
}

impl Worker<'_> {
    /// Answers one request; a panic becomes an event.
    fn serve(&mut self, request: &Request) {
        let started = Cell::new(None);
        let outcome = catch_unwind(AssertUnwindSafe(|| self.answer(request, &started)));
        let Err(panic) = outcome else { return };
        // Nothing of what panicked is used again. A model that panics when dropped has been dropped anyway.
        let _ = catch_unwind(AssertUnwindSafe(|| self.forget()));
        let fault = Fault::panic("this run", &*panic);
        let news = match started.get() {
            Some(seconds) => RunNews::Ended { end: RunEnd::Failed(fault), seconds },
            None => RunNews::Failed(fault),
        };
        // If this fails nobody receives it.
        let _ = self.mailbox.send(request.id, news);
    }

    fn forget(&mut self) {
        self.last.clear();
        self.engine.forget();
    }

    /// `started`: the seconds of the run's finished steps, once it has begun.
    fn answer(&mut self, request: &Request, started: &Cell<Option<f64>>) -> Result<(), Abandoned> {
        let Request { id, wish, settings } = request;
        let (id, mailbox) = (*id, self.mailbox);
        if mailbox.takes_forget() {
            self.forget();
        }
        let progress = |loading| {
            mailbox.offer(
                id,
                match loading {
                    Loading::Images { done, total } => RunNews::Reading { done, total },
                    Loading::Part(part) => RunNews::Loading(part),
                },
            );
            !mailbox.is_unwanted(id)
        };
        let stopped = |fault| {
            let stopped = RunNews::Ended { end: RunEnd::Stopped, seconds: 0.0 };
            if mailbox.is_stopped(id) { stopped } else { RunNews::Failed(fault) }
        };
        if !self.engine.serves(settings) {
            self.last.clear();
            mailbox.send(id, RunNews::ModelOpening { source: settings.source.clone() })?;
            if let Err(fault) = self.engine.open(settings, &progress) {
                return mailbox.send(id, stopped(fault));
            }
        }
        if let Some((info, notes)) = self.engine.opened() {
            let notes = notes.iter().map(|note| Voice::Window.say(note)).collect();
            mailbox.send(id, RunNews::ModelOpened { info, notes })?;
        }
        if *wish == Wish::Open {
            return Ok(());
        }
        mailbox.check(id)?;
        let mut prepared = match self.engine.prepare(settings, &progress) {
            Ok(prepared) => prepared,
            Err(fault) => return mailbox.send(id, stopped(fault)),
        };
        mailbox.begin(id, prepared.canceller.clone())?;
        let mut trajectory = prepared.run.trajectory();
        self.speed.begin(&prepared.resolved, trajectory.shape, prepared.resolved.solver(settings));
        let live = *wish == Wish::Live;
        let taken_over = self.last.begin(settings, &mut prepared, live);
        started.set(Some(0.0));
        mailbox.send(
            id,
            RunNews::Started(Box::new(RunStarted {
                settings: Arc::clone(settings),
                live,
                taken_over: taken_over.len(),
                resolved: prepared.resolved.clone(),
                notes: prepared.notes.iter().map(|note| Voice::Window.say(note)).collect(),
                shape: trajectory.shape,
                levels: trajectory.levels.clone(),
                timesteps: std::mem::take(&mut prepared.timesteps),
                state: Arc::clone(&trajectory.state),
            })),
        )?;
        mailbox.send_taken_over(id, taken_over)?;
        if let Some(state) = taken_over.last().map(ReusableStep::state) {
            trajectory.state = Arc::clone(state);
        }
        let end = self.steps(request, &mut prepared, trajectory, started)?;
        mailbox.send(id, RunNews::Ended { end, seconds: started.get().unwrap_or_default() })
    }

    fn steps(
        &mut self,
        request: &Request,
        prepared: &mut Prepared,
        mut trajectory: Trajectory,
        started: &Cell<Option<f64>>,
    ) -> Result<RunEnd, Abandoned> {
        let (id, mailbox) = (request.id, self.mailbox);
        let run = &mut prepared.run;
        let mut unseen = request.wish == Wish::Live;
        while run.done() < run.steps() {
            match mailbox.turn(id)? {
                Turn::Stop => return Ok(RunEnd::Stopped),
                Turn::Step => {}
            }
            if let Some(count) = self.speed.coarse_steps(run.steps() - run.done()).filter(|_| unseen) {
                unseen = false;
                match run.coarse_pass(count, &trajectory.state) {
                    Ok(pass) => mailbox.send(id, RunNews::Coarse(pass))?,
                    Err(error) if error.is_cancelled() => return cancelled(mailbox, id),
                    // Steps may be too long for a method that works for the whole run, which then continues without a preview.
                    Err(_) => {}
                }
                mailbox.seen(id)?;
            }
            match run.step(&mut trajectory) {
                Ok(Some(snapshot)) => {
                    // The window keeps the steps; this thread needs only the state.
                    trajectory.snapshots.clear();
                    started.set(started.get().map(|seconds| seconds + snapshot.seconds));
                    self.speed.push(snapshot.seconds);
                    self.last.push(run, &snapshot, &trajectory.state);
                    mailbox.send(id, RunNews::Step { snapshot, state: Arc::clone(&trajectory.state) })?;
                }
                Ok(None) => break,
                Err(error) if error.is_cancelled() => return cancelled(mailbox, id),
                Err(error) => return Ok(RunEnd::Failed(Fault::from(&error))),
            }
        }
        Ok(RunEnd::Complete)
    }
}

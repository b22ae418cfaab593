//! The inference thread.

use super::engine::Engine;
use super::fault::Fault;
use super::mailbox::{Abandoned, Mailbox, Turn, cancelled};
use super::message::{Request, RunEnd, RunNews, RunStarted, Wish};
use crate::session::Trajectory;
use crate::session::prepare::Prepared;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Starts the thread; it ends when the mailbox closes.
pub(super) fn spawn(mailbox: Arc<Mailbox>, mut engine: Box<dyn Engine>) -> std::io::Result<JoinHandle<()>> {
    mailbox.thread_begins();
    let shared = Arc::clone(&mailbox);
    let thread = std::thread::Builder::new().name("chromascope-inference".into()).spawn(move || {
        while let Some(request) = shared.next_request() {
            serve(&shared, &mut *engine, &request);
            shared.finished(request.id);
        }
        drop(engine);
        shared.thread_ends();
    });
    thread.inspect_err(|_| mailbox.thread_ends())
}

/// Answers one request; a panic becomes an event.
fn serve(mailbox: &Mailbox, engine: &mut dyn Engine, request: &Request) {
    let started = Cell::new(None);
    let outcome = catch_unwind(AssertUnwindSafe(|| answer(mailbox, engine, request, &started)));
    let Err(panic) = outcome else { return };
    // Nothing of what panicked is used again. A model whose own end panics has been dropped all the same.
    let _ = catch_unwind(AssertUnwindSafe(|| engine.forget()));
    let fault = Fault::panic(&*panic);
    let news = match started.get() {
        Some(seconds) => RunNews::Ended { end: RunEnd::Failed(fault), seconds },
        None => RunNews::Failed(fault),
    };
    // Nobody is left to tell where this fails.
    let _ = mailbox.send(request.id, news);
}

/// `started`: the seconds of the run's finished steps, once it has begun.
fn answer(
    mailbox: &Mailbox,
    engine: &mut dyn Engine,
    request: &Request,
    started: &Cell<Option<f64>>,
) -> Result<(), Abandoned> {
    let Request { id, wish, settings } = request;
    let id = *id;
    if mailbox.takes_forget() {
        engine.forget();
    }
    if !engine.serves(settings) {
        mailbox.send(id, RunNews::ModelOpening { source: settings.source.clone() })?;
        let progress = |done, total| {
            mailbox.offer(id, RunNews::Reading { done, total });
            !mailbox.is_unwanted(id)
        };
        if let Err(fault) = engine.open(settings, &progress) {
            let stopped = RunNews::Ended { end: RunEnd::Stopped, seconds: 0.0 };
            return mailbox.send(id, if mailbox.is_stopped(id) { stopped } else { RunNews::Failed(fault) });
        }
    }
    if let Some((info, notes)) = engine.opened() {
        mailbox.send(id, RunNews::ModelOpened { info, notes })?;
    }
    if *wish == Wish::Open {
        return Ok(());
    }
    mailbox.check(id)?;
    let mut prepared = match engine.prepare(settings) {
        Ok(prepared) => prepared,
        Err(fault) => return mailbox.send(id, RunNews::Failed(fault)),
    };
    mailbox.begin(id, prepared.canceller.clone())?;
    let trajectory = prepared.run.trajectory();
    started.set(Some(0.0));
    mailbox.send(
        id,
        RunNews::Started(Box::new(RunStarted {
            settings: Arc::clone(settings),
            resolved: prepared.resolved.clone(),
            notes: std::mem::take(&mut prepared.notes),
            shape: trajectory.shape,
            levels: trajectory.levels.clone(),
            timesteps: std::mem::take(&mut prepared.timesteps),
            state: Arc::clone(&trajectory.state),
        })),
    )?;
    let end = steps(mailbox, request, &mut prepared, trajectory, started)?;
    mailbox.send(id, RunNews::Ended { end, seconds: started.get().unwrap_or_default() })
}

fn steps(
    mailbox: &Mailbox,
    request: &Request,
    prepared: &mut Prepared,
    mut trajectory: Trajectory,
    started: &Cell<Option<f64>>,
) -> Result<RunEnd, Abandoned> {
    let id = request.id;
    for _ in 0..prepared.run.steps() {
        match mailbox.turn(id)? {
            Turn::Stop => return Ok(RunEnd::Stopped),
            Turn::Step => {}
        }
        match prepared.run.step(&mut trajectory) {
            Ok(Some(snapshot)) => {
                // The window keeps the steps; this thread needs only the state.
                trajectory.snapshots.clear();
                started.set(started.get().map(|seconds| seconds + snapshot.seconds));
                mailbox.send(id, RunNews::Step { snapshot, state: Arc::clone(&trajectory.state) })?;
            }
            Ok(None) => break,
            Err(error) if error.is_cancelled() => return cancelled(mailbox, id),
            Err(error) => return Ok(RunEnd::Failed(Fault::from(&error))),
        }
    }
    Ok(RunEnd::Complete)
}

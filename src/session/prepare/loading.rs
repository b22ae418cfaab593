//! The progress of opening a model and of preparing its runs.

use std::time::Duration;

/// What is being loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loading {
    /// The images of a folder.
    Images {
        /// Images done.
        done: usize,
        /// Images in all.
        total: usize,
    },
    /// A part of a pipeline.
    Part(LoadingPart),
}

/// A part of a pipeline that is being loaded or used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadingPart {
    /// What is done with it.
    pub task: PartTask,
    /// Name of its folder: `text_encoder_2`.
    pub name: String,
    /// Its place among the parts, from 1.
    pub number: usize,
    /// The number of parts.
    pub of: usize,
    /// Its size on disk.
    pub bytes: u64,
    /// Memory that this program has in use, bytes, if known.
    pub in_use: Option<u64>,
}

/// What is done with a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartTask {
    /// Its file is read and checked.
    Read,
    /// It is opened.
    Open,
    /// Prompts are encoded with it.
    Encode,
}

impl LoadingPart {
    /// In a few words: "opening text_encoder, part 1 of 3".
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { name, number, of, .. } = self;
        match self.task {
            PartTask::Read => format!("reading {name}, part {number} of {of}"),
            PartTask::Open => format!("opening {name}, part {number} of {of}"),
            PartTask::Encode => format!("encoding the prompts with {name}"),
        }
    }

    /// Its size, and the memory in use: "492 MB; 1.2 GB of memory in use".
    #[must_use]
    pub fn sizes_in_words(&self) -> String {
        let size = bytes_in_words(self.bytes);
        self.in_use.map_or_else(|| size.clone(), |used| format!("{size}; {} of memory in use", bytes_in_words(used)))
    }
}

/// A number of bytes, for people: "812 kB", "492 MB", "1.2 GB".
#[must_use]
pub fn bytes_in_words(bytes: u64) -> String {
    match bytes as f64 {
        bytes if bytes >= 1e9 => format!("{:.1} GB", bytes / 1e9),
        bytes if bytes >= 1e6 => format!("{:.0} MB", bytes / 1e6),
        bytes => format!("{:.0} kB", (bytes / 1e3).ceil()),
    }
}

/// Receives the progress, from any thread, and stops by `false`.
pub type LoadProgress<'a> = dyn Fn(Loading) -> bool + Sync + 'a;

/// Progress for a receiver of the images read alone.
pub(super) fn of_images(receive: &(dyn Fn(usize, usize) -> bool + Sync)) -> impl Fn(Loading) -> bool + Sync + '_ {
    move |loading| match loading {
        Loading::Images { done, total } => receive(done, total),
        Loading::Part(_) => true,
    }
}

/// How often a call that takes long is asked whether it is still wanted.
const ASKED: Duration = Duration::from_millis(50);

/// Runs what takes long. While it does, `wanted` is asked; once that says no, `stop` is called, which makes it end early.
pub(super) fn unless_stopped<T>(
    wanted: &(dyn Fn() -> bool + Sync),
    stop: &(dyn Fn() + Sync),
    call: impl FnOnce() -> T,
) -> T {
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while is_done.recv_timeout(ASKED) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                if !wanted() {
                    stop();
                    return;
                }
            }
        });
        let result = call();
        drop(done);
        result
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    #[test]
    fn a_part_is_told_in_words() {
        let part = |task| LoadingPart {
            task,
            name: "text_encoder_2".into(),
            number: 2,
            of: 4,
            bytes: 492_300_000,
            in_use: Some(1_240_000_000),
        };
        let words = [PartTask::Read, PartTask::Open, PartTask::Encode].map(|task| part(task).in_words());
        let expected = [
            "reading text_encoder_2, part 2 of 4",
            "opening text_encoder_2, part 2 of 4",
            "encoding the prompts with text_encoder_2",
        ];
        assert_eq!(words, expected);
        assert_eq!(part(PartTask::Open).sizes_in_words(), "492 MB; 1.2 GB of memory in use");
        assert_eq!(bytes_in_words(1), "1 kB");
    }

    #[test]
    fn what_is_no_longer_wanted_is_stopped() {
        let (stop, stopped) = channel::<()>();
        let stop = Mutex::new(stop);
        // The call ends only because it is stopped.
        let stopped = Mutex::new(stopped);
        let call = || stopped.lock().unwrap().recv().is_ok();
        assert!(unless_stopped(&|| false, &|| stop.lock().unwrap().send(()).unwrap(), call));
        assert_eq!(unless_stopped(&|| true, &|| unreachable!("it is wanted"), || 3), 3);
    }
}

//! The program as a running process: it prints its progress in lines, so that a test waits for events and not for a time.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// After this long a test has failed.
const IN_VAIN: Duration = Duration::from_mins(2);

pub struct Running {
    child: Child,
    lines: Receiver<String>,
    said: String,
    stdout: Option<JoinHandle<String>>,
}

/// How it ended.
pub struct Over {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    /// Lines other than progress.
    pub stderr: String,
}

/// The program with progress in lines, and the signal handling of a terminal, however this test was started.
pub fn command() -> Command {
    let program = env!("CARGO_BIN_EXE_chromascope");
    let mut command = if cfg!(target_os = "linux") {
        let mut command = Command::new("env");
        command.args(["--default-signal=HUP,INT,TERM", program]);
        command
    } else {
        Command::new(program)
    };
    in_lines(&mut command);
    command
}

/// Without settings of the user, and progress in lines.
pub fn in_lines(command: &mut Command) {
    command.env("CHROMASCOPE_CONFIG", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-settings"));
    command.env("CHROMASCOPE_PROGRESS", "lines");
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let mut running = Self::start_unread(command);
        let mut stdout = running.child.stdout.take().unwrap();
        running.stdout = Some(std::thread::spawn(move || {
            let mut text = String::new();
            stdout.read_to_string(&mut text).unwrap();
            text
        }));
        running
    }

    /// The same with a stdout that nobody reads until the end.
    pub fn start_unread(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (send, lines) = channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, lines, said: String::new(), stdout: None }
    }

    /// Waits for a line that contains this.
    #[track_caller]
    pub fn wait_for(&mut self, part: &str) {
        let began = Instant::now();
        loop {
            match self.lines.recv_timeout(IN_VAIN.saturating_sub(began.elapsed())) {
                Ok(line) => {
                    let found = line.contains(part);
                    self.say(&line);
                    if found {
                        return;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => panic!("it ended without \"{part}\": {}", self.said),
                Err(RecvTimeoutError::Timeout) => panic!("it waits without \"{part}\": {}", self.said),
            }
        }
    }

    fn say(&mut self, line: &str) {
        if !line.starts_with("progress: ") {
            self.said.push_str(line);
            self.said.push('\n');
        }
    }

    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub fn is_over(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Over {
        while let Ok(line) = self.lines.recv() {
            self.say(&line);
        }
        let status = self.child.wait().unwrap();
        let stdout = self.stdout.map(|reader| reader.join().unwrap()).unwrap_or_default();
        Over { code: status.code(), signal: status.signal(), stdout, stderr: self.said }
    }

    /// Kills it as the system does when memory runs out.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Over {
    /// Checks its exit code, and that its last line is the one in docs/faults.md.
    #[track_caller]
    pub fn says(&self, code: i32, test: &str, words: &[(&str, String)]) {
        assert_eq!((self.code, self.signal), (Some(code), None), "{}", self.stderr);
        let line = self.stderr.lines().last().unwrap_or_default();
        super::faults::assert_documented(line.trim_start_matches("chromascope: "), test, words);
    }
}

/// Waits for a condition that no line reports.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < IN_VAIN, "waited in vain for: {what}");
        std::thread::yield_now();
    }
}

/// Four pictures, whose exact posterior mean is a model that needs no library.
pub fn pictures(folder: &Path, side: u32) -> PathBuf {
    let images = folder.join("images");
    std::fs::create_dir(&images).unwrap();
    for n in 0..4_u32 {
        let pixel = |x: u32, y: u32| {
            let wave = |k: u32| u8::try_from((x * k + y * (n + 1) + 40 * n) * 9 % 256).unwrap();
            image::Rgb([wave(1), wave(n + 2), wave(3)])
        };
        image::RgbImage::from_fn(side, side, pixel).save(images.join(format!("{n}.png"))).unwrap();
    }
    images
}

/// The program's temporary files in a folder.
pub fn litter(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".chromascope-")).collect()
}

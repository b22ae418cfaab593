//! Ctrl-C: the run ends within a step, and what was finished is whole.
#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod common;

use common::faults::{documented, matches};
use ndarray::{Array1, Array5};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The signal may come while the model is still being opened on a busy machine; then a later one is tried.
#[test]
fn ctrl_c_keeps_the_finished_steps() {
    for delay in [2, 4, 8, 16, 32] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let mut child = Command::new(env!("CARGO_BIN_EXE_chromascope"))
            .env("CHROMASCOPE_CONFIG", concat!(env!("CARGO_TARGET_TMPDIR"), "/no-settings"))
            .args(["sample", "--model", "emoji-unet", "--steps", "1000", "--batch", "8", "--threads", "1", "--out"])
            .arg(&out)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_secs(delay));
        let asked = Instant::now();
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        let code = child.wait().unwrap().code();
        let waited = asked.elapsed();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(code, Some(130), "{stderr}");
        if !out.join("trajectory.npz").exists() {
            continue;
        }
        let words = [("OUT", out.display().to_string())];
        let expected = documented("interrupt::ctrl_c_keeps_the_finished_steps", &words);
        assert!(stderr.lines().any(|line| matches(line.trim_start_matches("chromascope: "), &expected)), "{stderr}");

        let record: serde_json::Value =
            serde_json::from_slice(&std::fs::read(out.join("trajectory.json")).unwrap()).unwrap();
        let done = usize::try_from(record["steps_done"].as_u64().unwrap()).unwrap();
        assert!(done > 0 && done < 1000 && record["complete"] == false);
        let mut npz = ndarray_npy::NpzReader::new(std::fs::File::open(out.join("trajectory.npz")).unwrap()).unwrap();
        let states: Array5<f32> = npz.by_name("x_t").unwrap();
        let eps: Array5<f32> = npz.by_name("eps").unwrap();
        let alpha_bar: Array1<f64> = npz.by_name("alpha_bar").unwrap();
        assert_eq!(states.shape(), [done + 1, 8, 3, 64, 64]);
        assert_eq!((eps.shape()[0], alpha_bar.len()), (done, done + 1));
        assert!(states.iter().all(|value| value.is_finite()));
        // A step and the writing of what there is; a whole run would take minutes.
        assert!(waited < Duration::from_secs(30), "{waited:?}");
        return;
    }
    panic!("no step was finished in 32 seconds");
}

//! `chromascope setup` with simulated pips that behave like real ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod common;

use common::faults::assert_documented;
use common::{Home, sentence};
use serde_json::Value;

/// A manifest and its file, as set-up writes them.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
fn write_installed(home: &Home) -> std::path::PathBuf {
    let folder = home.data().join("onnxruntime").join("1.31.1");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("libonnxruntime.so.1.31.1"), "library").unwrap();
    let manifest = r#"{"wheels": ["5752bd508126ae7c49894d3b9d2e83f0c3d487319246d04c444b393308d7ad7f"],
        "files": [{"name": "libonnxruntime.so.1.31.1", "size": 7,
                   "sha256": "b718f1354f7247312eca086d9a024afe5fa717ddea5adeddd6f12bcf945b2e8c"}]}"#;
    std::fs::write(folder.join("manifest.json"), manifest).unwrap();
    folder
}

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn what_is_there_is_kept_without_any_pip() {
    let home = Home::new();
    let folder = write_installed(&home);
    let output = home.chromascope().arg("setup").assert().success().get_output().clone();
    let text = String::from_utf8(output.stdout).unwrap();
    let library = folder.join("libonnxruntime.so.1.31.1");
    assert_eq!(text, format!("ONNX Runtime 1.31.1 is already there: {}\n", library.display()));

    let output = home.chromascope().args(["setup", "--json"]).assert().success().get_output().clone();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["downloaded"], false);
    assert_eq!(report["path"], library.to_str().unwrap());
    assert_eq!(report["version"], "1.31.1");
    assert_eq!(report["platform"], "manylinux_2_28_x86_64");
    assert_eq!(report["sha256"].as_str().unwrap().len(), 64);
}

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn a_damaged_library_is_not_taken_for_a_whole_one() {
    let home = Home::new();
    let folder = write_installed(&home);
    std::fs::write(folder.join("libonnxruntime.so.1.31.1"), "librarx").unwrap();
    let output = home.chromascope().arg("setup").assert().code(1).get_output().clone();
    assert_documented(&sentence(&output), "setup::no_pip_is_one_sentence", &[]);
}

#[cfg(target_os = "linux")]
#[test]
fn no_pip_is_one_sentence() {
    let home = Home::new();
    let output = home.chromascope().arg("setup").assert().code(1).get_output().clone();
    assert_documented(&sentence(&output), "setup::no_pip_is_one_sentence", &[]);
    assert!(output.stdout.is_empty());
    assert!(!home.data().exists());
}

/// As root, apt installs pip; otherwise the command for it is printed.
#[cfg(target_os = "linux")]
#[test]
fn root_gets_pip_from_apt() {
    use std::os::unix::fs::MetadataExt;
    let home = Home::new();
    home.write_program(
        "apt-get",
        r#"echo "$*" >> "$HOME/asked"
case "$*" in
    *python3-pip*) [ -e "$HOME/updated" ] || exit 100
        printf '#!/bin/sh\n[ "$1" = --version ] && echo pip 23.0.1\n' > "$HOME/bin/pip3"; /bin/chmod +x "$HOME/bin/pip3";;
    update) : > "$HOME/updated";;
esac"#,
    );
    let output = home.chromascope().arg("setup").assert().code(1).get_output().clone();
    if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
        let asked = std::fs::read_to_string(home.path().join("asked")).unwrap();
        let install = "install --yes --no-install-recommends python3-pip";
        assert_eq!(asked, format!("--version\n{install}\nupdate\n{install}\n"));
        assert!(sentence(&output).starts_with("pip could not download onnxruntime 1.31.1"));
    } else {
        assert!(sentence(&output).starts_with("no pip was found"));
    }
}

/// Pips that answer to `--version` and download in their own way. `$DEST` is where pip must put the wheel.
#[cfg(target_os = "linux")]
mod with_a_pip {
    use super::*;
    use std::path::Path;
    use std::time::{Duration, Instant};

    const WHEEL: &str = "onnxruntime-1.31.1-cp311-cp311-manylinux_2_28_x86_64.whl";

    fn home(download: &str) -> Home {
        let home = Home::new();
        let script = format!(
            r#"case "$*" in *--version*) echo "pip 23.0.1 from /usr/lib (python 3.11)"; exit 0;; esac
while [ $# -gt 1 ]; do [ "$1" = --dest ] && DEST=$2; shift; done
{download}"#
        );
        home.write_program("python3", &script);
        home
    }

    #[test]
    fn a_wrong_file_leaves_nothing_behind() {
        let home = home(&format!("echo wrong > \"$DEST/{WHEEL}\""));
        let output = home.chromascope().arg("setup").assert().code(1).get_output().clone();
        assert_documented(&sentence(&output), "setup::a_wrong_file_leaves_nothing_behind", &[]);
        assert!(!home.data().exists());
    }

    #[test]
    fn a_failed_download_tells_the_last_error_and_leaves_nothing_behind() {
        let home = home(
            "echo part > \"$TMPDIR/part\"; echo 'ERROR: No matching distribution found for onnxruntime==1.31.1' >&2; \
             exit 1",
        );
        let output = home.chromascope().arg("setup").assert().code(1).get_output().clone();
        let test = "setup::a_failed_download_tells_the_last_error_and_leaves_nothing_behind";
        assert_documented(&sentence(&output), test, &[]);
        assert!(!home.data().exists());
    }

    /// The cause is above the last line, which says only that nothing was found.
    #[test]
    fn a_certificate_that_is_not_trusted_is_named_with_what_to_set() {
        let home = home(
            "echo \"WARNING: Retrying (Retry(total=0)) after connection broken by 'SSLError(SSLCertVerificationError(1, \
             '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain'))': \
             /simple/onnxruntime/\" >&2; echo \"Could not fetch URL https://pypi.org/simple/onnxruntime/: \
             HTTPSConnectionPool(host='pypi.org', port=443): Max retries exceeded\"; \
             echo 'ERROR: No matching distribution found for onnxruntime==1.31.1' >&2; exit 1",
        );
        let output = home.chromascope().arg("setup").assert().code(1).get_output().clone();
        let test = "setup::a_certificate_that_is_not_trusted_is_named_with_what_to_set";
        assert_documented(&sentence(&output), test, &[]);
    }

    #[test]
    fn a_proxy_that_refuses_is_named_with_what_to_set() {
        let home = home(
            "echo \"WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError('Cannot connect to proxy.', \
             OSError('Tunnel connection failed: 407 Proxy Authentication Required'))': /simple/onnxruntime/\" >&2; \
             echo 'ERROR: No matching distribution found for onnxruntime==1.31.1' >&2; exit 1",
        );
        let output = home.chromascope().arg("setup").assert().code(1).get_output().clone();
        assert_documented(&sentence(&output), "setup::a_proxy_that_refuses_is_named_with_what_to_set", &[]);
    }

    #[test]
    fn a_pip_that_leaves_no_wheel_is_named() {
        let output = home("exit 0").chromascope().arg("setup").assert().code(1).get_output().clone();
        assert_documented(&sentence(&output), "setup::a_pip_that_leaves_no_wheel_is_named", &[]);
    }

    #[test]
    fn what_was_there_survives_a_failed_download() {
        let home = home("exit 1");
        let other = home.data().join("onnxruntime").join("1.30.0");
        std::fs::create_dir_all(&other).unwrap();
        std::fs::write(other.join("libonnxruntime.so.1.30.0"), "older").unwrap();
        home.chromascope().arg("setup").assert().code(1);
        assert!(other.join("libonnxruntime.so.1.30.0").exists());
        assert_eq!(std::fs::read_dir(home.data()).unwrap().count(), 1);
    }

    #[test]
    fn a_data_folder_that_is_a_file_is_named() {
        let home = home("exit 0");
        std::fs::write(home.data(), "").unwrap();
        let output = home.chromascope().arg("setup").assert().code(1).get_output().clone();
        let words = [("FOLDER", home.data().display().to_string())];
        assert_documented(&sentence(&output), "setup::a_data_folder_that_is_a_file_is_named", &words);
    }

    #[test]
    fn ctrl_c_stops_pip_and_leaves_nothing_behind() {
        let home = home("echo part > \"$TMPDIR/part\"; echo $$ > \"$HOME/pid\"; exec /bin/sleep 60");
        let mut child = home.std_chromascope();
        let child = child.arg("setup").stderr(std::process::Stdio::piped()).spawn().unwrap();
        let pid = wait_for(&home.path().join("pid"));
        let begun = Instant::now();
        assert!(kill("-INT", &child.id().to_string()));
        let output = child.wait_with_output().unwrap();
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(output.status.code(), Some(130));
        assert_documented(&sentence(&output), "setup::ctrl_c_stops_pip_and_leaves_nothing_behind", &[]);
        assert!(!kill("-0", &pid), "pip runs on");
        assert!(!home.data().exists());
    }

    fn wait_for(path: &Path) -> String {
        let begun = Instant::now();
        loop {
            match std::fs::read_to_string(path) {
                Ok(text) if text.ends_with('\n') => return text.trim().to_owned(),
                _ if begun.elapsed() > Duration::from_secs(30) => panic!("pip was not started"),
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn kill(signal: &str, pid: &str) -> bool {
        let script = format!("kill {signal} {pid} 2>/dev/null");
        std::process::Command::new("/bin/sh").args(["-c", &script]).status().unwrap().success()
    }
}

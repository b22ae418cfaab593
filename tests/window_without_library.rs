//! The window without ONNX Runtime. Alone in its file, as a library stays loaded in a process.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::Launch;
use chromascope::app::words;
use chromascope::runtime::Options;
use chromascope::session::preferences::Preferences;
use chromascope::session::settings::{ModelSource, ProviderChoice};
use gui::*;

#[test]
fn an_exact_model_stands_in_and_the_library_is_offered() {
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch {
        folder: Some(folder.path().to_path_buf()),
        options: Options { onnxruntime: Some("/no/such/library".into()) },
        ..Launch::default()
    };
    let mut harness = open_with(launch, PROJECTOR);
    until_done(&mut harness);
    assert!(
        says(&harness, &words::chip(words::frame::MODEL, "emoji-exact-64"))
            && says(&harness, &words::frame::step_of(32, 32))
    );
    let test = "window_without_library::an_exact_model_stands_in_and_the_library_is_offered";
    assert!(documented_is_shown(&harness, test, &[]), "{:?}", painted(&harness));
    assert!(says(&harness, words::messages::DOWNLOAD));
    assert!(says(&harness, &words::messages::until_then("emoji-exact-64")));
    click(&mut harness, words::messages::DISMISS);
    assert!(!says(&harness, words::messages::DOWNLOAD));
    drop(harness);
    // The substitute model was not chosen by the user, so the next start tries the network again.
    let kept = Preferences::load(folder.path()).preferences.document.unwrap();
    assert_eq!(kept.run.source, ModelSource::Model("emoji-unet".into()));
    assert_eq!((kept.run.label, kept.run.provider), (Some(1), ProviderChoice::Auto));
}

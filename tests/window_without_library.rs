//! The window where there is no ONNX Runtime. Alone in its file, as a library stays loaded in a process.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used)]

mod common;
mod gui;

use chromascope::app::Launch;
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
    assert!(says(&harness, "Model emoji-exact-64") && says(&harness, "step 32/32"));
    let test = "window_without_library::an_exact_model_stands_in_and_the_library_is_offered";
    assert!(documented_is_shown(&harness, test, &[]), "{:?}", painted(&harness));
    assert!(says(&harness, "Fetch ONNX Runtime"));
    assert!(says(&harness, "which the program computes exactly by itself"));
    click(&mut harness, "Dismiss");
    assert!(!says(&harness, "Fetch ONNX Runtime"));
    drop(harness);
    // What stood in was not chosen, so the next start tries the network again.
    let kept = Preferences::load(folder.path()).preferences.document.unwrap();
    assert_eq!(kept.run.source, ModelSource::Model("emoji-unet".into()));
    assert_eq!((kept.run.label, kept.run.provider), (Some(1), ProviderChoice::Auto));
}

//! Text-to-image models in files and on the command line: ensembles of latents and decoded images, records, `info`.
#![allow(clippy::unwrap_used)]

mod common;

const GAUSSIAN: [&str; 6] = ["spectrum", "--model", "gaussian-64", "--provider", "rust", "--steps=3"];

#[track_caller]
fn refused(test: &str, words: &[(&str, String)], arguments: &[&str]) {
    let output = common::program().args(arguments).assert().code(1).get_output().clone();
    common::faults::assert_documented(&common::sentence(&output), &format!("text_files::{test}"), words);
}

#[test]
fn decoded_images_of_a_model_without_a_decoder_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz");
    let arguments = [&GAUSSIAN[..], &["--space", "both", "--out", out.to_str().unwrap()]].concat();
    refused("decoded_images_of_a_model_without_a_decoder_are_refused", &[], &arguments);
    assert!(!out.exists());
}

#[test]
fn a_share_to_decode_needs_decoded_images() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz");
    let share = ["--space", "latents", "--decode-steps", "every:2", "--out", out.to_str().unwrap()];
    refused("a_share_to_decode_needs_decoded_images", &[], &[&GAUSSIAN[..], &share].concat());
    let wrong = ["--decode-steps", "last", "--out", out.to_str().unwrap()];
    let told = common::program().args(GAUSSIAN).args(wrong).assert().code(2).get_output().stderr.clone();
    assert!(String::from_utf8(told).unwrap().contains("use every:N, such as every:5"));
}

#[test]
fn a_file_without_decoded_images_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out.npz");
    let out = out.to_str().unwrap();
    common::program().args(GAUSSIAN).args(["--samples", "1", "--out", out]).assert().success();
    for space in ["decoded", "both"] {
        let again = ["spectrum", "--add", out, "--samples", "0", "--space", space];
        refused("a_file_without_decoded_images_is_named", &[("FILE", out.to_owned())], &again);
    }
    let told = common::program().args(["spectrum", "--add", out, "--samples", "0", "--space", "latents"]).assert();
    let told = String::from_utf8(told.success().get_output().stdout.clone()).unwrap();
    assert!(told.contains("theory calibrated on the final images"), "{told}");
}

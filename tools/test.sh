#!/usr/bin/env bash
# Sets up, then checks formatting, lints, the library without its features, the examples in the documentation, and runs
# every test. One build profile throughout.
set -euo pipefail
. "$(dirname "$0")/common.sh"

need_toolchain
need_component fmt rustfmt
need_component clippy clippy
need_packages window tests
say "Downloading the crates"
cargo fetch --locked
say "Formatting"
cargo fmt --check
say "Lints"
cargo clippy --locked --all-targets -- -D warnings
say "The library without the command line"
cargo build --locked --lib --no-default-features
say "Setting up ONNX Runtime"
cargo run --quiet --locked -- setup
if cargo nextest --version >/dev/null 2>&1; then
    say "Examples in the documentation"
    cargo test --locked --doc
    say "Tests"
    cargo nextest run --locked
else
    say "Tests"
    cargo test --locked
fi

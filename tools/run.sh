#!/usr/bin/env bash
# Sets up, builds, and opens the window; without a display it samples the bundled network into a film strip.
# CHROMASCOPE_OUT names another folder for that.
set -euo pipefail
. "$(dirname "$0")/common.sh"

need_toolchain
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    need_packages window
else
    need_packages
fi
say "Building Chromascope (the first time takes a few minutes)"
cargo build --release --locked
say "Setting up ONNX Runtime"
cargo run --quiet --release --locked -- setup
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    say "Opening the window"
    exec cargo run --quiet --release --locked
fi
say "There is no display, so no window"
out=${CHROMASCOPE_OUT:-chromascope-out}
say "Sampling the bundled network emoji-unet, one step at a time"
cargo run --quiet --release --locked -- sample --model emoji-unet --label "People & Body" --steps 32 \
    --sampler ddim --spacing trailing --seed 6 --out "$out"
say "The film strip is $(realpath "$out")/strip.png"

#!/usr/bin/env bash
# Sets up, builds, and samples the bundled network into a film strip. CHROMASCOPE_OUT names another folder for it.
set -euo pipefail
. "$(dirname "$0")/common.sh"

need_toolchain
need_packages
say "Building Chromascope (the first time takes a few minutes)"
cargo build --release --locked
say "Setting up ONNX Runtime"
cargo run --quiet --release --locked -- setup
out=${CHROMASCOPE_OUT:-chromascope-out}
say "Sampling the bundled network emoji-unet, one step at a time"
cargo run --quiet --release --locked -- sample --model emoji-unet --label "People & Body" --steps 32 \
    --sampler ddim --spacing trailing --seed 6 --out "$out"
say "The film strip is $(realpath "$out")/strip.png"

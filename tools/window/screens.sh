#!/usr/bin/env bash
# Draws the real window in each layout, size and colours into docs/screens. CHROMASCOPE_BIN names another build.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tools/common.sh
need_packages window tests
bin=${CHROMASCOPE_BIN:-target/release/chromascope}
[ -x "$bin" ] || cargo build --release --locked
driver=$(mktemp)
config=$(mktemp -d)
trap 'rm -rf "$driver" "$config"' EXIT
mkdir -p docs/screens
for layout in explore present; do
    for size in 1280x720 2560x1440; do
        for theme in dark light; do
            file=docs/screens/$layout-$size-$theme.png
            rm -rf "${config:?}"/*
            # The run, then the playhead where the image is half there.
            cat >"$driver" <<DRIVER
ax wait "step 32/32" 120
xdotool mousemove 5 5
xdotool key --window "\$WINDOW" Home
for _ in \$(seq 9); do xdotool key --window "\$WINDOW" Right; sleep 0.1; done
ax wait "step 9/32"
shot "$file"
DRIVER
            CHROMASCOPE_CONFIG=$config tools/window/with_display.sh "$size" "$driver" "$bin" --renderer glow \
                --layout "$layout" --theme "$theme" --window-size "$size"
            mogrify -strip -define png:compression-level=9 "$file"
            echo "$file"
        done
    done
done

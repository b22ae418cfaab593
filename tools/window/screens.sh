#!/usr/bin/env bash
# Draws the real window in each layout, size and colours into docs/screens; CHROMASCOPE_BIN names another build. With
# arguments, only the pictures of these names: `tools/window/screens.sh lab-1280x720-dark spectra-1280x720-light`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# One picture, LAYOUT-WIDTHxHEIGHT-THEME, in a window, on a display and with preferences of its own.
draw() {
    local name=$1 layout size theme place
    IFS=- read -r layout size theme <<<"$name"
    place=$(mktemp -d)
    {
        # The run, then what the layout is for, then the playhead where the image is half there.
        echo 'ax wait "step 32/32" 120'
        echo 'xdotool mousemove 5 5'
        case $layout in
            lab)
                echo 'ax press "Edit as curve"'
                echo 'ax wait "Control point 2,*"'
                echo 'ax wait "done ·*" 60'
                ;;
            spectra)
                echo 'read -r x y < <(ax middle "Number of samples")'
                echo 'xdotool mousemove "$x" "$y" click 1'
                echo 'xdotool type --window "$WINDOW" 16'
                echo 'xdotool key --window "$WINDOW" Return'
                echo 'ax press "Measure"'
                echo 'ax wait "16 samples*" 120'
                echo 'xdotool mousemove 5 5'
                ;;
        esac
        echo 'ax press "First step"'
        echo 'ax wait "step 0/32"'
        echo 'for _ in $(seq 9); do ax press "Next step"; done'
        echo 'ax wait "step 9/32"'
        echo "shot '$place/shot.png'"
    } >"$place/driver.sh"
    CHROMASCOPE_CONFIG=$place/config tools/window/with_display.sh "$size" "$place/driver.sh" "$bin" --renderer glow \
        --layout "$layout" --theme "$theme" --window-size "$size"
    # 256 colours: a quarter of the bytes, and nobody sees the difference.
    convert "$place/shot.png" -strip -dither None -colors 256 -define png:compression-level=9 "PNG8:docs/screens/$name.png"
    rm -rf "$place"
    echo "docs/screens/$name.png"
}

if [ "${1:-}" = one ]; then
    draw "$2"
    exit
fi
. tools/common.sh
need_packages window tests
bin=${CHROMASCOPE_BIN:-target/release/chromascope}
[ -x "$bin" ] || cargo build --release --locked
export bin
mkdir -p docs/screens
if [ $# = 0 ]; then
    for layout in explore lab spectra guidance present; do
        for size in 1280x720 1920x1080 2560x1440; do
            set -- "$@" "$layout-$size-dark" "$layout-$size-light"
        done
    done
fi
# Each is drawn by itself, so two at a time; one that fails is said, and fails the whole.
printf '%s\n' "$@" | xargs -P 2 -I NAME tools/window/screens.sh one NAME

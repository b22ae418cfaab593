#!/usr/bin/env bash
# Runs a program in a real window on a display of its own, with an accessibility bus, and a driver script beside it.
#
#     with_display.sh WIDTHxHEIGHT DRIVER.sh PROGRAM [ARGUMENT…]
#
# The driver finds $WINDOW (the window), $APP (the program), the command `ax` (tools/window/ax.py) and `shot FILE.png`. Its exit
# code is this script's. Debian packages: xvfb xdotool imagemagick x11-utils dbus at-spi2-core python3-pyatspi
# gir1.2-atspi-2.0, and what the window itself needs.
set -euo pipefail
size=$1 driver=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export HERE=$here DRIVER=$driver
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
chmod 700 "$XDG_RUNTIME_DIR"
unset WAYLAND_DISPLAY

# The server chooses a free number and writes it.
mkfifo "$XDG_RUNTIME_DIR/display"
Xvfb -displayfd 3 -screen 0 "${size}x24" -nolisten tcp -noreset 3>"$XDG_RUNTIME_DIR/display" 2>"$XDG_RUNTIME_DIR/xvfb.log" &
server=$!
tidy() {
    kill "$server" 2>/dev/null || true
    rm -rf "$XDG_RUNTIME_DIR"
}
trap tidy EXIT
read -r number <"$XDG_RUNTIME_DIR/display" || { cat "$XDG_RUNTIME_DIR/xvfb.log" >&2; exit 1; }
export DISPLAY=:$number

cat >"$XDG_RUNTIME_DIR/session.sh" <<'SESSION'
set -euo pipefail
/usr/libexec/at-spi-bus-launcher --launch-immediately >/dev/null 2>&1 &
bus=$!
for _ in $(seq 100); do
    dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus org.a11y.Bus.GetAddress >/dev/null 2>&1 && break
    sleep 0.1
done
for property in IsEnabled ScreenReaderEnabled; do
    dbus-send --session --print-reply --dest=org.a11y.Bus /org/a11y/bus org.freedesktop.DBus.Properties.Set \
        string:org.a11y.Status "string:$property" variant:boolean:true >/dev/null
done
"$@" >"$XDG_RUNTIME_DIR/program.log" 2>&1 &
APP=$!
WINDOW=
for _ in $(seq 600); do
    WINDOW=$(xdotool search --onlyvisible --name '^Chromascope$' 2>/dev/null | head -n 1 || true)
    [ -n "$WINDOW" ] && break
    kill -0 "$APP" 2>/dev/null || { echo "the program ended:"; cat "$XDG_RUNTIME_DIR/program.log"; exit 1; }
    sleep 0.1
done
[ -n "$WINDOW" ] || { echo "no window came"; cat "$XDG_RUNTIME_DIR/program.log"; exit 1; }
xdotool windowfocus "$WINDOW"
export APP WINDOW
shot() { sleep 1; import -window root "$1"; }
ax() { timeout 100 /usr/bin/python3 -W ignore "$HERE/ax.py" "$@"; }
export -f shot ax
code=0
bash -euo pipefail "$DRIVER" || code=$?
[ "$code" = 0 ] || cat "$XDG_RUNTIME_DIR/program.log"
kill "$APP" "$bus" 2>/dev/null || true
exit "$code"
SESSION
dbus-run-session -- bash "$XDG_RUNTIME_DIR/session.sh" "$@"

# Shared by run.sh and test.sh: the toolchain, and the packages of the operating system.
# Messages go to stderr, so that stdout keeps the results.

# No step may wait for somebody to type.
exec </dev/null
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '== %s\n' "$*" >&2; }
fail() { printf 'Stopped: %s\n' "$*" >&2; exit 1; }

# A Rust toolchain, at least the one Cargo.toml asks for.
need_toolchain() {
    local wanted found
    wanted=$(sed -n 's/^rust-version *= *"\(.*\)"/\1/p' Cargo.toml)
    if ! command -v cargo >/dev/null && [ -x "${CARGO_HOME:-${HOME:-}/.cargo}/bin/cargo" ]; then
        PATH="${CARGO_HOME:-${HOME:-}/.cargo}/bin:$PATH"
    fi
    command -v cargo >/dev/null && command -v rustc >/dev/null ||
        fail "there is no Rust toolchain: install Rust $wanted or newer from https://rustup.rs, then run this again."
    found=$(rustc --version 2>/dev/null | sed -n 's/^rustc \([0-9.]*\).*/\1/p')
    [ -n "$found" ] || fail "rustc does not run: install Rust $wanted or newer from https://rustup.rs."
    [ "$(printf '%s\n%s\n' "$wanted" "$found" | sort -V | head -n 1)" = "$wanted" ] ||
        fail "Rust $found is too old, $wanted or newer is needed: run \`rustup update stable\`, then run this again."
}

# A component of the toolchain, such as clippy.
need_component() {
    cargo "$1" --version >/dev/null 2>&1 && return
    command -v rustup >/dev/null || fail "cargo $1 is missing: install the Rust component $2, then run this again."
    say "Adding the Rust component $2"
    rustup component add "$2" >&2
}

links() {
    command -v cc >/dev/null || return 1
    local folder status=0
    folder=$(mktemp -d)
    printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' >"$folder/a.c"
    cc -o "$folder/a" "$folder/a.c" >/dev/null 2>&1 || status=1
    rm -r "$folder"
    return "$status"
}

has_pip() {
    python3 -m pip --version >/dev/null 2>&1 || python -m pip --version >/dev/null 2>&1 ||
        pip3 --version >/dev/null 2>&1 || pip --version >/dev/null 2>&1
}

# Whether ONNX Runtime was fetched before; then pip is not needed any more.
has_runtime() {
    local data=${CHROMASCOPE_DATA:-${XDG_DATA_HOME:-${HOME:-}/.local/share}/chromascope}
    compgen -G "$data/onnxruntime/*/manifest.json" >/dev/null
}

has_library() {
    # ldconfig lies where a PATH without the system's own folders does not find it.
    PATH="$PATH:/usr/sbin:/sbin" ldconfig -p 2>/dev/null | grep -q -F "$1"
}

# What opening a window takes: package by package, the library that it brings.
window_packages() {
    local pair
    for pair in libx11-6:libX11.so.6 libx11-xcb1:libX11-xcb.so.1 libxcursor1:libXcursor.so.1 libxi6:libXi.so.6 \
        libxkbcommon-x11-0:libxkbcommon-x11.so.0 libgl1:libGL.so.1 libegl1:libEGL.so.1; do
        has_library "${pair#*:}" || missing+=("${pair%%:*}")
    done
}

# What the tests of the window take besides: a display, hands, eyes, a screen reader's bus, and drivers without a GPU.
test_packages() {
    command -v Xvfb >/dev/null || missing+=(xvfb)
    command -v xdotool >/dev/null || missing+=(xdotool)
    command -v import >/dev/null && command -v identify >/dev/null || missing+=(imagemagick)
    command -v xdpyinfo >/dev/null || missing+=(x11-utils)
    command -v dbus-run-session >/dev/null || missing+=(dbus)
    [ -x /usr/libexec/at-spi-bus-launcher ] || missing+=(at-spi2-core)
    /usr/bin/python3 -c 'import pyatspi' >/dev/null 2>&1 || missing+=(python3 python3-pyatspi gir1.2-atspi-2.0)
    compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null || missing+=(mesa-vulkan-drivers)
    compgen -G '/usr/lib/*/dri/swrast_dri.so' >/dev/null || compgen -G '/usr/lib/*/libgallium*' >/dev/null ||
        missing+=(libgl1-mesa-dri)
}

# A linker with the C library, and pip to download with: what everything takes from the operating system. With `window`
# and `tests` what those take too.
need_packages() {
    local missing=() kind
    links || missing+=(gcc libc6-dev)
    has_runtime || has_pip || missing+=(python3-pip)
    for kind in "$@"; do
        "${kind%s}_packages"
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    local install=(apt-get install --yes --no-install-recommends "${missing[@]}")
    command -v apt-get >/dev/null ||
        fail "a C compiler or pip is missing: install what your system calls ${missing[*]}, then run this again."
    local as_root=(env DEBIAN_FRONTEND=noninteractive)
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null; then
            fail "packages are missing. Run this, then the same command again:
    sudo apt-get update && sudo ${install[*]}"
        fi
        as_root=(sudo -n env DEBIAN_FRONTEND=noninteractive)
    fi
    say "Installing ${missing[*]}"
    { "${as_root[@]}" apt-get update && "${as_root[@]}" "${install[@]}"; } >&2 ||
        fail "apt-get could not install ${missing[*]}: see its messages above."
}

"""The colour maps of heat maps, as matplotlib has them: writes src/session/colour_map/tables.rs.

    python tools/colour_maps.py

Inferno, magma and viridis (Smith, van der Walt, Firing) are CC0; turbo (Mikhailov, Google) is Apache-2.0.
"""

from pathlib import Path

import matplotlib

TABLES = Path(__file__).parent.parent / "src/session/colour_map/tables.rs"
NAMES = ["inferno", "viridis", "magma", "turbo"]
A_LINE = 10


def main():
    lines = [
        "//! Written by tools/colour_maps.py from matplotlib's: sRGB, from the lowest value to the highest. Inferno, magma and",
        "//! viridis (Smith, van der Walt, Firing) are CC0, turbo (Mikhailov, Google) is Apache-2.0.",
    ]
    for name in NAMES:
        colours = matplotlib.colormaps[name](range(256), bytes=True)[:, :3]
        words = ["0x{:02X}_{:02X}{:02X},".format(*colour) for colour in colours]
        lines += ["", "#[rustfmt::skip]", f"pub(super) const {name.upper()}: [u32; 256] = ["]
        lines += ["    " + " ".join(words[at : at + A_LINE]) for at in range(0, 256, A_LINE)]
        lines += ["];"]
    TABLES.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

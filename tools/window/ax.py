"""Finds things in the window by the names they have for a screen reader (AT-SPI).

    ax.py wait NAME [SECONDS]   until something has this name; a * at the end stands for the rest
    ax.py middle NAME           x and y of its middle on the screen
    ax.py press NAME            what a click would do
    ax.py tree                  everything
"""

import sys
import time

import pyatspi
from gi.repository import GLib


def everything():
    def below(node, depth):
        yield node, depth
        for child in node:
            if child is not None:
                yield from below(child, depth + 1)

    for program in pyatspi.Registry.getDesktop(0):
        if program is not None:
            yield from below(program, 0)


def find(name):
    for node, _ in everything():
        here = node.name or ""
        if here == name or (name.endswith("*") and here.startswith(name[:-1])):
            return node
    return None


def wait(name, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            node = find(name)
        except GLib.GError as error:
            # A window that is busy drawing answers late, and what it showed may be gone.
            print(f"asked again: {error.message}", file=sys.stderr)
            node = None
        if node is not None:
            return node
        time.sleep(0.2)
    names = sorted({node.name for node, _ in everything() if node.name})
    sys.exit(f"nothing is named {name!r}; there are {names}")


command, *rest = sys.argv[1:]
if command == "wait":
    wait(rest[0], float(rest[1]) if len(rest) > 1 else 60)
elif command == "middle":
    box = wait(rest[0], 10).queryComponent().getExtents(pyatspi.DESKTOP_COORDS)
    print(box.x + box.width // 2, box.y + box.height // 2)
elif command == "press":
    wait(rest[0], 10).queryAction().doAction(0)
elif command == "tree":
    for node, depth in everything():
        print("  " * depth + node.getRoleName(), repr(node.name))
else:
    sys.exit(__doc__)

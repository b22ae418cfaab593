"""Emoji as a data set: about 1,900 images, 64x64 RGB on white, in nine labelled groups.

The pictures are the bitmaps of Noto Color Emoji (SIL OFL 1.1), the sequences, names and groups are those of
Unicode's emoji-test.txt. Everything is deterministic: the same font and the same list give the same bytes.

    python tools/emoji_dataset.py                 # builds the cache, prints the counts
    python tools/emoji_dataset.py --sheet out.png # and draws the first 256 images

Needs the font and the list (Debian: `apt install fonts-noto-color-emoji unicode-data`), uharfbuzz, fonttools, pillow.
The cache lies in ~/.cache/chromascope (or $CHROMASCOPE_CACHE), never in the source tree.
"""

import argparse
import hashlib
import io
import json
import os
from collections import namedtuple
from pathlib import Path

import numpy as np

FONT = "/usr/share/fonts/truetype/noto/NotoColorEmoji.ttf"
EMOJI_TEST = "/usr/share/unicode/emoji/emoji-test.txt"
SIZE = 64
GROUPS = [
    "Smileys & Emotion",
    "People & Body",
    "Animals & Nature",
    "Food & Drink",
    "Travel & Places",
    "Activities",
    "Objects",
    "Symbols",
    "Flags",
]
NULL_LABEL = len(GROUPS)  # the label that stands for "no class"
NO_FLIP = {GROUPS.index("Symbols"), GROUPS.index("Flags")}  # a mirror image of these is another thing, or nothing
HELD_OUT = 0.10  # share of the base emoji kept from training

TONES = set(range(0x1F3FB, 0x1F400))
# What distinguishes variants of one base emoji: joiner, presentation, gender, hair, direction.
VARIANT_MARKS = {0x200D, 0xFE0F, 0x2640, 0x2642, 0x27A1} | set(range(0x1F9B0, 0x1F9B4))
# Emoji drawn alike, mapped to one representative so that none is held out while its twin is trained on.
TWINS = {
    0x1F468: 0x1F9D1, 0x1F469: 0x1F9D1,  # man, woman: person
    0x1F466: 0x1F9D2, 0x1F467: 0x1F9D2,  # boy, girl: child
    0x1F474: 0x1F9D3, 0x1F475: 0x1F9D3,  # old man, old woman: older person
    0x1F478: 0x1FAC5, 0x1F934: 0x1FAC5,  # princess, prince: person with crown
    0x1F46C: 0x1F46B, 0x1F46D: 0x1F46B,  # two men, two women holding hands
    0x1F936: 0x1F385, 0x1F483: 0x1F57A,  # Mrs. Claus, woman dancing
}  # fmt: skip
FAMILY = {0x1F46A, 0x1F9D1, 0x1F9D2}

Emoji = namedtuple("Emoji", "codepoints name group base held_out")


def cache_dir():
    """Where the data set and the checkpoints are kept."""
    path = Path(os.environ.get("CHROMASCOPE_CACHE", Path.home() / ".cache" / "chromascope"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def uniform_hash(text):
    """A number in [0, 1) that depends on nothing but `text`."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def base_key(codepoints):
    """The base emoji a sequence is a variant of: without skin tone, gender, hair and direction."""
    base = [TWINS.get(c, c) for c in codepoints if c not in TONES and c not in VARIANT_MARKS]
    if len(base) > 1 and set(base) <= FAMILY:  # every family is one base emoji
        base = [0x1F46A]
    return "-".join(f"{c:X}" for c in base)


def read_emoji_test(path=EMOJI_TEST):
    """The fully-qualified sequences of the nine groups; of all toned variants of one base, one chosen by hash."""
    emojis, tones, group = [], {}, None
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        if line.startswith("# group:"):
            name = line.split(":", 1)[1].strip()
            group = GROUPS.index(name) if name in GROUPS else None
        if group is None or line.startswith("#") or "; fully-qualified" not in line:
            continue
        codepoints = tuple(int(c, 16) for c in line.split(";")[0].split())
        name = line.split("# ", 1)[1].split(" ", 2)[2]
        base = base_key(codepoints)
        emoji = Emoji(codepoints, name, group, base, uniform_hash("held out " + base) < HELD_OUT)
        emojis.append(emoji)
        if TONES & set(codepoints):
            tones.setdefault(base, []).append(codepoints)
    kept = {min(v, key=lambda c: uniform_hash(f"tone {c}")) for v in tones.values()}
    return [e for e in emojis if not TONES & set(e.codepoints) or e.codepoints in kept]


class Renderer:
    """Draws a sequence from the font's own bitmaps."""

    def __init__(self, path=FONT):
        import uharfbuzz
        from fontTools.ttLib import TTFont

        self.harfbuzz = uharfbuzz
        font = TTFont(path)
        self.glyph_names = font.getGlyphOrder()
        self.bitmaps = font["CBDT"].strikeData[0]
        self.font = uharfbuzz.Font(uharfbuzz.Face(Path(path).read_bytes()))

    def __call__(self, codepoints):
        """uint8 [SIZE, SIZE, 3], or None where the sequence is not one glyph with a bitmap."""
        from PIL import Image

        buffer = self.harfbuzz.Buffer()
        buffer.add_codepoints(list(codepoints))
        buffer.guess_segment_properties()
        self.harfbuzz.shape(self.font, buffer)
        glyphs = [g.codepoint for g in buffer.glyph_infos]
        if len(glyphs) != 1 or self.glyph_names[glyphs[0]] not in self.bitmaps:
            return None
        png = self.bitmaps[self.glyph_names[glyphs[0]]].imageData
        emoji = Image.open(io.BytesIO(png)).convert("RGBA")
        side = max(emoji.size)
        canvas = Image.new("RGBA", (side, side), "white")
        canvas.alpha_composite(emoji, ((side - emoji.width) // 2, (side - emoji.height) // 2))
        return np.asarray(canvas.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS))


def build():
    """(images uint8 [N, 3, 64, 64], list of Emoji), exact duplicates removed."""
    render, seen, images, emojis = Renderer(), set(), [], []
    for emoji in read_emoji_test():
        pixels = render(emoji.codepoints)
        if pixels is None or pixels.tobytes() in seen:
            continue
        seen.add(pixels.tobytes())
        images.append(pixels.transpose(2, 0, 1))
        emojis.append(emoji)
    return np.stack(images), emojis


def load():
    """The data set as `build` makes it, from the cache where it is there."""
    pixels, listing = cache_dir() / "emoji-64.npy", cache_dir() / "emoji-64.json"
    if not (pixels.exists() and listing.exists()):
        images, emojis = build()
        np.save(pixels, images)
        listing.write_text(json.dumps([e._asdict() for e in emojis]))
    emojis = [Emoji(**{**e, "codepoints": tuple(e["codepoints"])}) for e in json.loads(listing.read_text())]
    return np.load(pixels), emojis


def to_float(images):
    """uint8 to float32 in [-1, 1]."""
    return np.asarray(images, np.float32) / np.float32(127.5) - np.float32(1)


def split():
    """(training images, their labels, held-out images, their labels), images f32 in [-1, 1]."""
    images, emojis = load()
    held_out = np.array([e.held_out for e in emojis])
    labels = np.array([e.group for e in emojis], np.int64)
    x = to_float(images)
    return x[~held_out], labels[~held_out], x[held_out], labels[held_out]


def save_sheet(images, path, columns=8, colours=None):
    """Draws images (f32 [B, 3, H, W] in [-1, 1]) as one PNG; with `colours` it has so many at most, in less space."""
    from PIL import Image

    b, _, h, w = images.shape
    rows = -(-b // columns)
    sheet = np.full((rows * (h + 2) + 2, columns * (w + 2) + 2, 3), 255, np.uint8)
    for i, image in enumerate(np.clip((images + 1) * 127.5 + 0.5, 0, 255).astype(np.uint8)):
        y, x = 2 + i // columns * (h + 2), 2 + i % columns * (w + 2)
        sheet[y : y + h, x : x + w] = image.transpose(1, 2, 0)
    sheet = Image.fromarray(sheet)
    if colours:
        sheet = sheet.quantize(colours, dither=Image.Dither.NONE)
    sheet.save(path, optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheet", help="draw every seventh image to this PNG")
    args = parser.parse_args()
    images, emojis = load()
    for label, group in enumerate(GROUPS):
        members = [e for e in emojis if e.group == label]
        print(f"{label} {group:20} {len(members):5} images, {sum(e.held_out for e in members):4} held out")
    bases = {e.base: e.held_out for e in emojis}
    print(f"{len(emojis)} images, {sum(e.held_out for e in emojis)} held out; {len(bases)} base emoji, {sum(bases.values())} held out")
    if args.sheet:
        save_sheet(to_float(images[::7]), args.sheet, columns=20)


if __name__ == "__main__":
    main()

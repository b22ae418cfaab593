"""Makes the images of `tests/golden/images/`: forms of JPEG and WebP that Rust's encoders do not write.

Each has 96×64 pixels of smooth colours under some noise. Package: Pillow 13.0.0. Run: `python tools/golden/images.py`
"""

import io
from pathlib import Path

import numpy as np
from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "golden" / "images"
HEIGHT, WIDTH = 64, 96


def picture():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    smooth = np.stack([128 + 100 * np.sin(x / 5), 255 * y / HEIGHT, 128 + 90 * np.cos((x + y) / 7)], -1)
    noise = np.random.default_rng(7).normal(0, 12, smooth.shape)
    return Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8))


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    image = picture()
    preview = io.BytesIO()
    image.resize((24, 16)).save(preview, "JPEG")
    exif = Image.Exif()
    exif[0x0112] = 1  # upright
    exif[0x927C] = preview.getvalue()  # a preview inside, with an end of its own
    for name, options in {
        "progressive.jpg": {"progressive": True},
        "restarts.jpg": {"restart_marker_blocks": 2},
        "subsampled.jpg": {"subsampling": "4:2:0", "optimize": True},
        "preview.jpg": {"exif": exif},
        "lossy.webp": {"lossless": False},
    }.items():
        image.save(FOLDER / name, quality=85, **options)
    image.convert("L").save(FOLDER / "grey.jpg", quality=85)
    image.convert("CMYK").save(FOLDER / "cmyk.jpg", quality=85)
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.name:20} {path.stat().st_size} B")


if __name__ == "__main__":
    main()

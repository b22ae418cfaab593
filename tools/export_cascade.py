"""Exports the two stages of `emoji-cascade` from their checkpoints into one folder.

    python tools/export_cascade.py assets/models/emoji-cascade
    python tools/model_quality.py assets/models/emoji-cascade --against assets/models/emoji-unet

Weights are stored as int8 with a scale for each output (`export_model.store_int8`).
"""

import argparse
import shutil
from pathlib import Path

from emoji_dataset import GROUPS, NULL_LABEL, cache_dir
from export_model import export_module, scheduler_config, write_json
from train import FACTOR, STAGES, load_checkpoint

FOLDERS = {"coarse": ("coarse-32", 32), "detail": ("detail-64", 64)}
ABOUT = {
    "coarse": "The image pooled by 2, at 32×32.",
    "detail": "What pooling by 2 loses, at 64×64: only its detail band means anything, and the cascade takes nothing else.",
}

README = """# emoji-cascade

{summary}

- Data: {data} Made by `tools/emoji_dataset.py`; all variants of one base emoji are on the same side of the split.
- `cascade.json` lists the stages, coarsest first. `coarse-32` is trained on the images pooled by 2; `detail-64` on the
  full image, with a loss on the detail band only. Together (docs/theory.md, section 14):
  `ε(x_t, t) = ½·U ε_coarse(D x_t/√P, τ) + (1 − UD) ε_detail(x_t, t)`.
- Each stage: the network of `emoji-unet` (`tools/train.py`), initialised with its weights where the shapes match.
- Weights: {weights}, averaged over training, stored as int8 with one scale per output and converted to float32 when a
  session opens.
- Licence: SIL Open Font License 1.1, see `OFL.txt`, because the pictures are derived from the font.

## How it was made

{commands}

then `python tools/export_cascade.py assets/models/emoji-cascade` and
`python tools/model_quality.py assets/models/emoji-cascade --against assets/models/emoji-unet`. To train it
further on a GPU, run the same commands with `--device cuda --batch 512`.

## Measured

<!-- measured -->
Not measured yet: run `tools/model_quality.py`.
<!-- /measured -->

![One row per class, the null class last: eight samples of emoji-unet, then eight of the cascade from the same noise](sheet.png)
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    commands, weights = [], []
    for stage, (name, side) in FOLDERS.items():
        checkpoint, model = load_checkpoint(cache_dir() / f"{STAGES[stage]['name']}.pt", "cpu")
        folder = args.out / name
        folder.mkdir(parents=True, exist_ok=True)
        export_module(model, folder / "model.onnx", model.size_multiple, num_classes=NULL_LABEL + 1, int8=True)
        write_json(folder / "scheduler_config.json", scheduler_config())
        config = {"_class_name": "UNet2DModel", "in_channels": 3, "out_channels": 3, "sample_size": side}
        write_json(folder / "config.json", config | {"num_class_embeds": NULL_LABEL + 1, "emoji_unet": model.config})
        card = {"name": name, "title": name, "summary": ABOUT[stage], "licence": "OFL-1.1", "null_label": NULL_LABEL}
        write_json(folder / "card.json", card | {"class_names": [*GROUPS, "none"], "size_multiple": model.size_multiple})
        millions = sum(p.numel() for p in model.parameters()) / 1e6
        weights.append(f"{millions:.2f} M in `{name}`")
        lines = [f"    {line}" for line in checkpoint["history"]]
        lines.append(f"    # {checkpoint['step']} steps, {checkpoint['images']} images")
        commands.append("\n".join(lines))
    write_json(args.out / "cascade.json", {"factor": FACTOR, "stages": [name for name, _ in FOLDERS.values()]})
    card = {
        "name": "emoji-cascade",
        "title": "Emoji cascade",
        "summary": "Two class-conditional diffusion models of emoji as one: a 32×32 stage and a 64×64 stage for the detail.",
        "data": "Noto Color Emoji 2.042 at 64×64 on white, nine groups of Unicode 15.0 emoji-test.txt; 10 % of the base emoji held out.",
        "licence": "OFL-1.1",
        "null_label": NULL_LABEL,
        "class_names": [*GROUPS, "none"],
    }
    write_json(args.out / "card.json", card)
    text = README.format(weights=" and ".join(weights), commands="\n".join(commands), **card)
    (args.out / "README.md").write_text(text, encoding="utf-8")
    shutil.copy(args.out.parent / "emoji-unet" / "OFL.txt", args.out / "OFL.txt")
    print(f"exported {' and '.join(weights)} to {args.out}")


if __name__ == "__main__":
    main()

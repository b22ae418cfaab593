"""Makes the tiny pipelines of tests/pipelines/ with optimum's exporter, so that tests need neither PyTorch nor real models.

    python tools/make_tiny_pipelines.py                  # all of them
    python tools/make_tiny_pipelines.py sd15 flux --out DIR [--torch DIR]

The graphs, their ports, types and names are those that `optimum-cli export onnx --task text-to-image` gives for the real
pipelines; the parts are in tiny_parts.py. `NAME-f16` is NAME exported in f16. Only sd15 keeps its vae_encoder/, which nothing
here reads. `--torch` keeps the PyTorch folders too.
Packages: requirements.txt; optimum-onnx 0.1.0 with torch 2.15 works as it is for these pipelines.
"""

import argparse
import json
import os
import shutil
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("RAYON_NUM_THREADS", "1")

import onnx
import torch

from tiny_parts import PIPELINES

OUT = Path(__file__).resolve().parents[1] / "tests" / "pipelines"
HALF = ("sd15-f16",)
LIMIT = 1_500_000


def save(name, folder):
    """The PyTorch pipeline `name` in `folder`, as diffusers writes it."""
    with tempfile.TemporaryDirectory() as files:
        PIPELINES[name](Path(files)).save_pretrained(str(folder))


def export(source, out, half):
    from optimum.exporters.onnx import main_export

    with warnings.catch_warnings():  # the tracing exporter's remarks on shape checks; golden/pipelines.py compares
        warnings.simplefilter("ignore")
        main_export(
            str(source),
            output=str(out),
            task="text-to-image",
            dtype="fp16" if half else "fp32",
            library_name="diffusers",
            local_files_only=True,
            do_validation=not half,  # optimum compares f16 graphs within 1e-5, which half precision cannot reach
        )


def tidy(folder):
    """Leaves out what differs from run to run or from machine to machine, and what no reader needs."""
    if folder.name != "sd15":
        shutil.rmtree(folder / "vae_encoder")
    for path in sorted(folder.rglob("*.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict) and value.pop("_name_or_path", None):
            path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    for path in sorted(folder.rglob("model.onnx")):
        model = onnx.load(str(path))
        for node in model.graph.node:
            node.doc_string = ""
            del node.metadata_props[:]
        del model.graph.value_info[:]
        onnx.save(model, str(path))


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of " + ", ".join([*PIPELINES, *HALF]))
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--torch", type=Path, help="keep the PyTorch pipelines in this folder")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in args.names or [*PIPELINES, *HALF]:
        base = name.removesuffix("-f16")
        with tempfile.TemporaryDirectory() as scratch:
            source = (args.torch or Path(scratch)) / base
            save(base, source)
            shutil.rmtree(args.out / name, ignore_errors=True)
            export(source, args.out / name, name in HALF)
        tidy(args.out / name)
        size = size_of(args.out / name)
        print(f"{name}: {size / 1e6:.2f} MB", flush=True)
        if size > LIMIT:
            raise SystemExit(f"{name} is larger than {LIMIT / 1e6} MB")


if __name__ == "__main__":
    main()

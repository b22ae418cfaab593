"""Checks of a checkpoint folder before torch is loaded, so that problems are reported at once, in a sentence."""

import importlib.util
import json
import re
from pathlib import Path

WEIGHTS = ("diffusion_pytorch_model*.safetensors", "diffusion_pytorch_model*.bin")
KNOWN_OTHERS = {
    "UNet2DConditionModel": "it takes text, so give the folder of its whole pipeline, which has model_index.json",
}
PIPELINE_CLASSES = (
    "StableDiffusionPipeline",
    "StableDiffusionXLPipeline",
    "LatentConsistencyModelPipeline",
    "StableDiffusion3Pipeline",
    "FluxPipeline",
)


def refuse(sentence):
    """Ends the program with a sentence on stderr and exit code 1."""
    raise SystemExit(f"export_model: {sentence}")


def read_json(path):
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        refuse(f"cannot read {path}: {error.strerror}")
    except ValueError as error:
        refuse(f"{path} is not JSON ({error}); copy it again")


def words_of(scheduler):
    """State, time and prediction of a network under this scheduler configuration, for its card (docs/models.md)."""
    name, prediction = scheduler.get("_class_name", ""), scheduler.get("prediction_type", "epsilon")
    if name.startswith("EDM"):
        return {"state": "edm", "time": "c-noise", "prediction": "edm"}
    if name.startswith("FlowMatch") or prediction == "flow_prediction":
        return {"state": "flow", "time": "flow-1000", "prediction": "flow_prediction"}
    time = "c-noise" if scheduler.get("timestep_type") == "continuous" and prediction == "v_prediction" else "index"
    return {"state": "vp", "time": time, "prediction": prediction}


def is_pipeline(checkpoint):
    """Whether that is a text-to-image pipeline: a folder whose index has a text encoder, or a name on the hub."""
    checkpoint = Path(checkpoint)
    if not checkpoint.exists():
        return re.fullmatch(r"[\w.-]+/[\w.-]+", str(checkpoint)) is not None
    index = checkpoint / "model_index.json"
    if not index.is_file():
        return False
    index = read_json(index)
    return isinstance(index, dict) and any(part.startswith("text_encoder") for part in index)


def check_pipeline(checkpoint):
    """Refuses a local pipeline of another kind or with a part missing, and a Python without optimum."""
    checkpoint = Path(checkpoint)
    if checkpoint.is_dir():
        index = read_json(checkpoint / "model_index.json")
        kind = index.get("_class_name")
        if kind not in PIPELINE_CLASSES:
            refuse(f"{checkpoint} is a {kind}; this script exports {', '.join(PIPELINE_CLASSES)}")
        for part in sorted(checkpoint.iterdir()):
            if (part / "model.onnx").is_file():
                refuse(f"{checkpoint} is exported already, as {part.name} has a model.onnx; open it as it is")
        for part, source in index.items():
            if isinstance(source, list) and source[0] and not (checkpoint / part).is_dir():
                refuse(f"{checkpoint} has no folder {part}, which its model_index.json names; copy it there")
    if importlib.util.find_spec("optimum") is None or importlib.util.find_spec("optimum.exporters") is None:
        refuse("optimum, which exports pipelines, is not installed; run `pip install optimum-onnx==0.1.0 diffusers==0.39.0 torch onnxruntime`")


def find_unet(checkpoint):
    """The folder of the UNet in a pipeline's folder, or that folder itself; refused if it is not a UNet2DModel."""
    checkpoint = Path(checkpoint)
    if not checkpoint.exists():
        refuse(
            f"there is no folder {checkpoint}; give a local folder with a diffusers pipeline or its UNet (nothing is "
            "downloaded)"
        )
    if not checkpoint.is_dir():
        refuse(f"{checkpoint} is a file; give a folder with a diffusers pipeline or its UNet")
    unet = checkpoint / "unet" if (checkpoint / "unet").is_dir() else checkpoint
    if not (unet / "config.json").is_file():
        refuse(f"{unet} has no config.json, so it is not a diffusers checkpoint; give the folder with unet/ or the config.json of the UNet")
    config = read_json(unet / "config.json")
    kind = config.get("_class_name", "UNet2DModel") if isinstance(config, dict) else "list instead of an object"
    if kind != "UNet2DModel":
        why = KNOWN_OTHERS.get(kind, "export it to ONNX with its own tools, with an image input, a timestep input and a prediction")
        refuse(f"{unet} has a {kind}, but this script exports a UNet2DModel; {why}")
    if not any(found for pattern in WEIGHTS for found in unet.glob(pattern)):
        refuse(f"{unet} has no weights (diffusion_pytorch_model.safetensors or .bin); copy them into the same folder as config.json")
    return unet


def find_scheduler(checkpoint, scheduler):
    """The folder of the scheduler's configuration: the given one, else the pipeline's, else None."""
    if scheduler is None:
        folder = Path(checkpoint) / "scheduler"
        return folder if (folder / "scheduler_config.json").is_file() else None
    scheduler = Path(scheduler)
    folder = scheduler.parent if scheduler.name == "scheduler_config.json" else scheduler
    if not (folder / "scheduler_config.json").is_file():
        refuse(f"{folder} has no scheduler_config.json; give the folder of the checkpoint's scheduler")
    return folder


def check_out(out):
    """Refuses a place where no folder can be."""
    out = Path(out)
    blocked = next((place for place in (out, *out.parents) if place.exists() and not place.is_dir()), None)
    if blocked:
        refuse(f"{blocked} is a file, so no model folder can be made at {out}; choose another place")


class needed:
    """`with needed():` around imports: a sentence instead of a traceback if a package is missing."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        if kind is not None and issubclass(kind, ImportError):
            requirements = Path(__file__).with_name("requirements.txt")
            refuse(f"{error}; run `pip install -r {requirements}`")
        return False

"""Writes `tests/golden/ports.npz`: what ONNX Runtime answers for the models of `make_test_models.py` whose ports differ.

`x` [2, 3, 16, 16] f64 is the state; the others are named after their model and hold its output at timestep 500 as
[2, 3, 16, 16] in f64, fed by hand in the types, shapes and order of axes that each graph has. bfloat16 goes through
`OrtValue`, as NumPy has no such type. `concat` [2, 16, 16] f32 is what stands behind the image for the model of that name.

Packages: see requirements.txt. Run: `python tools/golden/ports.py`
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded

import numpy as np
import onnxruntime as ort
from onnxruntime import OrtValue

from common import GOLDEN, MODELS, write_versions

T = 500


def session(name):
    return ort.InferenceSession(MODELS / name / "model.onnx", providers=["CPUExecutionProvider"])


def run(name, sample, timestep, **more):
    return session(name).run(None, {"sample": sample, "timestep": timestep, **more})[0]


def one_by_one(name, x):
    return np.concatenate([run(name, one[None], np.array([T], np.float32)) for one in x])


def to_bf16(x):
    """Bits of the nearest bfloat16, ties to even."""
    bits = x.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def bf16(x):
    sample = OrtValue.ortvalue_from_numpy_with_onnx_type(to_bf16(x), 16)
    time = OrtValue.ortvalue_from_numpy(np.full(2, T, np.float32))
    s = session("bf16")
    binding = s.io_binding()
    binding.bind_ortvalue_input("sample", sample)
    binding.bind_ortvalue_input("timestep", time)
    out = OrtValue.ortvalue_from_numpy_with_onnx_type(np.zeros(x.shape, np.uint16), 16)
    binding.bind_ortvalue_output("out_sample", out)
    s.run_with_iobinding(binding)
    bits = np.frombuffer(np.ctypeslib.as_array((np.ctypeslib.ctypes.c_uint16 * x.size).from_address(out.data_ptr())), np.uint16)
    return (bits.astype(np.uint32) << 16).view(np.float32).reshape(x.shape)


def main():
    rng = np.random.default_rng(20261128)
    x = rng.normal(size=(2, 3, 16, 16))
    f32 = x.astype(np.float32)
    concat = rng.uniform(-1, 1, size=(2, 16, 16)).astype(np.float32)
    time = np.full(2, T, np.float32)
    mask = rng.uniform(-1, 1, size=(2, 1, 16, 16)).astype(np.float32)
    both = np.concatenate([f32, np.broadcast_to(concat, (2, 2, 16, 16))], axis=1)
    answers = {
        "t-one": run("t-one", f32, np.array([T], np.int64)),
        "t-one-by-ones": one_by_one("t-one-by-ones", f32),
        "t-column": run("t-column", f32, time[:, None]),
        "f64": run("f64", x, time.astype(np.float64)),
        "bf16": bf16(x),
        "nhwc": run("nhwc", f32.transpose(0, 2, 3, 1), time).transpose(0, 3, 1, 2),
        "inputs": run("inputs", f32, time, difficulty=np.array([0.25, 0.75], np.float32), hour=np.array(7, np.int64)),
        "inputs-arrays": run("inputs-arrays", f32, time, offsets=np.array([[1, 2, 3], [-1, 0, 1]], np.float32), mask=mask),
        "concat": run("concat", both, time),
    }
    answers = {f"eps_{name}": np.ascontiguousarray(y, np.float64) for name, y in answers.items()}
    np.savez_compressed(GOLDEN / "ports.npz", x=x, concat=concat, mask=mask, **answers)
    write_versions()


if __name__ == "__main__":
    main()

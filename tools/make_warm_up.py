"""Makes assets/onnx/warm_up.onnx, the model that shows whether an execution provider works.

Whole numbers only and every value below 2^11, so that a result is exact in float32 and in TF32 alike.
Needs the packages onnx and numpy; prints the result for 1, ..., 16 (onnxruntime, if it is there, is asked too).
"""

import os
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 4, 4])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 2])
kernel = np.array([[0, 1, 0], [1, -3, 1], [0, 1, 0]], np.float32).reshape(1, 1, 3, 3)
weight = np.stack([np.ones(16), np.arange(16) % 4 - 1], axis=1).astype(np.float32)
graph = helper.make_graph(
    [
        helper.make_node("Conv", ["x", "kernel"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Flatten", ["r"], ["f"]),
        helper.make_node("MatMul", ["f", "weight"], ["y"]),
    ],
    "warm_up",
    [x],
    [y],
    [numpy_helper.from_array(kernel, "kernel"), numpy_helper.from_array(weight, "weight")],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
path = pathlib.Path(__file__).resolve().parent.parent / "assets" / "onnx" / "warm_up.onnx"
path.parent.mkdir(parents=True, exist_ok=True)
path.write_bytes(model.SerializeToString())

image = np.arange(1, 17, dtype=np.float32).reshape(4, 4)
padded = np.pad(image, 1)
conv = sum(kernel[0, 0, i, j] * padded[i : i + 4, j : j + 4] for i in range(3) for j in range(3))
print(path.name, path.stat().st_size, "bytes:", np.maximum(conv, 0).reshape(1, 16) @ weight)
try:
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    print("onnxruntime:", session.run(None, {"x": image.reshape(1, 1, 4, 4)})[0])
except ImportError:
    pass

"""Text encoders of a few tokens for tests of what the tiny pipelines do not have: a mask, f16, weights in another file, NaN.

    python tools/golden/text_graphs.py

Writes tests/golden/text/graphs/. Needs onnx and numpy.
"""

import numpy as np
import onnx
from common import GOLDEN
from onnx import TensorProto, helper, numpy_helper

OUT = GOLDEN / "text" / "graphs"
TOKENS, WIDTH = 2600, 4


def table(dtype=np.float32):
    rows, columns = np.mgrid[:TOKENS, :WIDTH]
    return (np.sin(0.1 * rows + columns) + 0.2 * columns).astype(dtype)


def model(name, nodes, inputs, outputs, weights):
    graph = helper.make_graph(nodes, name, inputs, outputs, weights)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return made


def info(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


def masked():
    """Each state is its row times the mask plus a hundredth of its place; for batches of two, ids of 32 bits."""
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["rows"]),
        helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["mask", "last_axis"], ["mask_3"]),
        helper.make_node("Mul", ["rows", "mask_3"], ["masked"]),
        helper.make_node("Cast", ["position_ids"], ["places"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["places", "hundredth"], ["small"]),
        helper.make_node("Unsqueeze", ["small", "last_axis"], ["small_3"]),
        helper.make_node("Add", ["masked", "small_3"], ["last_hidden_state"]),
    ]
    inputs = [info(name, kind, 2, 77) for name, kind in (("input_ids", TensorProto.INT32), ("attention_mask", TensorProto.INT64), ("position_ids", TensorProto.INT64))]
    weights = [
        numpy_helper.from_array(table(), "table"),
        numpy_helper.from_array(np.array([2], dtype=np.int64), "last_axis"),
        numpy_helper.from_array(np.float32(0.01).reshape(()), "hundredth"),
    ]
    return model("masked", nodes, inputs, [info("last_hidden_state", TensorProto.FLOAT, 2, 77, WIDTH)], weights)


def normed(half=False, nan=False):
    """Two layers and a normalisation; in f16 its result is cast, as converters do it."""
    kind, dtype = (TensorProto.FLOAT16, np.float16) if half else (TensorProto.FLOAT, np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "input_ids"], ["hidden_states.0"]),
        helper.make_node("Sqrt" if nan else "Tanh", ["hidden_states.0"], ["hidden_states.1"]),
    ]
    if half:
        nodes += [
            helper.make_node("Cast", ["hidden_states.1"], ["wide"], to=TensorProto.FLOAT),
            helper.make_node("LayerNormalization", ["wide", "scale", "bias"], ["normed"], epsilon=0.01),
            helper.make_node("Cast", ["normed"], ["last_hidden_state"], to=TensorProto.FLOAT16),
        ]
    else:
        nodes.append(helper.make_node("LayerNormalization", ["hidden_states.1", "scale", "bias"], ["last_hidden_state"], epsilon=0.01))
    scale, bias = np.array([1, 2, -1, 0.5], np.float32), np.array([0.1, 0, -0.2, 3], np.float32)
    weights = [numpy_helper.from_array(table(dtype), "table"), numpy_helper.from_array(scale, "scale"), numpy_helper.from_array(bias, "bias")]
    outputs = [info(name, kind, "batch", "tokens", WIDTH) for name in ("last_hidden_state", "hidden_states.0", "hidden_states.1")]
    return model("normed", nodes, [info("input_ids", TensorProto.INT64, "batch", "tokens")], outputs, weights)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    onnx.save(masked(), OUT / "masked.onnx")
    onnx.save(normed(half=True), OUT / "half.onnx")
    onnx.save(normed(nan=True), OUT / "nan.onnx")
    data = OUT / "apart.onnx_data"
    data.unlink(missing_ok=True)
    onnx.save(normed(), OUT / "apart.onnx", save_as_external_data=True, location=data.name, size_threshold=0)


if __name__ == "__main__":
    main()

"""Makes the small ONNX models and configs of `tests/golden/models/`, the good, the odd and the broken.

Every model is one closed-form denoiser with a few fixed random weights. A pixel's low and high band (3×3 binomial blur
and the rest) have variance 0.6 and 0.05; the optimal linear prediction of each is exact for white bands, and a bounded
term N = conv(tanh(conv(x) + embedding(t))) makes it non-linear:

    x̂_0 = Σ_b √ᾱ s_b²/(ᾱ s_b² + 1 − ᾱ)·x_b − √(1−ᾱ)·N,   ε̂ = Σ_b √(1−ᾱ)/(ᾱ s_b² + 1 − ᾱ)·x_b + √ᾱ·N,   v̂ = … + N

ᾱ is a smooth function of `timestep` inside the graph, close to the scaled_linear 0.00085…0.012 table (T = 1000), so the
ε-, v- and sample-prediction models are conversions of one another up to that closeness, and every sampler stays bounded.
The flow model is the same with (1−s, s) for (√ᾱ, √(1−ᾱ)), s = timestep/1000. The EDM model takes c_in·x_σ and
`timestep` = ¼ ln σ, σ_data = 0.5, and gives F = Σ_b σ(s_b² − σ_data²)/(σ_data(s_b² + σ²))·c_in·x_b + N.

Packages: onnx 1.23.2, onnxruntime 1.31.1 (check only), numpy 2.4.6. Run: `python tools/golden/make_test_models.py`
"""

import json
import os
import shutil

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper, numpy_helper

from common import MODELS, SD, write_versions

OPSET, IR_VERSION = 17, 8  # old enough for every ONNX Runtime in use
VARIANCES = (0.6, 0.05)  # of the low and of the high band
HIDDEN = 8
SIGMA_DATA = 0.5  # EDM's
SCHEDULER = {
    "_class_name": "DDIMScheduler", "_diffusers_version": "0.39.0", **SD, "clip_sample": False,
    "set_alpha_to_one": True, "steps_offset": 0, "prediction_type": "epsilon", "timestep_spacing": "leading",
}
UNET = {
    "_class_name": "UNet2DModel", "_diffusers_version": "0.39.0", "sample_size": 16, "in_channels": 3,
    "out_channels": 3, "block_out_channels": [HIDDEN], "class_embed_type": None, "num_class_embeds": None,
}


class Graph:
    """Collects nodes and initializers; each method returns the name of what it made."""

    def __init__(self, dtype=np.float32):
        self.dtype, self.nodes, self.weights = dtype, [], []

    def const(self, value, dtype=None):
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.asarray(value, dtype=dtype or self.dtype), name))
        return name

    def __call__(self, op, *inputs, out=None, **attributes):
        names = [i if isinstance(i, str) else self.const(i) for i in inputs]
        out = out or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, names, [out], **attributes))
        return out

    def model(self, inputs, outputs):
        graph = helper.make_graph(self.nodes, "tiny", inputs, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="chromascope-golden")
        model.ir_version = IR_VERSION
        onnx.checker.check_model(model)
        return model


def signal_and_noise(g, u, kind):
    """The factors of x_0 and ε at time u = t/T: (√ᾱ, √(1−ᾱ)); for flow (1−s, s); for EDM (1, σ), u = ¼ ln σ."""
    if kind == "flow_prediction":
        return g("Sub", 1.0, u), u
    if kind == "edm":
        return g.const(1.0), g("Exp", g("Mul", u, 4.0))
    root0, root1 = SD["beta_start"] ** 0.5, SD["beta_end"] ** 0.5
    d = root1 - root0
    u1 = g("Add", u, 1e-3)  # ᾱ_t has t + 1 factors
    # −ln ᾱ = 1000·∫(√b0 + u·d)² du, by Horner
    poly = g("Add", g("Mul", u1, 1000 * d * d / 3), 1000 * root0 * d)
    poly = g("Add", g("Mul", u1, poly), 1000 * SD["beta_start"])
    alpha_bar = g("Exp", g("Neg", g("Mul", u1, poly)))
    return g("Sqrt", alpha_bar), g("Sqrt", g("Sub", 1.0, alpha_bar))


def band_gain(g, kind, signal, noise, s2):
    """What multiplies a band of variance s2, before division by signal²·s2 + noise²."""
    if kind == "epsilon":
        return noise
    if kind == "sample":
        return g("Mul", signal, s2)
    if kind == "v_prediction":
        return g("Mul", g("Mul", signal, noise), 1 - s2)
    if kind == "flow_prediction":
        return g("Sub", noise, g("Mul", signal, s2))
    if kind == "edm":
        return g("Mul", noise, (s2 - SIGMA_DATA**2) / SIGMA_DATA)
    raise ValueError(kind)


def nonlinear(g, x, u, rng, condition=None, channels=3, out_channels=3):
    """N: 3×3 convolution to `HIDDEN`, plus the time (and condition) embedding, tanh, 3×3 convolution back."""
    h = g("Conv", x, rng.normal(0, 0.15, (HIDDEN, channels, 3, 3)), rng.normal(0, 0.1, HIDDEN), pads=[1] * 4)
    for wave in ("Sin", "Cos"):
        h = g("Add", h, g("Mul", g(wave, g("Mul", u, np.pi)), rng.normal(0, 0.4, (1, HIDDEN, 1, 1))))
    if condition is not None:
        h = g("Add", h, g("Reshape", condition, g.const([-1, HIDDEN, 1, 1], np.int64)))
    weights = rng.normal(0, 0.45 / np.sqrt(9 * HIDDEN / 2), (out_channels, HIDDEN, 3, 3))
    return g("Conv", g("Tanh", h), weights, pads=[1] * 4)


def denoiser(kind="epsilon", *, x="sample", t="timestep", out="out_sample", t_type=TensorProto.FLOAT, t_rank=1,
             t_shape=None, half=False, batch="batch", size=("height", "width"), channels=3, labels=None, hidden_states=False,
             learned_variance=False, factor=1, poison=None, extra_input=False, out_channels=None):
    """One model; the keywords are the ways in which exporters differ."""
    rng = np.random.default_rng(20240110247)
    g = Graph(np.float16 if half else np.float32)
    real = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    h, w = size
    inputs = [helper.make_tensor_value_info(x, real, [batch, channels, h, w]),
              helper.make_tensor_value_info(t, t_type, t_shape or ([batch] if t_rank else []))]

    time = g("Cast", t, to=real) if t_type != real else t
    u = g("Mul", g("Reshape", time, g.const([-1, 1, 1, 1], np.int64)), 1.0 if kind == "edm" else 1e-3)
    signal, noise = signal_and_noise(g, u, kind)

    binomial = np.outer([1, 2, 1], [1, 2, 1]) / 16
    low = g("Conv", x, np.tile(binomial, (channels, 1, 1, 1)), pads=[1] * 4, group=channels)
    if factor > 1:  # coarsest band by pooling: sizes that `factor` does not divide fail in the Add
        pooled = g("AveragePool", low, kernel_shape=[factor] * 2, strides=[factor] * 2)
        scales = g.const([1, 1, factor, factor], np.float32)
        coarse = g("Resize", pooled, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric")
        low = g("Add", g("Mul", low, 0.5), g("Mul", coarse, 0.5))
    high = g("Sub", x, low)

    condition = None
    if labels:
        inputs.append(helper.make_tensor_value_info(labels, TensorProto.INT64, [batch]))
        condition = g("Gather", rng.normal(0, 1.0, (4, HIDDEN)), labels, axis=0)
    if hidden_states:
        inputs.append(helper.make_tensor_value_info("encoder_hidden_states", real, [batch, 7, 8]))
        condition = g("ReduceMean", "encoder_hidden_states", axes=[1], keepdims=0)
    if extra_input:
        inputs.append(helper.make_tensor_value_info("mystery", real, [batch, HIDDEN]))
        condition = "mystery"

    n = nonlinear(g, x, u, rng, condition, channels, channels)
    y = {"epsilon": g("Mul", signal, n), "sample": g("Neg", g("Mul", noise, n))}.get(kind, n)
    signal2, noise2 = g("Mul", signal, signal), g("Mul", noise, noise)
    for band, s2 in zip((low, high), VARIANCES):
        variance = g("Add", g("Mul", signal2, s2), noise2)
        gain = band_gain(g, kind, signal, noise, s2)
        y = g("Add", y, g("Mul", band, g("Div", gain, variance)))

    if learned_variance:
        y = g("Concat", y, g("Tanh", g("Mul", n, 2.0)), axis=1)
    if out_channels:
        y = g("Slice", y, g.const([0], np.int64), g.const([out_channels], np.int64), g.const([1], np.int64))
    if poison == "nan":
        y = g("Where", g("Less", u, 0.5), np.nan, y)
    if poison == "inf":
        y = g("Add", g("Abs", y), np.inf)
    g("Identity", y, out=out)
    c_out = out_channels or channels * (2 if learned_variance else 1)
    return g.model(inputs, [helper.make_tensor_value_info(out, real, [batch, c_out, h, w])])


# --- ports: the same denoiser behind other inputs and outputs ------------------------------------------------------

def value(name, element, shape):
    return helper.make_tensor_value_info(name, element, shape)


def behind(model, sample, output, enter, leave, further=()):
    """`model` with the ports `sample` and `output` instead: nodes `enter` make its "x_in" and `leave` read its "y_out"."""
    graph = model.graph
    for node in graph.node:
        node.input[:] = ["x_in" if name == "sample" else name for name in node.input]
        node.output[:] = ["y_out" if name == "out_sample" else name for name in node.output]
    nodes = [*enter, *graph.node, *leave]
    rest = [i for i in graph.input if i.name != "sample"]
    weights = list(graph.initializer)
    g = helper.make_graph(nodes, "tiny", [sample, *rest, *further], [output], weights)
    model = helper.make_model(g, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="chromascope-golden")
    model.ir_version = IR_VERSION
    onnx.checker.check_model(model)
    return model


def constant(name, array):
    return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(np.asarray(array)))


IMAGE = ["batch", 3, "height", "width"]


def double():
    """f64 at the edge, ε + x/1000 in double precision: rounding x to f32 on the way would be seen."""
    leave = [helper.make_node("Cast", ["y_out"], ["y64"], to=TensorProto.DOUBLE), constant("milli", np.float64(1e-3)),
             helper.make_node("Mul", ["sample", "milli"], ["x64"]),
             helper.make_node("Add", ["y64", "x64"], ["out_sample"])]
    return behind(denoiser(t_type=TensorProto.DOUBLE, t_shape=["batch"]), value("sample", TensorProto.DOUBLE, IMAGE),
                  value("out_sample", TensorProto.DOUBLE, IMAGE),
                  [helper.make_node("Cast", ["sample"], ["x_in"], to=TensorProto.FLOAT)], leave)


def brain():
    """bfloat16 at the edge."""
    return behind(denoiser(), value("sample", TensorProto.BFLOAT16, IMAGE),
                  value("out_sample", TensorProto.BFLOAT16, IMAGE),
                  [helper.make_node("Cast", ["sample"], ["x_in"], to=TensorProto.FLOAT)],
                  [helper.make_node("Cast", ["y_out"], ["out_sample"], to=TensorProto.BFLOAT16)])


def halves_inside():
    """16 bits behind an edge in single precision, as converters keep it, and no numbers below 500."""
    return behind(denoiser(half=True, poison="nan"), value("sample", TensorProto.FLOAT, IMAGE),
                  value("out_sample", TensorProto.FLOAT, IMAGE),
                  [helper.make_node("Cast", ["sample"], ["x_in"], to=TensorProto.FLOAT16)],
                  [helper.make_node("Cast", ["y_out"], ["out_sample"], to=TensorProto.FLOAT)])


def channels_last():
    last = ["batch", "height", "width", 3]
    return behind(denoiser(), value("sample", TensorProto.FLOAT, last), value("out_sample", TensorProto.FLOAT, last),
                  [helper.make_node("Transpose", ["sample"], ["x_in"], perm=[0, 3, 1, 2])],
                  [helper.make_node("Transpose", ["y_out"], ["out_sample"], perm=[0, 2, 3, 1])])


def by_ones():
    """A timestep of shape [1] that fixed the rest to one sample, too, though the batch is free."""
    return behind(denoiser(t_shape=[1], size=(16, 16)), value("sample", TensorProto.FLOAT, ["batch", 3, 16, 16]),
                  value("out_sample", TensorProto.FLOAT, ["batch", 3, 16, 16]),
                  [constant("one", np.array([1, 3, 16, 16], np.int64)),
                   helper.make_node("Reshape", ["sample", "one"], ["x_in"])],
                  [helper.make_node("Identity", ["y_out"], ["out_sample"])])


def numbers(labels=None):
    """ε + difficulty·x + hour/100."""
    plain = [helper.make_node("Identity", ["sample"], ["x_in"])]
    leave = [constant("column", np.array([-1, 1, 1, 1], np.int64)), constant("centi", np.float32(0.01)),
             helper.make_node("Reshape", ["difficulty", "column"], ["d"]), helper.make_node("Mul", ["sample", "d"], ["dx"]),
             helper.make_node("Add", ["y_out", "dx"], ["ydx"]),
             helper.make_node("Cast", ["hour"], ["h"], to=TensorProto.FLOAT), helper.make_node("Mul", ["h", "centi"], ["hc"]),
             helper.make_node("Add", ["ydx", "hc"], ["out_sample"])]
    return behind(denoiser(labels=labels), value("sample", TensorProto.FLOAT, IMAGE),
                  value("out_sample", TensorProto.FLOAT, IMAGE), plain, leave,
                  [value("difficulty", TensorProto.FLOAT, ["batch"]), value("hour", TensorProto.INT64, [])])


def arrays():
    """ε + offsets (one a channel) + mask (one a pixel)."""
    leave = [constant("column", np.array([-1, 3, 1, 1], np.int64)),
             helper.make_node("Reshape", ["offsets", "column"], ["o"]), helper.make_node("Add", ["y_out", "o"], ["yo"]),
             helper.make_node("Add", ["yo", "mask"], ["out_sample"])]
    return behind(denoiser(), value("sample", TensorProto.FLOAT, IMAGE), value("out_sample", TensorProto.FLOAT, IMAGE),
                  [helper.make_node("Identity", ["sample"], ["x_in"])], leave,
                  [value("offsets", TensorProto.FLOAT, ["batch", 3]),
                   value("mask", TensorProto.FLOAT, ["batch", 1, "height", "width"])])


def concatenated():
    """ε + c_0/2 − c_1/4 of the two channels behind the image's three."""
    def part(out, first, last):
        names = [f"{out}_first", f"{out}_last", f"{out}_axis"]
        bounds = [constant(name, np.array([at], np.int64)) for name, at in zip(names, (first, last, 1))]
        return [*bounds, helper.make_node("Slice", ["sample", *names], [out])]
    leave = [*part("c0", 3, 4), *part("c1", 4, 5), constant("half", np.float32(0.5)), constant("quarter", np.float32(0.25)),
             helper.make_node("Mul", ["c0", "half"], ["h0"]), helper.make_node("Mul", ["c1", "quarter"], ["q1"]),
             helper.make_node("Add", ["y_out", "h0"], ["yh"]), helper.make_node("Sub", ["yh", "q1"], ["out_sample"])]
    return behind(denoiser(), value("sample", TensorProto.FLOAT, ["batch", 5, "height", "width"]),
                  value("out_sample", TensorProto.FLOAT, IMAGE), part("x_in", 0, 3), leave)


# --- folders -----------------------------------------------------------------------------------------------------

def write(name, model, scheduler=(), unet=(), card=None):
    """A package folder: model.onnx, scheduler_config.json, config.json, and a card.json where one is given."""
    folder = MODELS / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    (folder / "scheduler_config.json").write_text(json.dumps(SCHEDULER | dict(scheduler), indent=2) + "\n")
    (folder / "config.json").write_text(json.dumps(UNET | dict(unet), indent=2) + "\n")
    if card:
        (folder / "card.json").write_text(json.dumps(card, indent=2) + "\n")


def good():
    write("tiny-eps", denoiser())
    write("tiny-v", denoiser("v_prediction"), {"prediction_type": "v_prediction"})
    write("tiny-sample", denoiser("sample"), {"prediction_type": "sample"})
    flow = {"_class_name": "FlowMatchEulerDiscreteScheduler", "_diffusers_version": "0.39.0",
            "num_train_timesteps": 1000, "shift": 1.0, "use_dynamic_shifting": False}
    write("tiny-flow", denoiser("flow_prediction"))
    (MODELS / "tiny-flow" / "scheduler_config.json").write_text(json.dumps(flow, indent=2) + "\n")
    # a flow model under a scheduler class that names `flow_prediction`
    write("tiny-flow-dpm", denoiser("flow_prediction"), {
        "_class_name": "DPMSolverMultistepScheduler", "prediction_type": "flow_prediction", "use_flow_sigmas": True,
        "flow_shift": 3.0})

    write("tiny-edm", denoiser("edm"))
    edm = {"_class_name": "EDMEulerScheduler", "_diffusers_version": "0.39.0", "sigma_min": 0.002, "sigma_max": 80.0,
           "sigma_data": SIGMA_DATA, "sigma_schedule": "karras", "rho": 7.0, "prediction_type": "epsilon"}
    (MODELS / "tiny-edm" / "scheduler_config.json").write_text(json.dumps(edm, indent=2) + "\n")

    write("t-f32-scalar", denoiser(t_rank=0))
    write("t-i64-batch", denoiser(t_type=TensorProto.INT64))
    write("t-i64-scalar", denoiser(t_type=TensorProto.INT64, t_rank=0))
    write("f16", denoiser(half=True, t_type=TensorProto.FLOAT16))
    write("batch-2", denoiser(batch=2))
    write("batch-1", denoiser(batch=1))
    write("fixed-16x16", denoiser(size=(16, 16)))
    write("factor-4", denoiser(factor=4), unet={"block_out_channels": [8, 8, 8]})
    classes = {"num_class_embeds": 4}
    write("class-labels", denoiser(labels="class_labels"), unet=classes)
    write("names-x-t-y", denoiser(x="x", t="t", labels="y", out="result"), unet=classes)
    write("hidden-states", denoiser(hidden_states=True), unet={
        "_class_name": "UNet2DConditionModel", "cross_attention_dim": 8})
    write("hidden-states-f16", denoiser(hidden_states=True, half=True), unet={
        "_class_name": "UNet2DConditionModel", "cross_attention_dim": 8})
    write("learned-variance", denoiser(learned_variance=True), {
        "_class_name": "DDPMScheduler", "variance_type": "learned_range"}, {"out_channels": 6})
    model, raw = in_branch()
    write("weight-in-branch", model)
    (MODELS / "weight-in-branch" / "branch.bin").write_bytes(raw)
    (MODELS / "single.onnx").write_bytes(denoiser().SerializeToString())


def ports():
    write("t-one", denoiser(t_type=TensorProto.INT64, t_shape=[1]))
    write("t-one-by-ones", by_ones())
    write("t-column", denoiser(t_shape=["batch", 1]))
    write("f64", double())
    write("bf16", brain())
    write("nhwc", channels_last())
    difficulty = {"default": 0.5, "min": 0, "max": 1, "null": 0}
    card = {"title": "Numbers besides the image", "inputs": {"difficulty": difficulty, "hour": {"default": 12}}}
    write("inputs", numbers(), card=card)
    write("inputs-labels", numbers("class_labels"), unet={"num_class_embeds": 4}, card={**card, "null_label": 3})
    write("inputs-arrays", arrays())
    write("concat", concatenated(), unet={"in_channels": 5})


def externalised(location):
    """tiny-eps with its largest weight said to lie in the file `location`."""
    model = denoiser()
    weight = max(model.graph.initializer, key=lambda w: len(w.raw_data))
    raw = weight.raw_data
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", str(len(raw)))):
        weight.external_data.add(key=key, value=value)
    return model, raw


def in_branch():
    """tiny-eps with a weight in the file branch.bin, which only the body of an If refers to."""
    raw = np.full((1, 3, 1, 1), 0.25, np.float32).tobytes()
    shift = TensorProto(name="shift", data_type=TensorProto.FLOAT, dims=[1, 3, 1, 1])
    shift.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "branch.bin"), ("offset", "0"), ("length", str(len(raw)))):
        shift.external_data.add(key=key, value=value)
    model = denoiser()
    last = model.graph.node[-1]
    plain, last.input[0] = last.input[0], "shifted"
    result = helper.make_tensor_value_info("result", TensorProto.FLOAT, None)
    bodies = {
        "then_branch": helper.make_graph([helper.make_node("Add", [plain, "shift"], ["result"])], "then", [], [result], [shift]),
        "else_branch": helper.make_graph([helper.make_node("Identity", [plain], ["result"])], "else", [], [result]),
    }
    # true for any image, but not known before the run
    some = [helper.make_node("ReduceMax", ["sample"], ["greatest"], keepdims=0),
            helper.make_node("Equal", ["greatest", "greatest"], ["is_number"]),
            helper.make_node("If", ["is_number"], ["shifted"], **bodies)]
    kept = list(model.graph.node[:-1])
    del model.graph.node[:]
    model.graph.node.extend([*kept, *some, last])
    return model, raw


def bad():
    tiny = denoiser().SerializeToString()
    write("bad/truncated", tiny[: len(tiny) // 2])
    write("bad/empty", b"")
    write("bad/text", b"This is not a model.\n")
    future = denoiser()
    future.opset_import[0].version = 99
    write("bad/opset-99", future)
    write("bad/external-missing", externalised("weights.bin")[0])
    model, raw = externalised("../outside.bin")  # the file exists: only a check of the path can refuse it
    write("bad/external-outside", model)
    (MODELS / "bad" / "outside.bin").write_bytes(raw)

    g = Graph()
    g("Mul", "vector", 2.0, out="out")
    vector = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["batch", 10]) for n in ("vector", "out")]
    write("bad/no-image", g.model(vector[:1], vector[1:]))
    write("bad/channels-3-5", denoiser(learned_variance=True, out_channels=5), unet={"out_channels": 5})
    write("bad/in-channels", denoiser(), unet={"in_channels": 4})
    write("bad/unknown-input", denoiser(extra_input=True))
    write("bad/nan-below-500", denoiser(poison="nan"))
    write("bad/inf", denoiser(poison="inf"))
    write("bad/nan-f16-inside", halves_inside())

    for name, change in {
        "wrong-type": {"num_train_timesteps": "many"},
        "nan-beta": {"beta_end": float("nan")},  # json.dumps writes the bare token NaN
        "unknown-class": {"_class_name": "TurboWarpScheduler"},
        "negative-beta": {"beta_start": -0.001, "beta_end": -0.0001, "beta_schedule": "linear"},
        "beta-one": {"beta_end": 1.0, "beta_schedule": "linear"},
    }.items():
        write(f"bad-config/{name}", tiny, change)
    write("bad-config/not-json", tiny)
    (MODELS / "bad-config/not-json/scheduler_config.json").write_text("beta_start = 0.00085\n")


def check():
    """Opens every model and runs it; the broken ones must fail, the others give the right shape."""
    kinds = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(int64)": np.int64,
             "tensor(double)": np.float64}
    rng = np.random.default_rng(0)
    for path in sorted(MODELS.rglob("*.onnx")):
        name = path.relative_to(MODELS).as_posix()
        results = []
        for side in (16, 18):
            try:
                session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
                feeds = {}
                for i in session.get_inputs():
                    shape = [{"batch": 2, "height": side, "width": side}.get(d, d) for d in i.shape]
                    if i.name in ("timestep", "t"):
                        value = np.full(shape, 0.5 if "edm" in name else 300)
                    else:
                        value = np.full(shape, 3) if i.type == "tensor(int64)" else rng.normal(size=shape)
                    feeds[i.name] = np.asarray(value, kinds[i.type])
                y = session.run(None, feeds)[0]
                results.append(f"{y.shape} {y.dtype} rms {np.sqrt(np.mean(np.square(y, dtype=np.float64))):.3f}")
            except Exception as error:  # noqa: BLE001 (whatever ONNX Runtime says)
                results.append(f"fails: {str(error).splitlines()[0][:110] if str(error) else type(error).__name__}")
        print(f"{name:40} {path.stat().st_size:6} B  16: {results[0]}  18: {results[1] if results[1] != results[0] else 'same'}")


if __name__ == "__main__":
    ort.set_default_logger_severity(4)
    shutil.rmtree(MODELS, ignore_errors=True)
    good()
    ports()
    bad()
    check()
    write_versions()

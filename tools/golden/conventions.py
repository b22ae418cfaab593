"""Makes `tests/golden/conventions.npz`: one closed-form network in each of the 144 combinations of state, time and prediction,
and runs of it.

The prior is Gaussian, independent for each pixel, with mean m and variance s² of its own. So

    E[x_0|x] = (s²·x + σ²·m)/(s² + σ²),    E[ε|x] = σ·(x − m)/(s² + σ²),    x = x_0 + σ·ε,

and every network below is the same estimate: it undoes its state and time first, and says its prediction. `check` runs
each in ONNX Runtime and takes E[x_0|x] back out of its output with the definitions of docs/models.md, written anew. The runs are
DDIM (η = 0) in numpy, f64, over lists of ᾱ; they do not depend on the combination.

Packages: onnx 1.23.2, onnxruntime 1.31.1 (check only), numpy 2.4.6. Run: `python tools/golden/conventions.py`
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

from common import GOLDEN, write_npz
from make_test_models import Graph

STATES = ("vp", "ve", "edm", "flow")
TIMES = ("index", "sigma", "c-noise", "log-snr", "flow", "flow-1000")
PREDICTIONS = ("epsilon", "sample", "v_prediction", "flow_prediction", "edm", "score")
SIGMA_DATA = 0.5
SIDE, BATCH = 4, 2
RNG = np.random.default_rng(14)
MEAN = RNG.normal(0, 0.4, (1, 1, SIDE, SIDE))
VARIANCE = RNG.uniform(0.05, 1.0, (1, 1, SIDE, SIDE))
NOISE = RNG.normal(size=(BATCH, 1, SIDE, SIDE))
BETAS = np.linspace(0.01, 0.5, 20)  # `trained_betas` of the test's configuration
ALPHA_BAR = np.cumprod(1 - BETAS)
TABLE = np.sqrt((1 - ALPHA_BAR) / ALPHA_BAR)


# --- the network in a graph ----------------------------------------------------------------------------------------

def sigma_of_time(g, time):
    t = g("Reshape", "t", g.const([-1, 1, 1, 1], np.int64))
    if time == "index":
        return g("Gather", g.const(TABLE), g("Cast", g("Round", t), to=TensorProto.INT64))
    if time == "sigma":
        return t
    if time == "c-noise":
        return g("Exp", g("Mul", t, 4.0))
    if time == "log-snr":
        return g("Exp", g("Mul", t, -0.5))
    s = g("Mul", t, 1e-3) if time == "flow-1000" else t
    return g("Div", s, g("Sub", 1.0, s))


def pure_noise_safe(g, state, time, prediction):
    """At s = 1 σ is infinite. In terms of s all of E[x_0|x_s] and E[ε|x_s] stays finite."""
    t = g("Reshape", "t", g.const([-1, 1, 1, 1], np.int64))
    s = g("Mul", t, 1e-3) if time == "flow-1000" else t
    r = g("Sub", 1.0, s)
    norm = g("Sqrt", g("Add", g("Mul", r, r), g("Mul", s, s)))
    a, b = g("Div", r, norm), g("Div", s, norm)
    factor = {
        "vp": g.const(1.0), "flow": norm,
        "edm": g("Div", 1.0, g("Sqrt", g("Add", g("Mul", b, b), g("Mul", g("Mul", a, a), SIGMA_DATA**2)))),
    }[state]
    return outputs(g, g("Div", "x", factor), a, b, factor, prediction)


def outputs(g, vp, a, b, factor, prediction):
    """From the VP state a·x_0 + b·ε, of which the network sees `factor` times."""
    spread = g("Add", g("Mul", g("Mul", a, a), VARIANCE), g("Mul", b, b))
    x0 = g("Div", g("Add", g("Mul", g("Mul", a, VARIANCE), vp), g("Mul", g("Mul", b, b), MEAN)), spread)
    eps = g("Div", g("Mul", b, g("Sub", vp, g("Mul", a, MEAN))), spread)
    if prediction == "epsilon":
        return g("Identity", eps, out="y")
    if prediction == "sample":
        return g("Identity", x0, out="y")
    if prediction == "v_prediction":
        return g("Sub", g("Mul", a, eps), g("Mul", b, x0), out="y")
    if prediction == "flow_prediction":
        return g("Sub", eps, x0, out="y")
    if prediction == "score":
        return g("Neg", g("Div", eps, g("Mul", factor, b)), out="y")
    # F: x_0 = c_skip·x + c_out·F; with n = √(b² + a²·σ_d²) that is σ_d²·a/n²·x_vp + b·σ_d/n·F.
    n2 = g("Add", g("Mul", b, b), g("Mul", g("Mul", a, a), SIGMA_DATA**2))
    n = g("Sqrt", n2)
    skip = g("Mul", g("Div", g("Mul", a, SIGMA_DATA**2), n2), vp)
    return g("Div", g("Sub", x0, skip), g("Div", g("Mul", b, SIGMA_DATA), n), out="y")


def network(state, time, prediction):
    g = Graph()
    image = [None, 1, SIDE, SIDE]
    shape = ["batch", *image[1:]]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape),
              helper.make_tensor_value_info("t", TensorProto.FLOAT, ["batch"])]
    if time in ("flow", "flow-1000") and state != "ve":
        pure_noise_safe(g, state, time, prediction)
    else:
        sigma = sigma_of_time(g, time)
        root = g("Sqrt", g("Add", g("Mul", sigma, sigma), 1.0))
        a, b = g("Div", 1.0, root), g("Div", sigma, root)
        factor = {
            "vp": g.const(1.0), "ve": root, "flow": g("Div", root, g("Add", sigma, 1.0)),
            "edm": g("Div", root, g("Sqrt", g("Add", g("Mul", sigma, sigma), SIGMA_DATA**2))),
        }[state]
        outputs(g, g("Div", "x", factor), a, b, factor, prediction)
    y = [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)]
    used = {name for node in g.nodes for name in node.input} | {"y"}
    while True:  # what another combination needs
        kept = [node for node in g.nodes if node.output[0] in used]
        if len(kept) == len(g.nodes):
            break
        g.nodes = kept
        used = {name for node in g.nodes for name in node.input} | {"y"}
    g.weights = [weight for weight in g.weights if weight.name in used]
    return g.model(inputs, y).SerializeToString()


# --- the definitions, written anew ---------------------------------------------------------------------------------

def estimate(x_ve, sigma):
    return (VARIANCE * x_ve + sigma**2 * MEAN) / (VARIANCE + sigma**2)


def seen(state, x0, eps, sigma):
    s = sigma / (1 + sigma)
    return {
        "vp": (x0 + sigma * eps) / np.sqrt(1 + sigma**2), "ve": x0 + sigma * eps,
        "edm": (x0 + sigma * eps) / np.sqrt(sigma**2 + SIGMA_DATA**2), "flow": (1 - s) * x0 + s * eps,
    }[state]


def told(time, sigma):
    if time == "index":
        return float(np.argmin(np.abs(TABLE - sigma)))
    s = sigma / (1 + sigma)
    return {"sigma": sigma, "c-noise": np.log(sigma) / 4, "log-snr": -2 * np.log(sigma), "flow": s, "flow-1000": 1000 * s}[time]


def x0_from(state, prediction, y, x_ve, sigma):
    s = sigma / (1 + sigma)
    noise = {"vp": sigma / np.sqrt(1 + sigma**2), "ve": sigma, "edm": sigma / np.sqrt(sigma**2 + SIGMA_DATA**2), "flow": s}[state]
    c_skip = SIGMA_DATA**2 / (sigma**2 + SIGMA_DATA**2)
    c_out = sigma * SIGMA_DATA / np.sqrt(sigma**2 + SIGMA_DATA**2)
    return {
        "epsilon": x_ve - sigma * y, "sample": y,
        "v_prediction": x_ve / (sigma**2 + 1) - sigma * y / np.sqrt(sigma**2 + 1),
        "flow_prediction": (1 - s) * x_ve - s * y, "edm": c_skip * x_ve + c_out * y, "score": x_ve + sigma * noise * y,
    }[prediction]


def check(models):
    rng = np.random.default_rng(0)
    options = ort.SessionOptions()
    options.log_severity_level = 4
    worst = 0.0
    for (state, time, prediction), model in models.items():
        session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        for sigma in TABLE[[0, 4, 11, 19]]:
            x0, eps = rng.normal(0, 0.5, NOISE.shape), rng.normal(size=NOISE.shape)
            x_ve = x0 + sigma * eps
            feeds = {"x": seen(state, x0, eps, sigma).astype("f4"), "t": np.full(BATCH, told(time, sigma), "f4")}
            y = session.run(None, feeds)[0].astype("f8")
            error = np.abs(x0_from(state, prediction, y, x_ve, sigma) - estimate(x_ve, sigma)).max()
            assert error < 2e-4, (state, time, prediction, sigma, error)
            worst = max(worst, error)
    print(f"{len(models)} networks agree with their definitions to {worst:.1e}")


def ddim(alpha_bar):
    """x_0 estimates [S, B, 1, h, w] and the end, over a list of ᾱ that ends at 1, from `NOISE` as the VP state."""
    x, estimates = NOISE.copy(), []
    for now, then in zip(alpha_bar, alpha_bar[1:]):
        a, b = np.sqrt(now), np.sqrt(1 - now)
        spread = now * VARIANCE + (1 - now)
        x0 = (a * VARIANCE * x + (1 - now) * MEAN) / spread
        eps = b * (x - a * MEAN) / spread
        estimates.append(x0)
        x = np.sqrt(then) * x0 + np.sqrt(1 - then) * eps
    return np.array(estimates), x


def main():
    models = {(s, t, p): network(s, t, p) for s in STATES for t in TIMES for p in PREDICTIONS}
    check(models)
    sigma = np.array([80.0, 40, 20, 10, 5, 2.5, 1.2, 0.6, 0.3, 0.1, 0.02, 0])
    lists = {
        "table": np.append(ALPHA_BAR[::-2], 1.0),
        "sigma": 1 / (1 + sigma**2),
        "flow": np.array([(1 - s) ** 2 / ((1 - s) ** 2 + s**2) for s in np.linspace(1, 0, 11)]),
    }
    arrays = {"noise": NOISE.astype("f4"), "betas": BETAS}
    NOISE[:] = arrays["noise"]  # what the program reads
    for name, alpha_bar in lists.items():
        arrays[f"{name}.alpha_bar"] = alpha_bar
        arrays[f"{name}.x0"], arrays[f"{name}.end"] = ddim(alpha_bar)
    for words, model in models.items():
        arrays["/".join(words)] = np.frombuffer(model, "u1")
    write_npz(GOLDEN / "conventions.npz", arrays)


if __name__ == "__main__":
    main()

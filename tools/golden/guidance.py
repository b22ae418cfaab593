"""Guidance, classes by resolution, upsample guidance and cascades in plain numpy: `tests/golden/guidance.npz`.

Every case is one evaluation at a few noise levels of the tiny class-conditional model (`models/class-labels`, or
`models/tiny-eps` for what has no classes), its formula written down as it stands in docs/theory.md, in f64 around
onnxruntime's f32:

    x           [B, C, 16, 16] f4   VP state, the same at every level
    log_snr     [L] f8              noise levels
    NAME_x0, NAME_eps [L, B, C, H, W] f8

Run: `python tools/golden/guidance.py` (after make_test_models.py)
"""

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # read when the library is loaded

import numpy as np
import onnxruntime as ort

from common import GOLDEN, MODELS, SD, alpha_bar_f64, write_npz, write_versions

TABLE = alpha_bar_f64(**SD)
LAMBDAS = np.log(TABLE / (1 - TABLE))
LOG_SNR = np.array([-4.0, -1.5, 0.5, 3.0])
NULL = 0  # plays the empty prompt


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def timestep(log_snr):
    """Continuous, linear in lambda, clamped to the table."""
    return np.interp(-log_snr, -LAMBDAS, np.arange(len(LAMBDAS)))


class Net:
    """eps(x, lambda, label) in f64 around a call in f32."""

    def __init__(self, model):
        self.session = ort.InferenceSession(MODELS / model / "model.onnx", providers=["CPUExecutionProvider"])

    def __call__(self, x, log_snr, label=None):
        feeds = {"sample": x.astype(np.float32), "timestep": np.full(len(x), timestep(log_snr), np.float32)}
        if label is not None:
            feeds["class_labels"] = np.full(len(x), label, np.int64)
        return self.session.run(None, feeds)[0].astype(np.float64)


def pool(x, n):
    b, c, h, w = x.shape
    return x.reshape(b, c, h // n, n, w // n, n).mean((3, 5))


def enlarge(x, n):
    return x.repeat(n, 2).repeat(n, 3)


def band(x, m, last):
    """B_m x for factor 2; `last` keeps everything coarser as well."""
    whole = x if m == 0 else enlarge(pool(x, 2**m), 2**m)
    return whole if last else whole - enlarge(pool(x, 2 ** (m + 1)), 2 ** (m + 1))


def chromatogram(log_snr, levels):
    """Scale-invariant shares of the power: g_m ~ G_m/(1 + (G_m - 1) alpha_bar)^2, G_m = 4^m."""
    a, gain = sigmoid(log_snr), 4.0 ** np.arange(levels)
    g = gain / (1 + (gain - 1) * a) ** 2
    return g / g.sum()


def x0_from(x, eps, log_snr):
    return (x - np.sqrt(sigmoid(-log_snr)) * eps) / np.sqrt(sigmoid(log_snr))


def guided(net, x, log_snr, label, w):
    none = net(x, log_snr, NULL)
    return none + w * (net(x, log_snr, label) - none)


def blended(net, x, log_snr, labels, w):
    r = chromatogram(log_snr, 4)
    none = net(x, log_snr, NULL)
    of_level = [labels[min(m, len(labels) - 1)] for m in range(4)]
    return none + w * sum(r[m] * (net(x, log_snr, of_level[m]) - none) for m in range(4))


def switched(net, x, log_snr, labels, w):
    m = int(np.argmax(chromatogram(log_snr, 4)))
    return guided(net, x, log_snr, labels[min(m, len(labels) - 1)], w)


def banded(net, x, log_snr, labels, w):
    none = net(x, log_snr, NULL)
    last = len(labels) - 1
    return none + w * sum(band(net(x, log_snr, c) - none, m, m == last) for m, c in enumerate(labels))


def adjusted(x, log_snr, n):
    """(D_n x/sqrt(P_n), lambda_tau)."""
    a = sigmoid(log_snr)
    return pool(x, n) / np.sqrt(a + (1 - a) / n**2), log_snr + 2 * np.log(n)


def upsampled(net, x, log_snr, n, theta, eta, *label):
    eps = net(x, log_snr, *label)
    if timestep(log_snr) < (1 - eta) * len(TABLE):
        return eps
    low = net(*adjusted(x, log_snr, n), *label)
    return eps + theta * enlarge(low / n - pool(eps, n), n)


def cascade(coarse, fine, x, log_snr, n):
    low, eps = coarse(*adjusted(x, log_snr, n)), fine(x, log_snr)
    return enlarge(low, n) / n + eps - enlarge(pool(eps, n), n)


def main():
    x = np.random.default_rng(2404).standard_normal((2, 3, 16, 16)).astype("<f4")
    classes, plain = Net("class-labels"), Net("tiny-eps")
    cases = {
        "guided": lambda s, l: guided(classes, s, l, 3, 4.5),
        "blend": lambda s, l: blended(classes, s, l, [1, 3, 3, 2], 2.5),
        "switch": lambda s, l: switched(classes, s, l, [1, 3, 2], 2.5),
        "band": lambda s, l: banded(classes, s, l, [1, 3, 2], 2.5),
        "upsample": lambda s, l: upsampled(plain, s, l, 2, 0.8, 0.6),
        "upsample_guided": lambda s, l: upsampled(lambda *a: guided(classes, *a, 3, 4.5), s, l, 2, 1.0, 0.6),
        "cascade": lambda s, l: cascade(plain, lambda *a: classes(*a, 2), s, l, 2),
    }
    arrays = {"x": x, "log_snr": LOG_SNR}
    wide = x.astype(np.float64)
    for name, case in cases.items():
        eps = np.stack([case(wide, level) for level in LOG_SNR])
        x0 = np.stack([x0_from(wide, e, level) for e, level in zip(eps, LOG_SNR)])
        arrays |= {f"{name}_eps": eps.astype("<f4"), f"{name}_x0": x0.astype("<f4")}
        print(f"{name:16} max|eps| {np.abs(eps).max():.2f}")
    write_npz(GOLDEN / "guidance.npz", arrays)
    write_versions()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes goldens.json: what river and scipy answer to small streams and samples.

The inputs are made here by a linear congruential generator that the Swift tests repeat, so only
answers are kept. Run by hand with Python 3.11 (3.12 sums floats another way):

    python3 -m venv /tmp/goldens && /tmp/goldens/bin/pip install river==0.23.0 scipy==1.14.1 \
        numpy==2.1.3 pandas typing_extensions
    /tmp/goldens/bin/python Tests/DriftTests/goldens.py > Tests/DriftTests/goldens.json
"""
import json
import math

import numpy as np
from river import drift
from river.drift import binary
from river.drift.adwin_c import AdaptiveWindowing
from scipy import stats


class Stream:
    """Numbers that a few lines of any language repeat: x <- 6364136223846793005 x + 1442695..."""

    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % (1 << 64)
        return (self.state >> 11) * 2.0**-53

    def bell(self):
        """Twelve uniforms less six: mean 0, variance 1, sums that every machine makes alike."""
        return sum(self.uniform() for _ in range(12)) - 6


def moving(seed, shift, spread, rows=3000, change=1500):
    """A bell whose mean and spread change half way."""
    stream = Stream(seed)
    return [
        stream.bell() if row < change else stream.bell() * spread + shift for row in range(rows)
    ]


def coin(seed, before, after, rows=3000, change=1500):
    stream = Stream(seed)
    return [
        1 if stream.uniform() < (before if row < change else after) else 0 for row in range(rows)
    ]


class Core:
    """ADWIN as published: river's own window without the wrapper that discards it."""

    def __init__(self, **parameters):
        self.window = AdaptiveWindowing(**parameters)
        self.drift_detected = False

    def update(self, value):
        self.drift_detected = bool(self.window.update(value))


DETECTORS = {
    "ADWIN": lambda p: drift.ADWIN(**p),
    "ADWIN_core": lambda p: Core(**p),
    "PageHinkley": lambda p: drift.PageHinkley(**p),
    "KSWIN": lambda p: drift.KSWIN(seed=42, **p),
    "DDM": lambda p: binary.DDM(**p),
    "EDDM": lambda p: binary.EDDM(**p),
    "HDDM_A": lambda p: binary.HDDM_A(**p),
    "HDDM_W": lambda p: binary.HDDM_W(**p),
}


def run(name, parameters, samples):
    detector = DETECTORS[name](parameters)
    alarms, warnings = [], []
    for index, sample in enumerate(samples):
        detector.update(sample)
        if detector.drift_detected:
            alarms.append(index)
        if getattr(detector, "warning_detected", False):
            warnings.append(index)
    return {
        "detector": name,
        "params": parameters,
        "detections": alarms,
        "n_warnings": len(warnings),
        "first_warnings": warnings[:10],
    }


def streaming():
    cases = []
    for seed, shift, spread in [(1, 0, 1), (2, 1, 1), (3, -0.5, 1), (4, 0, 2), (5, 40, 30)]:
        samples = moving(seed, shift, spread)
        for name, parameters in [
            ("ADWIN", {"clock": 32}), ("ADWIN", {"clock": 1}), ("ADWIN_core", {"clock": 32}),
            ("ADWIN_core", {"clock": 1}), ("ADWIN_core", {"clock": 1, "delta": 0.3}),
            ("PageHinkley", {}), ("PageHinkley", {"mode": "down", "threshold": 10}),
            ("PageHinkley", {"mode": "up", "delta": 0.1, "threshold": 20}),
            ("KSWIN", {}), ("KSWIN", {"alpha": 0.0001}),
        ]:
            case = run(name, parameters, samples)
            cases.append({"seed": seed, "shift": shift, "spread": spread, **case})
    for seed, before, after in [(11, 0.1, 0.1), (12, 0.1, 0.3), (13, 0.4, 0.1), (14, 0.02, 0.1)]:
        samples = coin(seed, before, after)
        for name, parameters in [
            ("DDM", {}), ("EDDM", {}), ("HDDM_A", {}), ("HDDM_A", {"two_sided_test": True}),
            ("HDDM_W", {}), ("HDDM_W", {"two_sided_test": True}), ("ADWIN_core", {"clock": 1}),
            ("PageHinkley", {}),
        ]:
            case = run(name, parameters, samples)
            cases.append({"seed": seed, "before": before, "after": after, **case})
    return cases


def pair(seed, n, m, shift, spread, is_whole):
    """Two samples; of whole numbers, with ties, when asked."""
    stream = Stream(seed)
    reference = [stream.bell() for _ in range(n)]
    current = [stream.bell() * spread + shift for _ in range(m)]
    if is_whole:
        return [math.floor(x * 2) for x in reference], [math.floor(x * 2) for x in current]
    return reference, current


def measures(reference, current):
    r, c = np.array(reference, float), np.array(current, float)
    p, q = r / r.sum(), c / c.sum()
    smooth_p = (r + 0.5) / (r.sum() + 0.5 * len(r))
    smooth_q = (c + 0.5) / (c.sum() + 0.5 * len(c))
    floor_p, floor_q = np.where(p > 0, p, 1e-4), np.where(q > 0, q, 1e-4)
    middle = (p + q) / 2
    some = r + c > 0
    answer = {
        "counts_ref": reference,
        "counts_cur": current,
        "psi_floor0.0001_no_renorm": float(((floor_p - floor_q) * np.log(floor_p / floor_q)).sum()),
        "psi_laplace0.5": float(((smooth_p - smooth_q) * np.log(smooth_p / smooth_q)).sum()),
        "js_divergence_base_2": float((stats.entropy(p, middle) + stats.entropy(q, middle)) / 2)
        / math.log(2),
        "hellinger": float(np.sqrt(((np.sqrt(p) - np.sqrt(q)) ** 2).sum() / 2)),
        "tvd": float(np.abs(p - q).sum() / 2),
        "linf": float(np.abs(p - q).max()),
    }
    answer["js_distance_base_e"] = math.sqrt(answer["js_divergence_base_2"] * math.log(2))
    table = np.array([r[some], c[some]])
    for key, way in [("chi2_contingency", "pearson"), ("g_test", "log-likelihood")]:
        test = stats.chi2_contingency(table, correction=False, lambda_=way)
        answer[key] = {"stat": float(test[0]), "p": float(test[1]), "dof": int(test[2])}
    return answer


def two_sample():
    cases = []
    for seed, n, m, shift, spread, is_whole in [
        (21, 300, 300, 0, 1, False), (22, 400, 250, 0.5, 1, False), (23, 60, 90, 0, 2, False),
        (24, 500, 200, 0.3, 1, True), (25, 7, 12, 1, 1, False), (26, 128, 1000, 3, 1, False),
    ]:
        reference, current = pair(seed, n, m, shift, spread, is_whole)
        test = stats.ks_2samp(reference, current, method="exact")
        cases.append({
            "seed": seed, "n": n, "m": m, "shift": shift, "spread": spread, "whole": is_whole,
            "stat": float(test.statistic), "p": float(test.pvalue),
            "wasserstein1": float(stats.wasserstein_distance(reference, current)),
        })
    return cases


def binned():
    stream = Stream(31)
    cases = []
    for cells, n, m, tilt in [
        (10, 1000, 1000, 0), (31, 10000, 500, 0.3), (5, 40, 40, 1), (2, 9, 7, 2),
    ]:
        reference, current = [0] * cells, [0] * cells
        for _ in range(n):
            reference[int(stream.uniform() * cells)] += 1
        for _ in range(m):
            current[int(stream.uniform() ** (1 + tilt) * cells)] += 1
        cases.append(measures(reference, current))
    cases.append(measures([10, 0, 5, 0], [0, 0, 8, 9]))
    return cases


def tails():
    chi = [(x, k, float(stats.chi2.sf(x, k)))
           for k in (1, 2, 9, 30, 200) for x in (0.01, 0.5, 3, 25, 120, 700)]
    places = (0.1, 0.3, 0.5, 0.79, 0.81, 1, 1.6, 3, 6)
    kolmogorov = [(x, float(stats.kstwobign.sf(x))) for x in places]
    return {"chi2": chi, "kolmogorov": kolmogorov}


if __name__ == "__main__":
    print(json.dumps({
        "streaming": streaming(), "twoSample": two_sample(), "binned": binned(), "tails": tails(),
    }, indent=0))

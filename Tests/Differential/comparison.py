"""Asks two servers the same and says how their answers differ."""

import http.client
import json
import math
import urllib.parse

TOLERANCE = 1e-9
# Sums that cancel out: 2.42 leaves what rounding left.
NOISE = 1e-13
INCOMPATIBLE = "incompatible sample types encountered for binary operator"


class Server:
    """One connection, kept."""

    def __init__(self, name: str, port: int):
        self.name = name
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, path: str, parameters: dict):
        body = urllib.parse.urlencode(parameters)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for attempt in (1, 2):
            try:
                self.connection.request("POST", f"/api/v1/{path}", body, headers)
                answer = self.connection.getresponse()
                return answer.status, json.loads(answer.read())
            except (http.client.HTTPException, OSError):
                self.connection.close()
                if attempt == 2:
                    raise


def close(left: str, right: str) -> bool:
    one, other = float(left), float(right)
    if one == other or math.isnan(one) and math.isnan(other):
        return True
    if not (math.isfinite(one) and math.isfinite(other)):
        return False
    return abs(one - other) <= max(NOISE, TOLERANCE * max(abs(one), abs(other)))


def adds_up(histogram: dict) -> bool:
    total = sum(float(bucket[3]) for bucket in histogram.get("buckets", []))
    count = float(histogram["count"])
    return abs(total - count) <= 1e-6 * abs(count)


def same_histogram(left: dict, right: dict) -> bool:
    ours, theirs = left.get("buckets", []), right.get("buckets", [])
    if adds_up(left) and not adds_up(right) and close(left["count"], right["count"]):
        # Prometheus 3.5 sometimes writes over buckets that it still needs; alone, the same series
        # comes out right.
        return True
    return close(left["count"], right["count"]) and close(left["sum"], right["sum"]) \
        and len(ours) == len(theirs) and all(
            one[0] == other[0] and all(close(a, b) for a, b in zip(one[1:], other[1:]))
            for one, other in zip(ours, theirs))


def same_point(left: list, right: list) -> bool:
    if left[0] != right[0] or isinstance(left[1], dict) != isinstance(right[1], dict):
        return False
    same = same_histogram if isinstance(left[1], dict) else close
    return same(left[1], right[1])


def points(one: dict) -> list:
    if "value" in one or "histogram" in one:
        return [one["value"] if "value" in one else one["histogram"]]
    return one.get("values", []) + one.get("histograms", [])


def difference(left, right, is_ordered: bool, with_annotations: bool) -> str | None:
    """What differs between (status, body) of two servers; None when nothing does."""
    (our_status, ours), (their_status, theirs) = left, right
    if our_status != their_status or ours.get("errorType") != theirs.get("errorType"):
        return f"{our_status} {_error(ours)} instead of {their_status} {_error(theirs)}"
    if ours["status"] != "success":
        return None
    for kind in ("warnings", "infos") if with_annotations else ():
        # Each server tells ten of them, in an order of its own.
        one, other = ours.get(kind, []), theirs.get(kind, [])
        # Of these Prometheus tells the last of each step, and we each.
        one = [text for text in one if text in other or INCOMPATIBLE not in text]
        if sorted(one) != sorted(other) and len(one) < 10 and len(other) < 10:
            return f"{kind} {one} instead of {other}"
    return _data(ours["data"], theirs["data"], is_ordered)


def _error(body: dict) -> str:
    return f"{body.get('errorType', 'success')}: {body.get('error', '')[:200]}"


def _data(ours: dict, theirs: dict, is_ordered: bool) -> str | None:
    if ours["resultType"] != theirs["resultType"]:
        return f"{ours['resultType']} instead of {theirs['resultType']}"
    if ours["resultType"] == "scalar":
        same = same_point(ours["result"], theirs["result"])
        return None if same else f"{ours['result']} instead of {theirs['result']}"
    left, right = _by_labels(ours["result"]), _by_labels(theirs["result"])
    if left.keys() != right.keys():
        more, fewer = left.keys() - right.keys(), right.keys() - left.keys()
        return f"{len(left)} series instead of {len(right)}: too many {sorted(more)[:3]}, " \
            f"missing {sorted(fewer)[:3]}"
    for labels, series in right.items():
        one, other = points(left[labels]), points(series)
        if len(one) != len(other):
            return f"{labels}: {len(one)} points instead of {len(other)}: " \
                f"{_first_difference(one, other)}"
        for a, b in zip(one, other):
            if not same_point(a, b):
                return f"{labels}: {a} instead of {b}"
    if is_ordered and ours["resultType"] == "vector":
        sequences = [[one.get("value", [0, "0"])[1] for one in data["result"]]
                     for data in (ours, theirs)]
        if not all(close(a, b) for a, b in zip(*sequences)):
            return "another order"
    return None


def _first_difference(one: list, other: list):
    for a, b in zip(one, other):
        if not same_point(a, b):
            return f"{a} instead of {b}"
    return "one has more at the end"


def _by_labels(result: list) -> dict:
    return {json.dumps(one["metric"], sort_keys=True): one for one in result}

"""Random PromQL.

What there is to choose from follows samples.py.
"""

import random

from tree import Node, node

RANGES = ["20s", "1m", "2m", "5m", "5m", "10m", "17m", "30m"]
OFFSETS = ["15s", "1m", "7m", "-1m", "-90s"]
STEPS = ["15s", "30s", "1m", "1m", "2m", "77s"]
NUMBERS = ["0", "1", "2", "-1", "0.5", "3.7", "10", "60", "1e3", "Inf", "-Inf", "NaN", "0x1f"]
QUANTILES = ["0", "0.1", "0.5", "0.9", "0.99", "1", "-1", "2", "NaN"]

SHARED = ["job", "instance"]
FLOAT_METRICS = {
    "requests_total": ["code", "method"], "errors_total": [], "temperature": ["room"],
    "queue": [], "odd": [], "start_time_seconds": [], "build_info": ["version"],
    "target_info": ["zone"], "latency_seconds_bucket": ["le"], "latency_seconds_count": [],
    "latency_seconds_sum": []}
HISTOGRAM_METRICS = {"size_bytes": [], "delay": [], "level": [], "custom": [], "mixed": []}
VALUES = {
    "job": ["api", "batch", "web"], "instance": ["a:80", "b:80", "c:80"],
    "code": ["200", "404", "500"], "method": ["get", "put"], "room": ["x", "y", "z"],
    "version": ["1.0", "1.1", "2.0"], "zone": ["east", "west"], "le": ["0.1", "1", "+Inf"]}

MATH = [
    "abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sgn", "deg", "rad", "sin", "cos",
    "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "timestamp"]
DATES = [
    "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month",
    "year"]
WINDOWS = [
    "rate", "rate", "increase", "irate", "delta", "idelta", "deriv", "changes", "resets",
    "avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time",
    "last_over_time", "present_over_time", "stddev_over_time", "stdvar_over_time",
    "absent_over_time"]
NEW_WINDOWS = [
    "mad_over_time", "ts_of_min_over_time", "ts_of_max_over_time", "ts_of_last_over_time"]
HISTOGRAM_WINDOWS = [
    "rate", "rate", "increase", "irate", "delta", "idelta", "resets", "changes", "sum_over_time",
    "avg_over_time", "count_over_time", "last_over_time", "present_over_time"]
COUNTERS = [name for name in FLOAT_METRICS if name.startswith(("req", "err", "latency"))]
DIFFERENCES = ["rate", "increase", "irate", "delta", "idelta"]
OF_HISTOGRAMS = [
    "histogram_count", "histogram_sum", "histogram_avg", "histogram_stddev", "histogram_stdvar"]
FOLDS = ["sum", "avg", "min", "max", "count", "group", "stddev", "stdvar"]
ARITHMETIC = ["+", "-", "*", "/", "%", "^", "atan2"]
COMPARISONS = ["==", "!=", ">", "<", ">=", "<="]
SETS = ["and", "or", "unless"]


class Generator:
    """`modern`: everything that Prometheus 3.5 has, native histograms and flags included."""

    def __init__(self, seed: int, modern: bool, times):
        self.random = random.Random(seed)
        self.modern = modern
        self.times = times  # of @, as text
        self.is_inside_subquery = False
        # 2.x treats infinities and NaN in deviations, names in atan2, ties and predict_linear with
        # a fixed time, and timestamps with an offset too, otherwise than 3.x; remainders make the
        # last digit of a sine the first.
        self.folds = FOLDS if modern else FOLDS[:-2]
        self.numbers = NUMBERS if modern else [one for one in NUMBERS if one[-1] not in "fN"]
        self.quantiles = QUANTILES if modern else QUANTILES[:6]
        self.arithmetic = ARITHMETIC if modern else ARITHMETIC[:4]
        self.floats = [name for name in FLOAT_METRICS if modern or name != "odd"]

    def query(self) -> Node:
        chance = self.random.random()
        if chance < 0.03:
            return self.scalar(2)
        return self.vector(self.random.choice([1, 1, 2, 2, 3]))

    # Helpers

    def choice(self, *options):
        return self.random.choice(options)

    def maybe(self, share: float) -> bool:
        return self.random.random() < share

    def labels(self, among, least=0) -> list[str]:
        count = self.random.randint(least, min(len(among), 3))
        return self.random.sample(among, count)

    def matchers(self, own) -> list[str]:
        found = []
        for label in self.labels(SHARED + own) if self.maybe(0.5) else []:
            value = self.choice(*VALUES[label])
            found.append(self.choice(
                f'{label}="{value}"', f'{label}!="{value}"',
                f'{label}=~"{value}|{self.choice(*VALUES[label])}"', f'{label}!~"{value[0]}.*"',
                f'{label}=~".+"', f'{label}=""', f'absent_label=""'))
        return found

    def modifiers(self) -> list[str]:
        return [
            f" @ {self.choice(*self.times, 'start()', 'end()')}" if self.maybe(0.08) else "",
            f" offset {self.choice(*OFFSETS)}" if self.maybe(0.15) else ""]

    def metric(self, histograms: bool):
        name = self.choice(*(HISTOGRAM_METRICS if histograms else self.floats))
        return name, {**HISTOGRAM_METRICS, **FLOAT_METRICS}[name]

    def selector(self, histograms=False, name=None) -> Node:
        own = FLOAT_METRICS.get(name, [])
        if not name:
            name, own = self.metric(histograms)
        matchers = self.matchers(own)
        if self.modern and self.maybe(0.03):
            text = f'{{__name__=~"{name}|errors_total"{"".join("," + one for one in matchers)}}}'
            return node("vector", [text, ("extra", 0), ("extra", 1)], [], self.modifiers())
        inside = "{" + ",".join(matchers) + "}" if matchers else ""
        return node(
            "vector", [name, ("extra", 0), ("extra", 1), ("extra", 2)], [],
            [inside, *self.modifiers()])

    def duration(self) -> str:
        if self.modern and self.maybe(0.03):
            return self.choice("1m * 2", "5m - 30s", "60 + 60", "2 ^ 7")
        return self.choice(*RANGES)

    def window(self, histograms=False, depth=0, is_difference=False) -> Node:
        if not self.modern and is_difference:
            # 2.x extrapolates what begins near zero otherwise than 3.x.
            return node("matrix", [self.choice(*COUNTERS), f"[{self.duration()}]"])
        if depth > 0 and self.maybe(0.25):
            step = self.choice("", *STEPS)
            was_inside, self.is_inside_subquery = self.is_inside_subquery, True
            inner = self.vector(depth - 1, histograms)
            self.is_inside_subquery = was_inside
            return node(
                "matrix", ["(", 0, f")[{self.duration()}:{step}]", ("extra", 0), ("extra", 1)],
                [inner], self.modifiers())
        name, own = self.metric(histograms)
        while is_difference and name == "mixed":
            # Prometheus 3.5 reuses memory of such windows for the next series and loses resets.
            name, own = self.metric(histograms)
        matchers = self.matchers(own)
        inside = "{" + ",".join(matchers) + "}" if matchers else ""
        return node(
            "matrix", [name, ("extra", 0), f"[{self.duration()}]", ("extra", 1), ("extra", 2)], [],
            [inside, *self.modifiers()])

    # Scalars

    def scalar(self, depth=0) -> Node:
        chance = self.random.random()
        if depth <= 0 or chance < 0.5:
            return node("scalar", [self.choice(*self.numbers)])
        if chance < 0.65:
            return node("scalar", ["scalar(", 0, ")"], [self.vector(depth - 1)])
        if chance < 0.8:
            return node("scalar", [self.choice("time()", "pi()", "-time()")])
        if chance < 0.9:
            operator = self.choice(*[f"{one} bool" for one in COMPARISONS])
        else:
            operator = self.choice(*self.arithmetic)
        return node(
            "scalar", ["(", 0, f" {operator} ", 1, ")"],
            [self.scalar(depth - 1), self.scalar(depth - 1)])

    # Vectors

    def vector(self, depth: int, histograms=None) -> Node:
        if histograms is None:
            histograms = self.modern and self.maybe(0.2)
        if depth <= 0:
            return self.selector(histograms)
        kinds = [
            (self.call, 10), (self.windowed, 22), (self.fold, 18), (self.with_number, 8),
            (self.matched, 16), (self.selector_, 6), (self.negated, 2), (self.relabelled, 4),
            (self.quantile_of_buckets, 5), (self.absent, 2), (self.from_scalar, 2),
            (self.ordered, 2), (self.counted, 2)]
        if self.modern:
            kinds += [
                (self.of_histogram, 12 if histograms else 3), (self.experimental, 4),
                (self.picked, 5)]
        functions, weights = zip(*kinds)
        return self.random.choices(functions, weights)[0](depth, histograms)

    def selector_(self, depth, histograms):
        return self.selector(histograms)

    def negated(self, depth, histograms):
        return node("vector", [self.choice("-", "+"), 0], [self.selector(histograms)])

    def call(self, depth, histograms):
        inner = self.vector(depth - 1, histograms)
        if self.maybe(0.2):
            function = self.choice(*DATES)
            if self.maybe(0.2):
                return node("vector", [f"{function}()"])
            return node("vector", [f"{function}(", 0, ")"], [inner])
        if self.maybe(0.3):
            function = self.choice("clamp", "clamp_min", "clamp_max", "round")
            bounds = [self.scalar(depth - 1) for _ in range(2 if function == "clamp" else 1)]
            template = [f"{function}(", 0]
            for place in range(len(bounds)):
                template += [", ", place + 1]
            return node("vector", template + [")"], [inner, *bounds])
        functions = MATH if self.modern else MATH[:-1]
        return node("vector", [f"{self.choice(*functions)}(", 0, ")"], [inner])

    def windowed(self, depth, histograms):
        functions = HISTOGRAM_WINDOWS if histograms else WINDOWS
        if self.modern and self.maybe(0.1):
            functions = NEW_WINDOWS
        function = self.choice(*functions)
        window = self.window(histograms, depth, function in DIFFERENCES)
        chance = self.random.random()
        if chance < 0.06:
            return node(
                "vector", ["quantile_over_time(", 0, ", ", 1, ")"],
                [node("scalar", [self.choice(*self.quantiles)]), window])
        if self.modern and chance < 0.12:
            return node(
                "vector", ["predict_linear(", 0, ", ", 1, ")"], [window, self.scalar(depth - 1)])
        return node("vector", [f"{function}(", 0, ")"], [window])

    def grouping(self) -> str:
        labels = ", ".join(self.labels(SHARED + ["code", "version", "room", "le", "nothing"]))
        return self.choice("", f" by ({labels})", f" by ({labels})", f" without ({labels})")

    def fold(self, depth, histograms):
        inner = self.vector(depth - 1, histograms)
        if self.maybe(0.1):
            quantile = node("scalar", [self.choice(*self.quantiles)])
            return node(
                "vector", ["quantile", ("extra", 0), " (", 0, ", ", 1, ")"], [quantile, inner],
                [self.grouping()])
        return node(
            "vector", [self.choice(*self.folds), ("extra", 0), " (", 0, ")"], [inner],
            [self.grouping()])

    def picked(self, depth, histograms):
        # Which ones limitk picks follows the order of storage.
        if self.modern and self.maybe(0.2):
            amount = self.choice("1", "2", "3")
            return node(
                "vector",
                ["count", ("extra", 0), " (limitk", ("extra", 0), f" ({amount}, ", 0, "))"],
                [self.vector(depth - 1, histograms)], [self.grouping()])
        functions = ["topk", "bottomk"]
        if self.modern:
            functions.append("limit_ratio")
        function = self.choice(*functions)
        amount = self.choice("0.5", "-0.3", "1", "0") if function == "limit_ratio" \
            else self.choice("1", "2", "3", "0", "100")
        return node(
            "vector", [function, ("extra", 0), " (", 0, ", ", 1, ")"],
            [node("scalar", [amount]), self.vector(depth - 1, histograms)], [self.grouping()])

    def counted(self, depth, histograms):
        # Bounds of native buckets as text: docs/promql.md says where they differ.
        return node(
            "vector", ["count_values", ("extra", 0), ' ("value", ', 0, ")"],
            [self.selector(name=self.choice(*(self.floats if self.modern else ["queue"])))],
            [self.grouping() if self.modern else " by (job)"])

    def with_number(self, depth, histograms):
        inner, number = self.vector(depth - 1, histograms), self.scalar(depth - 1)
        operator = self.operator()
        sides = [inner, number]
        self.random.shuffle(sides)
        return node("vector", ["(", 0, f" {operator} ", 1, ")"], sides)

    def operator(self) -> str:
        if self.maybe(0.6):
            return self.choice(*self.arithmetic)
        return self.choice(*COMPARISONS) + (" bool" if self.maybe(0.4) else "")

    def matched(self, depth, histograms):
        labels = self.labels(SHARED, least=1) if self.maybe(0.6) else SHARED
        on = ", ".join(labels)
        left, right = self.vector(depth - 1, histograms), self.vector(depth - 1)
        chance = self.random.random()
        if chance < 0.25:
            operator = self.choice(*SETS)
            matching = self.choice("", f" on ({on})", f" ignoring ({on})", " on ()")
            return node(
                "vector", ["(", 0, f" {operator}", ("extra", 0), " ", 1, ")"], [left, right],
                [matching])
        fold = self.choice(*self.folds)
        right = node("vector", [f"{fold} by ({on}) (", 0, ")"], [right])
        operator = self.operator()
        if chance < 0.55:
            left = node("vector", [f"{self.choice(*self.folds)} by ({on}) (", 0, ")"], [left])
            matching = self.choice("", f" on ({on})")
        elif chance < 0.85:
            carried = self.choice("", "", "version", "zone", "job", "missing")
            matching = f" on ({on}) group_left ({carried})"
        else:
            matching = self.choice("", f" on ({on})", " ignoring (code)")
        sides = [left, right]
        if self.maybe(0.2):
            sides.reverse()
            matching = matching.replace("group_left", "group_right")
        return node("vector", ["(", 0, f" {operator}{matching} ", 1, ")"], sides)

    def relabelled(self, depth, histograms):
        inner = self.vector(depth - 1, histograms)
        target = self.choice("job", "host", "__name__", "instance")
        if self.maybe(0.4):
            return node(
                "vector", ["label_join(", 0, f', "{target}", "-", "job", "instance")'], [inner])
        source = self.choice("instance", "job", "missing", "__name__")
        pattern = self.choice("(.*):.*", "a(.*)", "", "(?P<first>.)(.*)", "nomatch")
        replacement = self.choice("$1", "x-$1-$2", "", "${first}", "$$", "fixed")
        return node(
            "vector",
            ["label_replace(", 0, f', "{target}", "{replacement}", "{source}", "{pattern}")'],
            [inner])

    def quantile_of_buckets(self, depth, histograms):
        quantile = node("scalar", [self.choice(*self.quantiles)])
        buckets = self.selector(name="latency_seconds_bucket")
        if self.maybe(0.7):
            buckets = node(
                "vector", [f"rate(latency_seconds_bucket[{self.choice(*RANGES)}]", ("extra", 0),
                           ("extra", 1), ")"], [], self.modifiers())
        if self.maybe(0.6):
            by = self.choice("le", "le, job", "job", "le, instance")
            buckets = node("vector", [f"sum by ({by}) (", 0, ")"], [buckets])
        if self.modern and self.maybe(0.3):
            return node(
                "vector", ["histogram_fraction(", 0, ", ", 1, ", ", 2, ")"],
                [node("scalar", [self.choice("-Inf", "0", "0.07", "0.1")]),
                 node("scalar", [self.choice("0.2", "0.5", "2", "Inf")]), buckets])
        return node("vector", ["histogram_quantile(", 0, ", ", 1, ")"], [quantile, buckets])

    def absent(self, depth, histograms):
        return node("vector", ["absent(", 0, ")"], [self.vector(depth - 1, histograms)])

    def from_scalar(self, depth, histograms):
        return node("vector", ["vector(", 0, ")"], [self.scalar(depth)])

    def ordered(self, depth, histograms):
        return node(
            "vector", [self.choice("sort", "sort_desc"), "(", 0, ")"],
            [self.vector(depth - 1, histograms)])

    # Native histograms and experimental functions

    def of_histogram(self, depth, histograms):
        inner = self.vector(depth - 1, True)
        chance = self.random.random()
        if chance < 0.35:
            return node(
                "vector", ["histogram_quantile(", 0, ", ", 1, ")"],
                [node("scalar", [self.choice(*self.quantiles)]), inner])
        if chance < 0.6:
            return node(
                "vector", ["histogram_fraction(", 0, ", ", 1, ", ", 2, ")"],
                [node("scalar", [self.choice("-Inf", "-2", "0", "0.3", "1")]),
                 node("scalar", [self.choice("0.5", "1.5", "4", "Inf")]), inner])
        function = self.choice(*OF_HISTOGRAMS)
        if function.startswith("histogram_std"):
            # Counts below zero, as delta makes them, leave a difference that rounding decides.
            inner = self.selector(True)
        return node("vector", [f"{function}(", 0, ")"], [inner])

    def experimental(self, depth, histograms):
        chance = self.random.random()
        if chance < 0.3 and not self.is_inside_subquery:
            return node(
                "vector", ["info(", 0, ("extra", 0), ")"], [self.vector(depth - 1, histograms)],
                [self.choice("", ', {zone="east"}', ', {__name__=~"build_info|target_info"}')])
        if chance < 0.6:
            return node(
                "vector", ["double_exponential_smoothing(", 0, ", 0.3, 0.6)"],
                [self.window(False, depth)])
        return node(
            "vector", [self.choice("sort_by_label", "sort_by_label_desc"), "(", 0,
                       self.choice("", ', "job"', ', "instance", "job"'), ")"],
            [self.vector(depth - 1, histograms)])

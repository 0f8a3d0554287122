"""`pitot test` beside a real promtool 3.5.3: the same verdict for each file of Tests/RuleTests, and
the same samples and alerts for generated rules, series and expressions."""

import math
import pathlib
import random
import re
import subprocess
import tempfile
import unittest

import harness

FILES = harness.ROOT / "Tests" / "RuleTests"
PROMTOOL = harness.ROOT / "build" / "peers-sid" / "promtool" / "usr" / "bin" / "promtool"
SEEDS = 60


def has_promtool() -> bool:
    """Whether `scripts/fetch-sid-peers.sh promtool` was run, as `make diff` does."""
    return PROMTOOL.exists()


def run(*command, folder=None):
    done = subprocess.run([str(part) for part in command], cwd=folder, capture_output=True,
                          text=True, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


class RuleTestFiles(unittest.TestCase):
    """The files of Tests/RuleTests, whose names say what promtool says of them."""

    def test_each_file_has_the_verdict_of_its_name(self):
        for path in sorted(FILES.glob("*.yml")):
            with self.subTest(path.name):
                code, text = run(harness.PITOT, "test", path.name, folder=FILES)
                self.assertEqual(code, 0 if path.name.startswith("pass-") else 1, text)

    def test_promtool_gives_each_file_the_same_verdict(self):
        if not has_promtool():
            self.skipTest("no promtool 3.5.3: scripts/fetch-sid-peers.sh promtool")
        for path in sorted(FILES.glob("*.yml")):
            with self.subTest(path.name):
                theirs, text = run(PROMTOOL, "test", "rules", path.name, folder=FILES)
                ours, _ = run(harness.PITOT, "test", path.name, folder=FILES)
                self.assertEqual(theirs, ours, text)


RULES = """groups:
  - name: g
    %s
    rules:
      - %s
"""
CHECKED = [  # a key of the group, a rule
    ('interval: 1m', "{record: r, expr: x}"),
    ('', "{record: r, expr: x, labels: {a: b}}"),
    ('', "{alert: A, expr: x > 1, for: 5m, keep_firing_for: 1m}"),
    ('limit: 3', "{alert: A, expr: 1}"),
    ('query_offset: 1m', "{record: 'a:b.c', expr: x}"),
    ('labels: {a: b}', "{record: r, expr: x}"),
    ('labels: {__name__: b}', "{record: r, expr: x}"),
    ('labels: [a]', "{record: r, expr: x}"),
    ('', "{record: r, alert: A, expr: x}"),
    ('', "{expr: x}"),
    ('', "{record: r}"),
    ('', "{record: r, expr: ''}"),
    ('', "{record: '', alert: A, expr: x}"),
    ('', "{record: '', expr: x}"),
    ('', "{record: 'a{b}', expr: x}"),
    ('', "{record: r, expr: 'sum('}"),
    ('', "{record: r, expr: x[5m]}"),
    ('', "{record: r, expr: x, for: 1m}"),
    ('', "{record: r, expr: x, for: 0s}"),
    ('', "{record: r, expr: x, keep_firing_for: 1m}"),
    ('', "{record: r, expr: x, annotations: {a: b}}"),
    ('', "{record: r, expr: x, annotations: {}}"),
    ('', "{record: r, expr: x, labels: {__name__: b}}"),
    ('', "{record: r, expr: x, labels: {'a.b': c}}"),
    ('', "{record: r, expr: x, labels: {'': c}}"),
    ('', "{record: r, expr: x, labels: {a: }}"),
    ('', "{record: r, expr: x, labels: {a: [b]}}"),
    ('', "{alert: A, expr: x, annotations: {'': c}}"),
    ('', "{alert: A, expr: x, annotations: {a: '{{'}}"),
    ('', "{alert: A, expr: x, annotations: {a: '{{ $labels.b }}'}}"),
    ('', "{alert: A, expr: x, annotations: {a: '{{ $lables.b }}'}}"),
    ('', "{alert: A, expr: x, annotations: {a: '{{ nope 1 }}'}}"),
    ('', "{alert: A, expr: x, labels: {a: '{{ if }}'}}"),
    ('', "{alert: A, expr: x, labels: {a: '{{ end }}'}}"),
    ('', "{alert: A, expr: x, labels: {a: '{{ if true }}b'}}"),
    ('', "{alert: A, expr: x, for: soon}"),
    ('', "{alert: A, expr: x, for: 5}"),
    ('interval: 5', "{record: r, expr: x}"),
    ('limit: x', "{record: r, expr: x}"),
    ('limits: 3', "{record: r, expr: x}"),
    ('', "{record: r, expr: x, label: {}}"),
    ('', "{record: r, expr: 5}"),
    ('', "{record: r, expr: [x]}"),
    ('', "{record: r, expr: x, expr: y}"),
    ('', "{record: r, expr: 'mad_over_time(x[5m])'}"),
    ('', "{record: r, expr: 'x == bool'}"),
    ('', "{record: r, expr: 'rate(x)'}"),
    ('', "{record: r, expr: 'sum(x) by'}"),
    ('', "[]"),
    ('', "a"),
    ('name: h', "{record: r, expr: x}"),
    ('', "{alert: '', expr: x}"),
    ('', "{alert: 5, expr: x}"),
    ('', "{alert: A, expr: '\"text\"'}"),
    ('', "{record: r, expr: '1 > 2'}"),
    ('', "{record: r, expr: 'x{a=~\"(\"}'}"),
    ('', "{alert: A, expr: x, keep_firing_for: 5x}"),
]


class CheckedRules(unittest.TestCase):
    """`pitot check` refuses the rules that `promtool check rules` refuses."""

    def test_both_refuse_the_same_rules(self):
        if not has_promtool():
            self.skipTest("no promtool 3.5.3: scripts/fetch-sid-peers.sh promtool")
        refused = 0
        for key, rule in CHECKED:
            with self.subTest(f"{key} {rule}"), tempfile.TemporaryDirectory() as name:
                path = pathlib.Path(name) / "rules.yml"
                path.write_text(RULES % (key, rule))
                theirs_code, theirs_text = run(PROMTOOL, "check", "rules", path)
                ours_code, ours_text = run(harness.PITOT, "check", path)
                self.assertEqual(theirs_code, ours_code, f"{theirs_text}\n---\n{ours_text}")
                refused += ours_code
        self.assertGreater(refused, 20)


def notation(values) -> str:
    return " ".join(values)


class World:
    """Seeded rules, series and questions. What is asked is expected to be empty, so that both
    programs tell what they found instead."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        pick = self.random
        self.interval = pick.choice(["15s", "30s", "1m", "7s"])
        self.evaluation = pick.choice(["30s", "1m", "45s", "2m"])
        self.series = [self._series(place) for place in range(pick.randint(1, 6))]
        self.files = [self._rules(name) for name in ("a", "b")]
        self.questions = [
            (self._expression(), f"{pick.randint(0, 900)}s") for _ in range(12)
        ] + [("ALERTS", f"{pick.randint(0, 900)}s"), ("ALERTS_FOR_STATE", "600s"),
             ("{__name__=~\"rec.*\"}", f"{pick.randint(300, 900)}s")]
        self.alerts = [(f"alert{pick.choice('ab')}{place % 2}", f"{pick.randint(0, 900)}s")
                       for place in range(6)]

    def _series(self, place: int):
        pick = self.random
        name = pick.choice(["requests_total", "queue", "errors_total"])
        values = []
        for _ in range(pick.randint(1, 5)):
            start, step = pick.randint(0, 50), pick.choice([0, 1, 2.5, 7, -0.5])
            values.append(pick.choice([
                f"{start}{step:+g}x{pick.randint(1, 20)}", f"{start}x{pick.randint(0, 9)}",
                "_", f"_x{pick.randint(1, 25)}", "stale", "NaN", f"{start / 8}",
                "{{schema:1 sum:4 count:5 z_bucket:1 z_bucket_w:0.01 offset:-1 buckets:[1 2 1]}}x4",
            ] if place else [f"{start}{step:+g}x{pick.randint(3, 20)}", "0x5"]))
        return f'{name}{{job="{pick.choice("xy")}", place="{place}"}}', notation(values)

    def _expression(self) -> str:
        pick = self.random
        metric = pick.choice(["requests_total", "queue", "errors_total", "reca0", "recb1"])
        window = pick.choice(["1m", "2m30s", "5m", "10m"])
        return pick.choice([
            metric, f"rate({metric}[{window}])", f"increase({metric}[{window}]) * 2",
            f"sum by (job) ({metric})", f"avg_over_time({metric}[{window}])",
            f"max_over_time(rate({metric}[2m])[5m:])", f"{metric} offset 1m",
            f"changes({metric}[{window}])", f"absent({metric})", f"count({metric}) by (job)",
            f"{metric} / ignoring(place) group_left sum without (place) ({metric})",
            f"quantile(0.3, {metric})", f"topk(1, {metric})", f"{metric} > 10",
            f"stddev_over_time({metric}[{window}])", f"predict_linear({metric}[{window}], 60)",
            f"histogram_quantile(0.7, {metric})", f"delta({metric}[{window}])",
            f"sum({metric} or vector(1))", f"resets({metric}[{window}])", f"{metric} @ 120",
            f"timestamp({metric})", f"clamp({metric}, 3, 9)", f"irate({metric}[{window}])",
        ])

    def _rules(self, tag: str) -> str:
        pick = self.random
        lines = ["groups:", f"  - name: group-{tag}"]
        if pick.random() < 0.3:
            lines.append(f"    query_offset: {pick.choice(['30s', '1m'])}")
        if pick.random() < 0.3:
            lines.append("    labels: {layer: group}")
        lines.append("    rules:")
        for place in range(2):
            lines += [f"      - record: rec{tag}{place}", f"        expr: {self._expression()!r}"]
            if pick.random() < 0.3:
                lines.append("        labels: {layer: rule}")
        for place in range(2):
            expr = f"{self._expression()} {pick.choice(['> 0', '< 20', '!= 7', '>= 1'])}"
            lines += [f"      - alert: alert{tag}{place}", f"        expr: {expr!r}",
                      f"        for: {pick.choice(['0s', '1m', '90s', '3m'])}",
                      f"        keep_firing_for: {pick.choice(['0s', '2m'])}",
                      "        labels: {kind: '{{ $labels.job }}-x'}",
                      "        annotations: {value: '{{ $value | humanize }}'}"]
        return "\n".join(lines) + "\n"

    def write(self, folder: pathlib.Path) -> None:
        for tag, text in zip("ab", self.files):
            (folder / f"rules-{tag}.yml").write_text(text)
        lines = ["rule_files: ['rules-*.yml']", f"evaluation_interval: {self.evaluation}",
                 "group_eval_order: [group-a, group-b]", "tests:", f"  - interval: {self.interval}",
                 "    input_series:"]
        for series, values in self.series:
            lines.append(f"      - {{series: '{series}', values: '{values}'}}")
        lines.append("    promql_expr_test:")
        for expression, time in self.questions:
            lines.append(f"      - {{expr: '{expression}', eval_time: {time}, exp_samples: []}}")
        lines.append("    alert_rule_test:")
        for name, time in self.alerts:
            lines.append(f"      - {{alertname: {name}, eval_time: {time}, exp_alerts: []}}")
        (folder / "test.yml").write_text("\n".join(lines) + "\n")


SAMPLE = re.compile(r'([\w:]*)(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}|) ?(\{\{.*?\}\}|[-+.\w]+)')
LABEL = re.compile(r'([\w.]+)="((?:[^"\\]|\\.)*)"')


def sample(text: str):
    """(labels, value) of a printed sample, whoever printed it."""
    name, labels, value = SAMPLE.fullmatch(text).groups()
    pairs = dict(LABEL.findall(labels))
    if name:
        pairs["__name__"] = name
    return tuple(sorted(pairs.items())), value


def theirs(text: str):
    """What promtool found: for expressions the samples, for alerts the labels and annotations."""
    found = {}
    for expr, time, got in re.findall(
            r'expr: (".*"), time: (\S+),\n +exp: nil\n +got: (.*)', text):
        expression = expr[1:-1].replace('\\"', '"')
        parts = re.findall(r'\{(?:[^"{}]|"(?:[^"\\]|\\.)*")*\} (?:\{\{.*?\}\}|[-+.\w]+)', got)
        found["expr", expression, seconds(time)] = sorted(sample(part) for part in parts)
    for name, time, got in re.findall(
            r'alertname: (\w+), time: (\S+), \n +exp:\[\], \n +got:(\[\n(?:.*\n)*?            \])',
            text):
        labels = re.findall(r"Labels:(\{.*\})", got)
        notes = re.findall(r'Annotations:\{value="(.*)"\}', got)
        found["alert", name, seconds(time)] = sorted(
            (tuple(sorted(LABEL.findall(label))), note) for label, note in zip(labels, notes))
    return found


def ours(text: str):
    found = {}
    key = None
    for line in text.splitlines():
        head = re.match(r'\S+: test "[^"]*": (expr|alert) (.*) at (\w+): \d+ (samples )?expected',
                        line)
        if head:
            key = head[1], head[2], seconds(head[3])
            found[key] = []
        elif key and line.startswith("    + {") and key[0] == "alert":
            found[key].append((tuple(sorted(LABEL.findall(line))), None))
        elif key and line.startswith("    +   value: ") and key[0] == "alert":
            found[key][-1] = (found[key][-1][0], line[len("    +   value: "):].strip('"'))
        elif key and line.startswith("    + "):
            found[key].append(sample(line[6:]))
    return {key: sorted(value) for key, value in found.items()}


def seconds(text: str) -> int:
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(int(count) * units[unit] for count, unit in re.findall(r"(\d+)([hms])", text))


def same(left: str, right: str) -> bool:
    if left == right:
        return True
    try:
        a, b = float(left), float(right)
    except ValueError:
        return False
    # promtool sums series in the order of a Go map.
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-12)


class GeneratedRuleTests(unittest.TestCase):
    """Seeded worlds: both programs find the same samples and alerts."""

    def test_both_find_the_same(self):
        if not has_promtool():
            self.skipTest("no promtool 3.5.3: scripts/fetch-sid-peers.sh promtool")
        compared = 0
        for seed in range(SEEDS):
            with self.subTest(seed=seed), tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                World(seed).write(folder)
                theirs_code, theirs_text = run(PROMTOOL, "test", "rules", "test.yml", folder=folder)
                ours_code, ours_text = run(harness.PITOT, "test", "test.yml", folder=folder)
                both = f"seed {seed}\n{theirs_text}\n---\n{ours_text}"
                self.assertEqual(theirs_code, ours_code, both)
                if "rule: " in theirs_text and ", err: " in theirs_text:
                    self.assertIn(" fails at ", ours_text, both)
                    continue
                left, right = theirs(theirs_text), ours(ours_text)
                self.assertEqual(left.keys(), right.keys(), both)
                for key in left:
                    self.assertEqual([labels for labels, _ in left[key]],
                                     [labels for labels, _ in right[key]], f"{key}\n{both}")
                    for (_, a), (_, b) in zip(left[key], right[key]):
                        self.assertTrue(same(a, b), f"{key}: {a} and {b}\n{both}")
                        compared += 1
        self.assertGreater(compared, 500)


if __name__ == "__main__":
    unittest.main()

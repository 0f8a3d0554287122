#!/usr/bin/env python3
"""Real clients through a proxy that duplicates, delays, reorders and drops acknowledgements:
what is counted is what was sent. usage: run.py VENV [--runs N] [--seed N]."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Tests" / "EndToEnd"))

import harness  # noqa: E402
from agent import Agent  # noqa: E402
from lossyproxy import LossyProxy  # noqa: E402

RULES = """
apiVersion: pitot/v1
kind: SLOs
service: pipelines
slos:
  - name: success
    objective: 90
    by: [source]
    sli: {runs: {select: '{namespace="team-a"}', good: success}}
  - name: steps
    objective: 90
    sli: {runs: {select: '{namespace="team-a"}', good: completion, level: steps}}
  - name: quick
    objective: 90
    sli: {runs: {select: '{source="openlineage"}', good: duration, within: 30s}}
  - name: documented
    objective: 90
    sli: {runs: {select: '{source="openlineage"}', good: metadata, facets: [nominalTime]}}
"""


def compare(agent: Agent, expected: dict) -> int:
    """Prints each figure beside what was sent; how many differ."""
    differ = 0
    for name, labels in (
            ("success", {"source": "openlineage"}), ("success", {"source": "generic"}),
            ("steps", {}), ("quick", {}), ("documented", {})):
        key = "/".join([name, *labels.values()])
        events = agent.events(name, **labels) or {}
        counted = [events.get("bad") or 0, events.get("total") or 0]
        sent = expected[key]
        mark = "same" if counted == sent else "DIFFERS"
        print(f"{key:24} sent bad {sent[0]} of {sent[1]}, "
              f"counted bad {counted[0]:.0f} of {counted[1]:.0f}: {mark}")
        differ += counted != sent
    return differ


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("venv", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        agent = Agent(pathlib.Path(folder), {"slos.yaml": RULES}).start()
        proxy = LossyProxy(agent.port, seed=arguments.seed)
        try:
            sent = subprocess.run(
                [arguments.venv / "bin" / "python", ROOT / "Tests/Events/clients.py",
                 f"http://127.0.0.1:{proxy.port}", str(arguments.runs), str(arguments.seed)],
                check=True, stdout=subprocess.PIPE, text=True)
            expected = json.loads(sent.stdout)
            print(f"proxy: {proxy.counts}")
            differ = compare(agent, expected)
            agent.kill()
            agent.start()
            print("after kill -9 and replay:")
            differ += compare(agent, expected)
            begun = agent.metrics()["pitot_runs_begun_total"]
            print(f"runs sent {expected['runs']}, known {begun:.0f}")
            differ += begun != expected["runs"]
        finally:
            proxy.stop()
            agent.kill()
    print("events: all counts are those sent" if differ == 0 else f"events: {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Compares Pitot with Prometheus on random data and queries: run.py --seeds 10 --queries 200.

Each seed makes its own series and queries; both servers get the series by remote write. A failure
is printed with its seed, as small as it could be made. Ends with `N passed, M failed`.
"""

import argparse
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

import harness  # noqa: E402
from differ import Differ, base_time  # noqa: E402
from samples import World  # noqa: E402
from servers import Pair  # noqa: E402


def run_seed(options, seed: int) -> tuple[int, int]:
    """Queries that agreed and that did not."""
    with tempfile.TemporaryDirectory() as folder, \
            Pair(pathlib.Path(folder), options.prometheus, modern=True) as pair:
        base = options.base or base_time()
        differ = Differ(pair.pitot.port, pair.port, base, modern=True)
        differ.feed(World(seed, native=True))
        differ.wait()
        failures = list(differ.run(seed, options.queries))
        asked = differ.chosen
        for failure in failures:
            print(failure, flush=True)
        print(
            f"diff: seed {seed}: {asked} queries, {len(failures)} differ "
            f"({differ.refused} of {differ.asked} refused by Prometheus, {differ.empty} empty, "
            f"{differ.undecided} left to chance by it; base {base})", flush=True)
        return asked - len(failures), len(failures)


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=10, help="how many")
    options.add_argument("--first", type=int, default=1, help="the first seed")
    options.add_argument("--queries", type=int, default=200, help="of a seed; each asked twice")
    options.add_argument("--base", type=int, help="when the data begin, in ms, to repeat a run")
    options.add_argument("--prometheus", type=pathlib.Path, required=True, help="the binary")
    chosen = options.parse_args()
    passed = failed = 0
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        one, other = run_seed(chosen, seed)
        passed, failed = passed + one, failed + other
    print(f"diff: {chosen.seeds} seeds; {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

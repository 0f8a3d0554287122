"""A short run of Tests/Differential against Debian's Prometheus 2.42.

Samples lie at times ending in .05, .15 and so on, queries are asked at .777: 2.x takes a sample on
the left edge of a window, 3.x does not. Only functions that 2.42 has; `make diff` has the others.
"""

import pathlib
import sys
import tempfile
import unittest

import harness

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Differential"))

from differ import Differ, base_time  # noqa: E402
from samples import World  # noqa: E402
from servers import Pair  # noqa: E402

SEED = 242
QUERIES = 150
GRAIN_MILLIS = 100


class DifferentialTest(unittest.TestCase):
    maxDiff = None

    def test_random_queries_agree(self):
        binary = harness.PEERS / "prometheus" / "usr" / "bin" / "prometheus"
        with tempfile.TemporaryDirectory() as folder, \
                Pair(pathlib.Path(folder), binary, modern=False) as pair:
            differ = Differ(pair.pitot.port, pair.port, base_time(), modern=False)
            differ.feed(World(SEED, native=False, grain=GRAIN_MILLIS))
            differ.wait()
            failures = list(differ.run(SEED, QUERIES))
            self.assertEqual([], [str(failure) for failure in failures])
            # It compared something: most queries have a result.
            self.assertGreater(differ.chosen, 2 * QUERIES - 1)
            self.assertLess(differ.refused + differ.empty, differ.chosen / 2)


if __name__ == "__main__":
    unittest.main()

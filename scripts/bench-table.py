"""Prints the runs of bench-peers.sh as a table. usage: bench-table.py RESULTS"""

import json
import sys

COLUMNS = ("peer", "protocol", "samples", "samples/CPU-s", "ratio", "p50 ms", "p99 ms", "RSS MB",
           "refused")


def row(run: dict, best: float) -> tuple:
    cpu = run.get("cpu_s")
    rate = run["samples"] / cpu if cpu else float("nan")
    rss = run.get("rss_kb", 0)
    return (run["peer"], run["protocol"], f"{run['samples']:,}", f"{rate:,.0f}",
            f"{rate / best:.2f}", f"{run['p50_ms']:.1f}", f"{run['p99_ms']:.1f}",
            f"{rss / 1024:.0f}", str(run["requests_failed"]))


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as results:
        runs = [json.loads(line) for line in results]
    rates = [run["samples"] / (run.get("cpu_s") or 1) for run in runs
             if run["peer"] != "pitot"]
    best = max(rates, default=1)
    rows = [COLUMNS] + [row(run, best) for run in runs]
    widths = [max(len(line[column]) for line in rows) for column in range(len(COLUMNS))]
    for line in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths)))
    print("ratio: to the best of the other peers")


if __name__ == "__main__":
    main()

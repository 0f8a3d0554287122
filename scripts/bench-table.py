"""Prints the runs of bench-peers.sh as a table. usage: bench-table.py RESULTS"""

import json
import sys

COLUMNS = ("scenario", "peer", "samples", "samples/CPU-s", "ratio", "p50 ms", "p99 ms", "RSS MB",
           "B/series", "refused", "ready s")


def samples(run: dict) -> int:
    """Samples that were taken; of the scenario that is refused, those that were sent."""
    if run["scenario"] == "rejected":
        return run["requests_failed"] * run["batch"]
    return run["samples"]


def rate(run: dict) -> float | None:
    return samples(run) / run["cpu_s"] if run.get("cpu_s") else None


def row(run: dict, best: float | None) -> tuple:
    if "ready_s" in run:
        return (run["scenario"], run["peer"], *[""] * 8, f"{run['ready_s']:.2f}")
    own = rate(run)
    rss = run.get("rss_kb", 0)
    return (run["scenario"], run["peer"], f"{samples(run):,}", f"{own:,.0f}" if own else "?",
            f"{own / best:.2f}" if own and best else "", f"{run['p50_ms']:.1f}",
            f"{run['p99_ms']:.1f}", f"{rss / 1024:.0f}", f"{rss * 1024 / run['series']:.0f}",
            str(run["requests_failed"]), "")


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as results:
        runs = [json.loads(line) for line in results]
    rows = [COLUMNS]
    for run in runs:
        others = [rate(other) for other in runs
                  if other["scenario"] == run["scenario"] and other["peer"] != "pitot"]
        rows.append(row(run, max([other for other in others if other], default=None)))
    widths = [max(len(line[column]) for line in rows) for column in range(len(COLUMNS))]
    for line in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths)))
    print("ratio: to the best of the other peers; refused: requests answered 4xx or 5xx")


if __name__ == "__main__":
    main()

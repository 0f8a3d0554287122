#!/bin/bash
# Back-tests of 30 days x 1,000 series x 15 s, from Pitot's chunks and from a recording: wall clock,
# CPU and memory. Writes about a gigabyte to HISTORY (build/history), once.
set -euo pipefail
cd "$(dirname "$0")/.."

days=${DAYS:-30}
history=${HISTORY:-build/history-$days}
swift build --explicit-target-dependency-import-check error -c release --product pitot
swift build --explicit-target-dependency-import-check error -c release --product pitot-bench
if [ ! -d "$history" ]; then
    .build/release/pitot-bench history "$history.part" "$days"
    mv "$history.part" "$history"
fi
du -sh "$history"/*

rules() { # file, objective
    cat >"$1" <<YAML
apiVersion: pitot/v1
kind: SLOs
service: shop
slos:
  - name: availability
    objective: $2
    period: 30d
    by: [namespace]
    sli:
      events: {bad: 'requests_total{code="500"}', total: requests_total}
YAML
}
rules "$history/a.yaml" 99.9
rules "$history/b.yaml" 99.5

measure() { # name, command...
    local name=$1
    shift
    local begun ended
    begun=$(date +%s.%N)
    # bash's own clock of a child: user and system seconds.
    local times
    times=$({ TIMEFORMAT='%U %S'; time "$@" >"$history/out.txt"; } 2>&1) || true
    ended=$(date +%s.%N)
    echo "$name: $(echo "$ended $begun" | awk '{printf "%.1f", $1 - $2}') s wall," \
        "CPU user and system $times s"
}
for source in data recording; do
    measure "$source, one rule set" \
        .build/release/pitot backtest --rules "$history/a.yaml" --from "$history/$source"
    cat "$history/out.txt"
    measure "$source, two rule sets" \
        .build/release/pitot backtest --rules "$history/a.yaml" --against "$history/b.yaml" \
        --from "$history/$source"
done

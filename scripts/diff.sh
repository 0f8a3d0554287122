#!/usr/bin/env bash
# Compares the built agent with a current Prometheus: random queries on random data, and the
# requests that Grafana and other clients make; and unit tests of rules with promtool. Arguments go
# to Tests/Differential/run.py.
# usage: [PITOT=binary] scripts/diff.sh [--seeds N] [--first N] [--queries N] [--base MILLIS]
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/fetch-sid-peers.sh prometheus promtool
prometheus=$PWD/build/peers-sid/prometheus/usr/bin/prometheus
"$prometheus" --version 2>&1 | head -n 1
PROMETHEUS=$prometheus PROMTOOL=$PWD/build/peers-sid/promtool/usr/bin/promtool \
    READ_QUERIES=200 python3 Tests/EndToEnd/run.py test_api test_rule_tests test_remote_read
python3 Tests/Differential/run.py --prometheus "$prometheus" "$@"

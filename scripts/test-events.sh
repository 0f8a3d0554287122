#!/usr/bin/env bash
# Runs as openlineage-python and cloudevents tell them, through a proxy that duplicates, delays,
# reorders and drops acknowledgements, in a Python environment of its own under build/.
# usage: [PITOT=binary] [EVENTS_VENV=folder] scripts/test-events.sh [--runs N] [--seed N]
set -euo pipefail
cd "$(dirname "$0")/.."

openlineage=1.54.0
venv=${EVENTS_VENV:-build/events-$openlineage}
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import openlineage, cloudevents' \
    2>/dev/null; then
    echo "events: installing openlineage-python $openlineage into $venv (once)"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        "openlineage-python==$openlineage" cloudevents==1.13.0
fi
exec python3 Tests/Events/run.py "$venv" "$@"

#!/usr/bin/env bash
# Drift end to end with a real KServe model server, in a Python environment of its own under build/.
# usage: [PITOT=binary] [KSERVE_VENV=folder] scripts/test-kserve.sh [--requests N]
set -euo pipefail
cd "$(dirname "$0")/.."

version=0.15.2
venv=${KSERVE_VENV:-build/kserve-$version}
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import kserve' 2>/dev/null; then
    echo "kserve: installing kserve $version into $venv (once, about a minute)"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "kserve==$version"
fi
exec python3 Tests/KServe/run.py "$venv" "$@"

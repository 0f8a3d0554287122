#!/usr/bin/env bash
# Traces and metrics with the real OpenTelemetry SDK, over HTTP and gRPC, through a proxy that
# duplicates, reorders, delays and drops answers. The SDK lives in a folder of its own under build/.
# usage: [PITOT=binary] [OTEL_VENV=folder] scripts/test-otlp.sh [--spans N]
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.38.0
venv=${OTEL_VENV:-build/otel-$version}
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -c 'import opentelemetry.sdk' 2>/dev/null
then
    echo "otlp: installing the OpenTelemetry SDK $version into $venv (once, about 20 seconds)"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check \
        "opentelemetry-sdk==$version" "opentelemetry-exporter-otlp-proto-http==$version" \
        "opentelemetry-exporter-otlp-proto-grpc==$version"
fi
exec "$venv/bin/python" Tests/OTLP/run.py "$@"

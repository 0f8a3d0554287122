#!/usr/bin/env bash
# Regenerates Tests/Oracle from remote.proto with protoc-c. usage: scripts/gen.sh [FOLDER]
# FOLDER (default: Tests/Oracle) receives remote.pb-c.c and include/remote.pb-c.h.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-Tests/Oracle}
mkdir -p "$folder/include"
protoc-c --proto_path=Tests/Oracle --c_out="$folder" remote.proto
mv "$folder/remote.pb-c.h" "$folder/include/remote.pb-c.h"

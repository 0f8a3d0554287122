#!/usr/bin/env bash
# Regenerates Tests/Oracle from its .proto files with protoc-c. usage: scripts/gen.sh [FOLDER]
# FOLDER (default: Tests/Oracle) receives NAME.pb-c.c and include/NAME.pb-c.h of each.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-Tests/Oracle}
mkdir -p "$folder/include"
for name in remote remote2; do
    protoc-c --proto_path=Tests/Oracle --c_out="$folder" "$name.proto"
    mv "$folder/$name.pb-c.h" "$folder/include/$name.pb-c.h"
done

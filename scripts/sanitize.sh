#!/usr/bin/env bash
# Builds the tests with a sanitizer, in a folder of their own, and runs those of the receiver, the
# decoders and the store. Leaks are not looked for: Swift's runtime keeps some on purpose.
# usage: scripts/sanitize.sh address|thread
set -euo pipefail
cd "$(dirname "$0")/.."

kind=$1
filter=${FILTER:-'^(ServerTests|WireTests|StorageTests)\.'}
scratch=.build/sanitize-$kind
# Swift's own runtime copies a large C struct over itself when it projects a key path.
mkdir -p "$scratch"
echo 'interceptor_via_fun:*KeyPath*projectReadOnly*' >"$scratch/suppressions"
export ASAN_OPTIONS=detect_leaks=0:suppressions=$PWD/$scratch/suppressions
export TSAN_OPTIONS=halt_on_error=1
flags=(--sanitize="$kind" --scratch-path "$scratch")
swift build "${flags[@]}" --build-tests
swift test "${flags[@]}" --skip-build --filter "$filter"

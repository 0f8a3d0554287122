#!/usr/bin/env bash
# Runs test suites and ends with one line that sums them: `N passed, M failed`.
# The counts come from each runner's own report; a suite that leaves no report counts as a failure.
# usage: [FILTER=regex] [PITOT=binary] scripts/test.sh [unit] [fuzz] [e2e]
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p build/reports
passed=0
failed=0

# count FILE EXIT-CODE: adds the suite's numbers.
count() {
    local numbers p f
    if ! numbers=$(python3 scripts/count-xunit.py "$1"); then
        failed=$((failed + 1))
        return
    fi
    read -r p f <<<"$numbers"
    # A runner that failed without a failed test (a crash, a leak) is a failure too.
    if [ "$2" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
    passed=$((passed + p))
    failed=$((failed + f))
}

unit() {
    # SwiftPM writes Swift Testing's results beside the named file, with a suffix.
    rm -f build/reports/unit*.xml
    local status=0
    swift test --skip-build --xunit-output build/reports/unit.xml \
        ${FILTER:+--filter "$FILTER"} || status=$?
    count build/reports/unit-swift-testing.xml "$status"
}

e2e() {
    rm -f build/reports/e2e.xml
    local status=0
    scripts/fetch-peers.sh
    # shellcheck disable=SC2086
    python3 Tests/EndToEnd/run.py --xunit build/reports/e2e.xml ${FILTER:-} || status=$?
    count build/reports/e2e.xml "$status"
}

# One test: no parser crashes on the same few thousand inputs.
fuzz() {
    if scripts/fuzz.sh smoke; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

for suite in "$@"; do
    case $suite in
    unit) unit ;;
    fuzz) fuzz ;;
    e2e) e2e ;;
    *)
        echo "test.sh: no suite '$suite'; expected unit, fuzz or e2e" >&2
        exit 2
        ;;
    esac
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

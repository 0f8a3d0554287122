#!/usr/bin/env bash
# Fuzzes every parser with libFuzzer and AddressSanitizer. Says so and succeeds where the toolchain
# has no libFuzzer. A finding is left in build/fuzz/findings and fails the script.
# usage: [FUZZ_SECONDS=60] scripts/fuzz.sh          for a while, each parser on its own corpus
#        scripts/fuzz.sh smoke                      the same inputs every time, about ten seconds
#        scripts/fuzz.sh run FILE...                once, the inputs of a finding
set -euo pipefail
cd "$(dirname "$0")/.."

# In the order of `parsers` in Fuzz/Fuzz.swift.
parsers=(
    remoteWrite compressedRemoteWrite logReader resolvedWrite yaml selector json remoteWrite2
    featureRows cloudEvents featureBatch promql remoteRead lineage runEvents webhooks
    pipelineBatch
    otlpTraces otlpJSON otlpMetrics zipkinSpans spanDelta
)
modules=(Model Text Wire Storage Ingest Alerting Query Traces)
folder=build/fuzz
smoke_runs=50000

# Leaks are not looked for: libFuzzer leaves by _exit. Swift's own crash handler reads past
# AddressSanitizer's red zones, which hides what happened.
export ASAN_OPTIONS=detect_leaks=0 SWIFT_BACKTRACE=enable=no

mkdir -p "$folder/objects" "$folder/findings"

# supported: whether swiftc links a libFuzzer binary here.
supported() {
    cat >"$folder/probe.swift" <<'PROBE'
@_cdecl("LLVMFuzzerTestOneInput")
public func probe(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt { 0 }
PROBE
    swiftc -sanitize=fuzzer,address -parse-as-library "$folder/probe.swift" \
        -o "$folder/probe" 2>"$folder/probe.log"
}

# build: the modules and the target, with coverage and AddressSanitizer, as SwiftPM would lay them
# out. SwiftPM itself would link libFuzzer's main into every executable.
build() {
    local newer
    if [ -x "$folder/pitot-fuzz" ]; then
        newer=$(find Sources Fuzz scripts/fuzz.sh -newer "$folder/pitot-fuzz" -type f | head -1)
        [ -n "$newer" ] || return 0
    fi
    echo "fuzz: building (about a minute)"
    local sanitize=(-sanitize=fuzzer,address -O -g -swift-version 6 -parse-as-library)
    local c=(-fsanitize=address,fuzzer-no-link -O1 -g)
    local include=(
        -I "$folder/objects" -I Sources/CYAML -I Sources/CSnappy
        -Xcc "-fmodule-map-file=$folder/CMath.modulemap"
        -Xcc "-fmodule-map-file=$folder/CRE2.modulemap"
        -Xcc "-fmodule-map-file=$folder/CSimdjson.modulemap"
    )
    local root=$PWD module objects=() sources=()
    for module in CMath CRE2 CSimdjson; do
        echo "module $module { header \"$root/Sources/$module/include/$module.h\" }" \
            >"$folder/$module.modulemap"
    done
    clang "${c[@]}" -I Sources/CMath/include -c Sources/CMath/CMath.c -o "$folder/objects/CMath.o"
    clang++ "${c[@]}" -std=c++17 -I Sources/CRE2/include -c Sources/CRE2/CRE2.cpp \
        -o "$folder/objects/CRE2.o"
    clang++ "${c[@]}" -std=c++17 -I Sources/CSimdjson/include \
        -c Sources/CSimdjson/CSimdjson.cpp -o "$folder/objects/CSimdjson.o"
    for module in "${modules[@]}"; do
        # Modules have folders of their own below.
        mapfile -t sources < <(find "Sources/$module" -name '*.swift')
        swiftc "${sanitize[@]}" "${include[@]}" -wmo -module-name "$module" \
            -enable-upcoming-feature InternalImportsByDefault \
            -enable-upcoming-feature MemberImportVisibility \
            -emit-module -emit-module-path "$folder/objects/$module.swiftmodule" \
            -emit-object -o "$folder/objects/$module.o" "${sources[@]}"
        objects+=("$folder/objects/$module.o")
    done
    swiftc "${sanitize[@]}" "${include[@]}" -module-name Fuzz Fuzz/*.swift "${objects[@]}" \
        "$folder/objects/CMath.o" "$folder/objects/CRE2.o" "$folder/objects/CSimdjson.o" \
        -lm -lre2 -lsimdjson -lstdc++ -lyaml -lsnappy \
        -o "$folder/pitot-fuzz" 2>"$folder/link.log" ||
        { cat "$folder/link.log" >&2; return 1; }
}

# corpus INDEX: the parser's seeds, its number before each.
corpus() {
    local to="$folder/corpus/${parsers[$1]}"
    mkdir -p "$to"
    python3 Fuzz/seeds.py "$1" "$to"
}

# fuzz INDEX ARGUMENT...: one parser.
fuzz() {
    local index=$1 name=${parsers[$1]}
    shift
    corpus "$index"
    local log="$folder/$name.log"
    if ! "$folder/pitot-fuzz" "$@" -timeout=10 -rss_limit_mb=2048 \
        -max_len=4096 -print_final_stats=1 -artifact_prefix="$folder/findings/$name-" \
        >"$log" 2>&1; then
        tail -40 "$log" >&2
        echo "fuzz: $name failed; see $log and $folder/findings" >&2
        return 1
    fi
    awk -v name="$name" '/number_of_executed_units/ { runs = $2 }
        END { printf "fuzz: %-22s %10d inputs, no finding\n", name, runs }' "$log"
}

if ! supported; then
    echo "fuzz: SKIPPED: this toolchain does not link -sanitize=fuzzer (see $folder/probe.log)"
    exit 0
fi
build
case ${1:-long} in
smoke)
    rm -rf "$folder/corpus-smoke"
    for index in "${!parsers[@]}"; do
        seeds="$folder/corpus-smoke/${parsers[$index]}"
        mkdir -p "$seeds"
        python3 Fuzz/seeds.py "$index" "$seeds"
        fuzz "$index" -seed=1 -runs="$smoke_runs" "$seeds"
    done
    ;;
long)
    for index in "${!parsers[@]}"; do
        fuzz "$index" -max_total_time="${FUZZ_SECONDS:-60}" "$folder/corpus/${parsers[$index]}"
    done
    ;;
run)
    shift
    "$folder/pitot-fuzz" "$@"
    ;;
*)
    echo "fuzz.sh: no mode '$1'; expected smoke, run or nothing" >&2
    exit 2
    ;;
esac

#!/usr/bin/env bash
# Loads the built agent, Prometheus and VictoriaMetrics with the same remote write, one after the
# other, and prints samples per CPU-second, latency and memory side by side. Wall times depend on
# the machine; compare CPU-seconds.
# usage: scripts/bench-peers.sh [SCENARIO...]
#        all without: rw1 rw2 churn rejected million queries
#        (SERIES, SECONDS_SIMULATED, CONNECTIONS, RWLOAD_SOURCE, PEERS)
set -euo pipefail
cd "$(dirname "$0")/.."

series=${SERIES:-100000}
simulated=${SECONDS_SIMULATED:-600}
connections=${CONNECTIONS:-2}
peers=${PEERS:-pitot prometheus victoria-metrics}
scenarios=${*:-rw1 rw2 churn rejected million queries}
# A load generator of this name stands beside the checkout where the project is developed.
source=${RWLOAD_SOURCE:-$(find .. -maxdepth 3 -name rwload.c -not -path "./*" | head -n 1)}
[ -f "$source" ] || {
    echo "bench-peers: no load generator found; set RWLOAD_SOURCE to rwload.c" >&2
    exit 2
}

work=$(mktemp -d)
server=
stop() {
    [ -n "$server" ] || return 0
    kill "$server" 2> /dev/null || true
    wait "$server" 2> /dev/null || true
    server=
}
trap 'stop; rm -rf "$work"' EXIT

mkdir -p build
gcc -O2 -o build/rwload "$source" -lsnappy -lpthread -lm
# shellcheck disable=SC2086
scripts/fetch-sid-peers.sh $(printf '%s\n' $peers | grep -v '^pitot$' || true)

free_port() {
    python3 - <<'PORT'
import socket
with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    print(probe.getsockname()[1])
PORT
}

# start NAME PORT: starts a peer on its own folder and sets `server`.
start() {
    local folder=$work/$1
    mkdir -p "$folder"
    case $1 in
    pitot)
        build/pitot serve --listen "127.0.0.1:$2" --data "$folder" --rules rules \
            2> "$folder/log" &
        ;;
    prometheus)
        echo 'global: {}' > "$folder/prometheus.yml"
        build/peers-sid/prometheus/usr/bin/prometheus --config.file="$folder/prometheus.yml" \
            --storage.tsdb.path="$folder/data" --web.enable-remote-write-receiver \
            --web.listen-address="127.0.0.1:$2" 2> "$folder/log" &
        ;;
    victoria-metrics)
        build/peers-sid/victoria-metrics/usr/bin/victoria-metrics \
            -storageDataPath="$folder/data" -httpListenAddr="127.0.0.1:$2" 2> "$folder/log" &
        ;;
    esac
    server=$!
    for _ in $(seq 200); do
        case $(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$2/-/ready") in
        200 | 204) return ;;
        esac
        sleep 0.05
    done
    echo "bench-peers: $1 did not become ready" >&2
    cat "$folder/log" >&2
    exit 1
}

# measure NAME SCENARIO FLAG...: sends to the running peer, one line into results.
measure() {
    local name=$1 scenario=$2
    shift 2
    # Refused requests make it fail; they are in the table.
    local url=127.0.0.1:$port/api/v1/write
    { build/rwload -q -u "$url" -C "$connections" -p "$server" "$@" || true; } |
        sed "s/^{/{\"peer\":\"$name\",\"scenario\":\"$scenario\",/" >> "$work/results"
}

# fresh NAME: starts a peer on an empty folder and a free port.
fresh() {
    stop
    rm -rf "${work:?}/$1"
    port=$(free_port)
    start "$1" "$port"
}

# since SECONDS: the start of data that ended at most now, in ms.
since() { echo $((($(date +%s) - $1) * 1000)); }

# restart NAME: kill -9, start again on the same folder, seconds until ready.
restart() {
    kill -9 "$server"
    wait "$server" 2> /dev/null || true
    local began ended
    began=$(date +%s%N)
    start "$1" "$port"
    ended=$(date +%s%N)
    local millis=$(((ended - began) / 1000000))
    echo "{\"peer\":\"$1\",\"scenario\":\"restart\",\"ready_s\":${millis}e-3}" >> "$work/results"
}

run() {
    local name=$1 scenario=$2 span=$simulated
    case $scenario in
    rw1)
        fresh "$name"
        measure "$name" "RW1" -S "$series" -T "$span" -s "$(since "$span")"
        ;;
    rw2)
        # VictoriaMetrics takes RW 2.0 for an empty 1.0 and stores nothing.
        [ "$name" != victoria-metrics ] || return 0
        fresh "$name"
        measure "$name" "RW2" -2 -S "$series" -T "$span" -s "$(since "$span")"
        ;;
    churn)
        fresh "$name"
        measure "$name" "churn" -S "$series" -T 1800 -G 20 -g 20 -s "$(since 1800)"
        ;;
    rejected)
        # The newest first, then an hour that is too old.
        [ "$name" != victoria-metrics ] || return 0
        fresh "$name"
        local now
        now=$(since 60)
        build/rwload -q -u "127.0.0.1:$port/api/v1/write" -C "$connections" -S 20000 -T 45 \
            -s "$now" > /dev/null
        measure "$name" "rejected" -S 20000 -T 600 -s $((now - 1800000))
        ;;
    million)
        fresh "$name"
        measure "$name" "1M series" -S 1000000 -T 120 -s "$(since 120)"
        restart "$name"
        ;;
    queries)
        # Half an hour of data, then more than 30 queries at their end, not at that of the load.
        [ "$name" != victoria-metrics ] || return 0
        fresh "$name"
        local ended
        ended=$(date +%s)
        build/rwload -q -u "127.0.0.1:$port/api/v1/write" -C "$connections" -S "$series" -T 1800 \
            -s $(((ended - 1800) * 1000)) > /dev/null
        python3 scripts/bench-queries.py ask "$name" "$port" "$server" $((ended - 15)) \
            >> "$work/queries"
        python3 scripts/bench-queries.py latency "$name" "$port" "$series" >> "$work/queries"
        ;;
    *)
        echo "bench-peers: no scenario '$scenario'" >&2
        exit 2
        ;;
    esac
}

for scenario in $scenarios; do
    for peer in $peers; do
        run "$peer" "$scenario"
    done
done
stop
[ ! -f "$work/results" ] || python3 scripts/bench-table.py "$work/results"
[ ! -f "$work/queries" ] || python3 scripts/bench-queries.py table "$work/queries"

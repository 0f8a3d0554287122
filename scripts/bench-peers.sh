#!/usr/bin/env bash
# Loads the built agent, Prometheus and VictoriaMetrics with the same remote write, one after the
# other, and prints samples per CPU-second, latency and memory side by side. Wall times depend on
# the machine; compare CPU-seconds.
# usage: scripts/bench-peers.sh   (SERIES, SECONDS_SIMULATED, CONNECTIONS, RWLOAD_SOURCE, PEERS)
set -euo pipefail
cd "$(dirname "$0")/.."

series=${SERIES:-100000}
simulated=${SECONDS_SIMULATED:-600}
connections=${CONNECTIONS:-2}
peers=${PEERS:-pitot prometheus victoria-metrics}
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

# load NAME PROTOCOL [FLAG...]: one run into results.
load() {
    local name=$1 protocol=$2 port
    shift 2
    port=$(free_port)
    start "$name" "$port"
    build/rwload -q -u "127.0.0.1:$port/api/v1/write" -S "$series" -T "$simulated" \
        -C "$connections" -p "$server" "$@" |
        sed "s/^{/{\"peer\":\"$name\",\"protocol\":\"$protocol\",/" >> "$work/results"
    stop
    rm -rf "${work:?}/$name"
}

for peer in $peers; do
    load "$peer" RW1
done
python3 scripts/bench-table.py "$work/results"

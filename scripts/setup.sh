#!/usr/bin/env bash
# Installs what the build needs from Debian bookworm. Quick and silent when all of it is present.
# Runs as root, or through sudo. usage: scripts/setup.sh
set -euo pipefail

packages=(
    libmicrohttpd-dev libcurl4-openssl-dev libyaml-dev libsnappy-dev libre2-dev libsimdjson-dev
    libprotobuf-c-dev protobuf-c-compiler pkg-config python3 tzdata
    zlib1g-dev libnghttp2-dev libssl-dev
)

if ! command -v swift >/dev/null; then
    echo "setup: swift is not in PATH; install Swift 6.3 from https://swift.org/install" >&2
    exit 1
fi

missing=()
for package in "${packages[@]}"; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "setup: missing ${missing[*]}; run this as root: apt-get install ${missing[*]}" >&2
        exit 1
    fi
    root=(sudo)
fi

install() {
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends "${missing[@]}"
}

echo "setup: installing ${missing[*]}"
# The lists may be absent or name versions the mirror has dropped: update only when that shows.
if ! install; then
    "${root[@]}" apt-get update -q
    install
fi

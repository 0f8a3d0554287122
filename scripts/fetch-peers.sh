#!/usr/bin/env bash
# Unpacks Debian's prometheus (promtool) and prometheus-alertmanager (amtool) into build/peers for
# the end-to-end test. Nothing is installed. usage: scripts/fetch-peers.sh [FOLDER]
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-build/peers}
packages=(prometheus prometheus-alertmanager)

have_all=yes
for package in "${packages[@]}"; do
    [ -f "$folder/$package/.complete" ] || have_all=no
done
[ "$have_all" = no ] || exit 0

mkdir -p "$folder/debs"
folder=$(cd "$folder" && pwd)

download() {
    # As root, apt drops to user _apt, who may not write here; that only costs a warning.
    (cd "$folder/debs" && apt-get -q download -o APT::Sandbox::User=root "$1")
}

for package in "${packages[@]}"; do
    [ -f "$folder/$package/.complete" ] && continue
    rm -rf "${folder:?}/$package" "$folder/debs/${package}"_*.deb
    if ! download "$package"; then
        # No package lists, or stale ones: refresh them once, as setup.sh does.
        if [ "$(id -u)" -eq 0 ]; then apt-get -q update; else sudo apt-get -q update; fi
        download "$package"
    fi
    mkdir -p "$folder/$package"
    dpkg-deb -x "$folder/debs/${package}"_*.deb "$folder/$package"
    touch "$folder/$package/.complete"
done
rm -rf "$folder/debs"

#!/usr/bin/env bash
# Unpacks current peers (Debian sid) into build/peers-sid, without touching the system's packages:
# an apt state of its own, download, dpkg-deb -x. Idempotent.
# usage: scripts/fetch-sid-peers.sh PACKAGE...   -> build/peers-sid/PACKAGE/usr/bin/...
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD/build/peers-sid
state=$root/apt
missing=()
for package in "$@"; do
    [ -d "$root/$package/usr/bin" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

mkdir -p "$state"/{lists/partial,cache/archives/partial,sources.d,preferences.d,debs}
mirror=$(grep -h '^URIs' /etc/apt/sources.list.d/*.sources | head -n 1 | cut -d ' ' -f 2)
cat > "$state/sources.d/sid.sources" <<SOURCES
Types: deb
URIs: ${mirror:?no mirror in /etc/apt/sources.list.d}
Suites: sid
Components: main
Architectures: amd64
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
cat > "$state/apt.conf" <<CONF
Dir::State::lists "$state/lists";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$state/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$state/sources.d";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$state/preferences.d";
Acquire::Languages "none";
APT::Sandbox::User "root";
CONF
export APT_CONFIG=$state/apt.conf
compgen -G "$state/lists/*_Packages*" > /dev/null || apt-get -q update
cd "$state/debs"
for package in "${missing[@]}"; do
    apt-get -q download "$package"
    dpkg-deb -x "$package"_*.deb "$root/$package"
done

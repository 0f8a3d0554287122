#!/usr/bin/env bash
# Runs a command that sees FOLDER as /usr/share, in a private mount namespace: nothing outside it
# changes. Debian's Alertmanager has /usr/share/prometheus/alertmanager/default.tmpl compiled in.
# usage: scripts/with-share.sh FOLDER COMMAND...
set -euo pipefail

folder=$(cd "$1" && pwd)
shift

# A mount namespace needs CAP_SYS_ADMIN (root has it) or a user namespace (anyone else); a
# container may grant neither. Then, and only then, the one missing folder is linked in place.
for namespace in "--mount" "--map-root-user --mount"; do
    # shellcheck disable=SC2086,SC2016
    if unshare $namespace sh -c 'mount --bind "$0" /usr/share' "$folder" 2>/dev/null; then
        exec unshare $namespace sh -c 'mount --bind "$0" /usr/share && exec "$@"' "$folder" "$@"
    fi
done
if [ ! -e /usr/share/prometheus/alertmanager/default.tmpl ]; then
    root=()
    [ "$(id -u)" -eq 0 ] || root=(sudo)
    "${root[@]}" mkdir -p /usr/share/prometheus
    "${root[@]}" ln -sfn "$folder/prometheus/alertmanager" /usr/share/prometheus/alertmanager
fi
exec "$@"

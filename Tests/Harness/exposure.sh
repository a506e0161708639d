#!/bin/bash
# How far the units of the daemon are open, as systemd-analyze(1) counts it: 0 is best, 10 is worst.
# Fails above the limits. Needs no running systemd and no root.
#
# systemd-analyze does not ask whether the manager honours a line. That each one does something is
# shown on a running daemon, in Tests/SystemdIntegration/sandbox.sh.
set -uo pipefail
cd "$(dirname "$0")/../.."
status=0

if [ -z "$(type -P systemd-analyze)" ]; then
    echo "ok - the exposure of the units # SKIP systemd-analyze is missing: make deps"
    exit 0
fi
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
mkdir "$units/runtime"
export XDG_RUNTIME_DIR=$units/runtime

# exposure NAME LIMIT UNIT [OPTION...]: the limit in tenths, as --threshold= counts.
exposure() {
    local name=$1 limit=$2 unit=$3 output
    shift 3
    sed 's|@prefix@|/usr|g; s|@libraries@|/usr/lib|g' "systemd/$unit" >"$units/${unit##*/}"
    if output=$(systemd-analyze "$@" security --offline=yes --threshold="$limit" --no-pager \
        "$units/${unit##*/}" 2>&1); then
        echo "ok - $name: $(grep -o 'exposure level.*' <<<"$output" | tr -cd '0-9.:' |
            sed 's/.*:/exposure /'), at most $((limit / 10)).$((limit % 10))"
    else
        echo "not ok - $name"
        sed 's/^/#   /' <<<"$output"
        status=1
    fi
}

exposure "the system template" 11 system/profilerd@.service
exposure "the user unit" 17 user/profilerd.service --user
exit "$status"

#!/bin/bash
# Proves on a real systemd what only a real systemd shows: activation of both instances, the
# credentials that arrive, the sandbox that holds, the journal, idle exit.
#
# Needs root and release binaries in .build/release (make build). Prints one line a test, and
# last 'N passed, N failed, N skipped'; exits 0 when nothing failed.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
repository=$(cd "$here/../.." && pwd -P)

if [ "${1:-}" != --inside ]; then
    for binary in profilerd profilerctl; do
        [ -x "$repository/.build/release/$binary" ] && continue
        echo "not ok - .build/release/$binary is missing: run make build"
        echo "0 passed, 1 failed, 0 skipped"
        exit 1
    done
    "$here/../Harness/with-systemd.sh" --user alice=2001 --user mallory=2002 "$here/run.sh" --inside
    status=$?
    if [ "$status" = 125 ]; then
        echo "ok - the systemd tests # SKIP no systemd can be started here, see the reason above"
        echo "0 passed, 0 failed, 1 skipped"
        exit 0
    fi
    exit "$status"
fi

. "$here/lib.sh"
work=$(mktemp -d /tmp/systemd-integration.XXXXXX)
chmod 0755 "$work"

. "$here/installation.sh"
. "$here/journal.sh"
. "$here/sandbox.sh"
. "$here/instance.sh"
. "$here/policy.sh"
. "$here/units.sh"
. "$here/restart.sh"

# A service account: no user manager, and its socket is started by the administrator.
useradd --system --no-create-home --shell /usr/sbin/nologin worker

instance_tests "user instance" alice user
instance_tests "system instance" worker system
unit_tests

if [ "$failed" -gt 0 ]; then
    echo "# the last of the journal:"
    journalctl --no-pager --lines=40 --output=short-precise | sed 's/^/#   /'
fi
[ -z "${KEEP_JOURNAL:-}" ] || journalctl --no-pager --output=short-precise >"$KEEP_JOURNAL"
summary

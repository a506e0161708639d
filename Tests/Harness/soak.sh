#!/bin/bash
# What `make soak` runs after the build: the installed daemon under a real systemd, for as long as is
# asked, with everything happening to it that may. See Tests/IntegrationTests/Soak.
#
#   soak.sh [MINUTES [SEED]]
#
# Exits with 0 where everything held, and where no systemd can be had, which it says.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd -P)
repository=$(cd "$here/../.." && pwd -P)

if [ "${1:-}" != --inside ]; then
    minutes=${1:-3} seed=${2:-1}
    if [ "$(id -u)" != 0 ]; then
        echo "ok - the soak # SKIP it needs root: sudo make soak"
        exit 0
    fi
    swift build --package-path "$repository" --build-tests --quiet || exit
    # The installation is looked at with a user's manager as well.
    "$here/with-systemd.sh" --user alice=2001 "$here/soak.sh" --inside "$minutes" "$seed"
    status=$?
    if [ "$status" = 125 ]; then
        echo "ok - the soak # SKIP no systemd can be started here, see the reason above"
        exit 0
    fi
    exit "$status"
fi

. "$here/../SystemdIntegration/lib.sh"
. "$here/../SystemdIntegration/installation.sh"
[ "$failed" = 0 ] || exit 1

# A service account, whose recordings are on a disk that is soon full.
useradd --system --no-create-home --shell /usr/sbin/nologin soak
uid=$(id -u soak)
install -d -m 0700 -o soak -g soak "/var/lib/profilerd/$uid"
mount -t tmpfs -o "size=24m,mode=0700,uid=$uid,gid=$(id -g soak)" tmpfs "/var/lib/profilerd/$uid"

# What is accounted for has every event, whatever it costs, and the flood is to come through.
cat >/etc/profilerd/profilerd.toml <<'TOML'
idle-exit = "never"
log-level = "warning"
[budget]
cpu = "unlimited"
[policy.limits]
connections-per-uid = 128
authentication-deadline = "1s"
TOML
systemctl start "profilerd@$uid.socket" || exit

export PROFILERD_SOAK_MINUTES=$2 PROFILERD_SOAK_SEED=$3 PROFILERD_SOAK_ACCOUNT=soak
# Itself and not by `swift test`, which would show what it says of its rounds when it is over.
export NO_COLOR=1
"$repository/.build/debug/profilerdPackageTests.xctest" --testing-library swift-testing \
    --filter SoakTests 2>&1 | tee /tmp/soak
status=${PIPESTATUS[0]}
# Nothing to run would be no failure there.
grep -q '^unaccounted  *0$' /tmp/soak || status=1
if [ "$status" != 0 ]; then
    echo "# the last of the journal:"
    journalctl --no-pager --lines=60 --output=short-precise | sed 's/^/#   /'
fi
[ -z "${KEEP_JOURNAL:-}" ] || journalctl --no-pager --output=verbose >"$KEEP_JOURNAL"
exit "$status"

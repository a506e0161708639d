# Counting and waiting, for run.sh and its parts.
passed=0 failed=0 skipped=0

ok() { passed=$((passed + 1)); echo "ok - $1"; }
not_ok() { failed=$((failed + 1)); echo "not ok - $1"; [ -z "${2:-}" ] || echo "$2" | sed 's/^/#   /'; }
skip() { skipped=$((skipped + 1)); echo "ok - $1 # SKIP $2"; }
summary() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}

# check NAME COMMAND...: passes where the command succeeds; its output explains a failure.
check() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$output"; fi
}

# same NAME EXPECTED ACTUAL
same() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected: $2"$'\n'"found:    $3"; fi
}

# within SECONDS COMMAND...: until the command succeeds.
within() {
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.1
    done
}

# as USER COMMAND...: with the user's manager within reach.
as() {
    local user=$1 uid
    shift
    uid=$(id -u "$user")
    runuser -u "$user" -- env "XDG_RUNTIME_DIR=/run/user/$uid" \
        "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus" "$@"
}

# The MESSAGE_ID of a JournalMessage, as the sources have it.
message_id() {
    sed -n "s/^    case $1 = \"\([0-9a-f]*\)\"$/\1/p" "$repository/Sources/Systemd/JournalMessage.swift"
}

# journal_field FIELD MATCH...: the field of the newest entry that matches.
journal_field() {
    local field=$1
    shift
    journalctl --sync
    # With --since= it is the oldest that --lines=1 shows.
    journalctl --no-pager --output=json "$@" | tail -n 1 |
        python3 -c 'import json, sys
for line in sys.stdin:
    print(json.loads(line).get(sys.argv[1], ""))' "$field"
}

# policy_tests: the journal of decisions, and reload. For the instance that instance_tests is at.

configuration=/etc/profilerd/profilerd.toml
entry() { journal_field "$1" "MESSAGE_ID=$(message_id "$2")" $(of_this_daemon); }
list() { call "$control" io.profilerd.Control.List --claim "$uid" 2>&1; }
list_is_denied() { [[ $(list) == *'"rule": "no-listing"'* ]]; }
list_is_allowed() { local answer; answer=$(list); [[ $answer == *'"sessions"'* && $answer != *'"error"'* ]]; }
status_has() { [[ $(property StatusText) == *"$1"* ]]; }
reloads() { [ "$(entry MESSAGE configurationReloaded)" != "" ]; }

# Where the manager does not wait (before systemd 253), the policy may come a moment later.
reload_with() {
    cp "$1" "$configuration"
    check "$title: systemctl reload, $2" manager reload "$service"
}

policy_tests() {
    local original pid
    original=$work/original.toml
    cp "$configuration" "$original"
    # It stays while this looks at it.
    echo 'idle-exit = "10min"' >"$work/base.toml"
    list >/dev/null
    reload_with "$work/base.toml" "to another idle time"
    check "$title: the reload is in the journal" within 5 reloads
    pid=$(property MainPID)
    decision_tests
    # In a user's own instance everybody else is the overflow uid, which no rule matches.
    local who=root condition='peer-uid = "root"'
    [ "$kind" = user ] && who=nobody condition=
    cat "$work/base.toml" - >"$work/deny.toml" <<TOML

[[policy.rules]]
name = "no-listing"
action = "deny"
method = "List"
$condition

[[policy.rules]]
name = "rest"
action = "allow"
TOML
    reload_with "$work/deny.toml" "to another policy"
    check "$title: the new policy holds" within 5 list_is_denied
    same "$title: the journal has the number of rules" 2 "$(entry PROFILERD_RULES configurationReloaded)"
    same "$title: the denial has the rule's name" "no-listing List $who deny" \
        "$(entry PROFILERD_RULE requestDenied) $(entry PROFILERD_METHOD requestDenied) $(id -nu "$(entry PROFILERD_PEER_UID requestDenied)") $(entry PROFILERD_VERDICT requestDenied)"

    cat "$work/deny.toml" - >"$work/wrong.toml" <<<'methods = "List"'
    reload_with "$work/wrong.toml" "to a file that is wrong"
    check "$title: the status shows it" within 5 status_has "the old configuration holds"
    check "$title: the old policy holds" list_is_denied
    same "$title: the journal has file, line and key" \
        "$configuration $(wc -l <"$work/wrong.toml") policy.rules[2].methods 3" \
        "$(entry PROFILERD_FILE reloadRefused) $(entry PROFILERD_LINE reloadRefused) $(entry PROFILERD_KEY reloadRefused) $(entry PRIORITY reloadRefused)"
    check "$title: the service goes on" is_state active

    reload_with "$original" "to the file as it was"
    check "$title: what was allowed is allowed again" within 5 list_is_allowed
    check "$title: and the status is as it was" status_is_good
    same "$title: the process is the same" "$pid" "$(property MainPID)"
}

status_is_good() { ! status_has "old configuration"; }

decision_tests() {
    check "$title: a request is allowed" list_is_allowed
    same "$title: the journal has who was claimed, who connected, and the rule" \
        "$uid $([ "$kind" = user ] && echo 65534 || echo 0) List allow own-user 6" \
        "$(entry PROFILERD_CLAIMED_UID requestAllowed) $(entry PROFILERD_PEER_UID requestAllowed) $(entry PROFILERD_METHOD requestAllowed) $(entry PROFILERD_VERDICT requestAllowed) $(entry PROFILERD_RULE requestAllowed) $(entry PRIORITY requestAllowed)"
    systemd-run --quiet --wait --collect --uid="$uid" --unit="asks-$kind" /usr/bin/python3 \
        "$here/varlink-call.py" "$control" io.profilerd.Control.Status >/dev/null
    same "$title: the name and the unit of the client are labels" \
        "Status python3 asks-$kind.service" \
        "$(entry PROFILERD_METHOD requestAllowed) $(entry PROFILERD_SENDER_COMM requestAllowed) $(entry PROFILERD_SENDER_UNIT requestAllowed)"
    check "$title: journalctl -x explains the entry" grep -q "Subject: A request was allowed" \
        <(journalctl --no-pager -x "MESSAGE_ID=$(message_id requestAllowed)" $(of_this_daemon))
}

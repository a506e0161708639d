# instance_tests TITLE USER user|system: everything about one running instance.

instance_tests() {
    title=$1 user=$2 kind=$3
    uid=$(id -u "$user")
    if [ "$kind" = user ]; then
        socket_unit=profilerd.socket service=profilerd.service
        control=/run/user/$uid/profilerd/control.sock
    else
        socket_unit=profilerd@$uid.socket service=profilerd@$uid.service
        control=/run/profilerd/$uid/control.sock
    fi
    begun=$(date +%s.%N)
    socket_tests
    denial_tests
    process_tests
    sandbox_tests
    profile_tests
    policy_tests
    restart_tests
    idle_tests
}

manager() { if [ "$kind" = user ]; then as "$user" systemctl --user "$@"; else systemctl "$@"; fi; }
call() { python3 "$here/varlink-call.py" "$@"; }
property() { manager show --value --property="$1" "$service"; }
of_this_daemon() { echo "_UID=$uid" "SYSLOG_IDENTIFIER=profilerd" "--since=@$begun"; }
is_state() { [ "$(property ActiveState)" = "$1" ]; }

socket_tests() {
    check "$title: the socket unit starts" manager start "$socket_unit"
    same "$title: the socket is its user's alone" "$user 600 socket" \
        "$(stat --format='%U %a %F' "$control" 2>&1)"
    same "$title: nothing runs before the first connection" inactive "$(property ActiveState)"
    check "$title: another user cannot connect" refuses_others
    if [ "$kind" = system ]; then
        same "$title: the socket's directories are root's" "root 755 root 755" \
            "$(stat --format='%U %a' /run/profilerd "/run/profilerd/$uid" | paste -sd' ')"
    fi
}

refuses_others() {
    local answer
    answer=$(as mallory python3 "$here/varlink-call.py" "$control" org.varlink.service.GetInfo 2>&1)
    [ $? = 3 ] && [[ $answer == *"Permission denied"* ]] || { echo "$answer"; return 1; }
}

denial_tests() {
    local answer
    answer=$(call "$control" io.profilerd.Control.List 2>&1)
    check "$title: the first connection starts the service" within 5 is_state active
    [[ $answer == *'"error": "io.profilerd.Control.PermissionDenied"'* ]] &&
        ok "$title: root that does not claim the uid is denied" ||
        not_ok "$title: root that does not claim the uid is denied" "$answer"
    [[ $answer == *"daemon uid $uid"* ]] &&
        ok "$title: the reply carries the daemon's own uid" ||
        not_ok "$title: the reply carries the daemon's own uid" "$answer"

    local denied
    denied="MESSAGE_ID=$(message_id requestDenied) $(of_this_daemon)"
    check "$title: the denial is in the journal with its rule" \
        test -n "$(journal_field PROFILERD_RULE $denied)"
    # In the user namespace of the user unit no other user has a number. The process still has.
    same "$title: the denial names the uid that came, if the daemon can know it" \
        "$([ "$kind" = user ] && cat /proc/sys/kernel/overflowuid || echo 0)" \
        "$(journal_field PROFILERD_CLAIMED_UID $denied)"
    same "$title: the denial names the process" "$(sed -n 's/^own pid //p' <<<"$answer")" \
        "$(journal_field PROFILERD_CLAIMED_PID $denied)"
    check "$title: journalctl -x explains the denial" \
        grep -q "Subject: A request was denied" <(journalctl --no-pager -x $denied)
    check "$title: the start is in the journal" test -n \
        "$(journal_field MESSAGE MESSAGE_ID=$(message_id daemonStarted) $(of_this_daemon))"

    answer=$(call "$control" io.profilerd.Control.List --claim "$uid" 2>&1)
    [[ $answer == *'"parameters"'* && $answer != *'"error"'* ]] &&
        ok "$title: root that claims the uid is answered" ||
        not_ok "$title: root that claims the uid is answered" "$answer"
}

process_tests() {
    local pid status
    pid=$(property MainPID)
    status=$(awk '/^(Uid|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp|Umask):/ { print $1 $2 }' \
        "/proc/$pid/status" 2>&1 | paste -sd' ')
    same "$title: no capability, no new privileges, a system call filter" \
        "Umask:0077 Uid:$uid CapInh:0000000000000000 CapPrm:0000000000000000 CapEff:0000000000000000 CapBnd:0000000000000000 CapAmb:0000000000000000 NoNewPrivs:1 Seccomp:2" \
        "$status"
    check "$title: the status line is set" test -n "$(property StatusText)"
}

# A program that spends its time in one function, with frame pointers.
hot_program() {
    [ -x "$work/hot" ] && return
    cat >"$work/hot.c" <<'C'
static volatile unsigned long sink;
__attribute__((noinline)) void spend_time_here(void) {
    for (unsigned long i = 0; i < 50000000; i++) sink += i;
}
int main(void) { for (;;) spend_time_here(); }
C
    gcc -O1 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls -o "$work/hot" "$work/hot.c"
}

profile_tests() {
    local target output top begin end
    if ! hot_program; then skip "$title: a profile" "gcc is missing"; return; fi
    as "$user" "$work/hot" >/dev/null 2>&1 &
    within 5 pgrep --uid "$uid" --exact hot
    target=$(pgrep --uid "$uid" --exact hot)
    output=$work/$kind.folded
    check "$title: profilerctl record succeeds" \
        profilerctl record --pid "$target" --duration 2s --output "$output"
    top=$([ -f "$output" ] && awk '{ print $NF, $0 }' "$output" | sort -rn | head -1)
    [[ $top == *spend_time_here* ]] && ok "$title: the hot function is on top of the profile" ||
        not_ok "$title: the hot function is on top of the profile" "${top:-no profile}"
    begin=$(journal_field PROFILERD_SESSION MESSAGE_ID=$(message_id sessionStarted) $(of_this_daemon))
    end=$(journal_field PROFILERD_SESSION MESSAGE_ID=$(message_id sessionEnded) $(of_this_daemon))
    check "$title: the session's start is in the journal" test -n "$begin"
    check "$title: and its end, under the same name" test -n "$end" -a "$begin" = "$end"
    kill "$target"
    wait 2>/dev/null
}

idle_tests() {
    local first
    first=$(property MainPID)
    check "$title: without work it exits" within 15 is_state inactive
    same "$title: and in good order" "success 0" "$(property Result) $(property ExecMainStatus)"
    check "$title: the end is in the journal" test -n \
        "$(journal_field MESSAGE MESSAGE_ID=$(message_id daemonStopping) $(of_this_daemon))"
    same "$title: the socket listens on" active "$(manager is-active "$socket_unit")"
    call "$control" org.varlink.service.GetInfo --claim "$uid" >/dev/null 2>&1
    check "$title: the next connection starts it again" within 5 is_state active
    check "$title: as a new process" test "$(property MainPID)" != "$first"
    check "$title: it stops when told to" manager stop "$socket_unit" "$service"
    same "$title: and in good order" "success 0" "$(property Result) $(property ExecMainStatus)"
}

# unit_tests: `--unit` and what it is told by both managers, with the daemons of both kinds.

# record NAME EXPECTED-STATUS OPTION...: profilerctl says what it says, and ends with that status.
record() {
    local name=$1 expected=$2 output status
    shift 2
    output=$(timeout 60 profilerctl record "$@" 2>&1 </dev/null)
    status=$?
    [ "$status" = "$expected" ] && ok "$name" || not_ok "$name" "status $status: $output"
    said=$output
}

says() { case $said in *"$2"*) ok "$1" ;; *) not_ok "$1" "$said" ;; esac; }
processes_in() { [ "$(wc -l <"/sys/fs/cgroup/$1/cgroup.procs" 2>/dev/null)" = "$2" ]; }

# threads_of SESSION: how many were named when it began.
threads_of() {
    profilerctl list --json | python3 -c 'import json, sys
print(*(s["threads"] for s in json.load(sys.stdin) if s["session"] == sys.argv[1]))' "$1"
}

unit_tests() {
    if ! hot_program; then skip "units" "gcc is missing"; return; fi
    local worker alice session
    worker=$(id -u worker) alice=$(id -u alice)
    begun=$(date +%s.%N)
    systemctl start "profilerd@$worker.socket"
    as alice systemctl --user start profilerd.socket
    system_unit_tests
    mixed_unit_tests
    user_unit_tests
    systemctl stop "profilerd@$worker.socket" "profilerd@$worker.service"
    as alice systemctl --user stop profilerd.socket profilerd.service
}

system_unit_tests() {
    check "units: a service of two processes runs" systemd-run --quiet --unit=pair --uid=worker \
        /bin/bash -c "$work/hot & exec $work/hot"
    within 5 processes_in system.slice/pair.service 2
    record "units: a service is recorded by its name" 0 \
        --unit pair.service --duration 1s --output "$work/pair.folded"
    check "units: and its functions are named" grep -q spend_time_here "$work/pair.folded"
    session=$(profilerctl start --unit pair 2>/dev/null)
    same "units: both of its processes are known at once" 2 "$(threads_of "$session")"
    profilerctl stop "$session" --discard
    unit_restart_tests
    timeout 60 profilerctl record --unit pair --output "$work/ended.folded" \
        >"$work/ended.log" 2>&1 </dev/null &
    local client=$!
    within 10 session_runs
    systemctl stop pair.service
    if wait "$client"; then ok "units: the recording ends with the service"; else
        not_ok "units: the recording ends with the service" "$(cat "$work/ended.log")"
    fi
    check "units: and has what it did" grep -q spend_time_here "$work/ended.folded"
    record "units: a service that does not run is none" 66 --unit pair
    record "units: nor is one that there never was" 66 --unit no-such-unit.service
    says "units: and the manager is named" "The system's manager has no unit"
    record "units: units of some kinds have no processes" 66 --unit basic.target.timer
}

# The daemon is killed under the recording of a unit, and under one whose unit ends meanwhile.
unit_restart_tests() {
    local session samples
    uid=$worker
    session=$(profilerctl start --unit pair 2>/dev/null)
    sleep 1
    samples=$(field "$session" samples)
    systemctl kill --kill-whom=main --signal=KILL "profilerd@$worker.service"
    check "units: a unit is recorded on by the next daemon" \
        within 5 samples_over "$session" "$samples"
    same "units: with one restart" 1 "$(field "$session" restarts)"
    check "units: with both daemons' samples in one recording" \
        profilerctl stop "$session" --output "$work/pair.restarted.folded"
    check "units: and its functions are named" grep -q spend_time_here "$work/pair.restarted.folded"
    check "units: another service runs" systemd-run --quiet --unit=short --uid=worker "$work/hot"
    within 5 processes_in system.slice/short.service 1
    session=$(profilerctl start --unit short 2>/dev/null)
    sleep 1
    systemctl kill --kill-whom=main --signal=STOP "profilerd@$worker.service"
    systemctl stop short.service
    systemctl kill --kill-whom=main --signal=KILL "profilerd@$worker.service"
    check "units: what ended with the last daemon is known by its cgroup to the next" \
        within 10 field_is "$session" endReason targetGone
    profilerctl stop "$session" --discard
}

session_runs() { profilerctl list | grep -q ' recording '; }

mixed_unit_tests() {
    check "units: a service of two users runs" systemd-run --quiet --unit=mixed \
        /bin/bash -c "setpriv --reuid=worker --regid=worker --clear-groups $work/hot & exec $work/hot"
    within 5 processes_in system.slice/mixed.service 2
    record "units: a service of two users is refused" 77 --unit mixed
    says "units: with the way out" --mixed-uids
    record "units: --mixed-uids needs to know for whom" 64 --unit mixed --mixed-uids
    record "units: and then records it" 0 --unit mixed --mixed-uids --uid "$worker" \
        --duration 500ms --output "$work/mixed.folded"
    uid=$worker
    same "units: which the journal has" true "$(journal_field PROFILERD_TARGET_MIXED_UIDS \
        "MESSAGE_ID=$(message_id sessionStarted)" $(of_this_daemon))"
    same "units: with the cgroup" /system.slice/mixed.service "$(journal_field \
        PROFILERD_TARGET_CGROUP "MESSAGE_ID=$(message_id sessionStarted)" $(of_this_daemon))"
    systemctl stop mixed.service
}

user_unit_tests() {
    check "units: a user's service runs" as alice systemd-run --user --quiet --unit=mine "$work/hot"
    record "units: a user's service is recorded by root for that user" 0 --unit mine \
        --uid "$alice" --duration 500ms --output "$work/mine.folded"
    check "units: and its functions are named" grep -q spend_time_here "$work/mine.folded"
    mkdir -p "$work/alice" && chown alice "$work/alice"
    if SUDO_UID=$alice SUDO_GID=$(id -g alice) profilerctl record --unit mine --duration 500ms \
        --output "$work/alice/mine.folded" >"$work/mine.log" 2>&1; then
        ok "units: under sudo the user's manager is asked without being told"
    else
        not_ok "units: under sudo the user's manager is asked without being told" \
            "$(cat "$work/mine.log")"
    fi
    said=$(as alice profilerctl record --unit mine --duration 100ms 2>&1)
    says "units: the user alone may not, unless the kernel lets them" perf_event_paranoid
    as alice systemctl --user stop mine
}

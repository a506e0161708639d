# restart_tests: sessions that outlive their daemon. For the instance that instance_tests is at.
#
# RESTART_SECONDS is how long the recordings are in the midst of which the daemon ends (30 for the real
# thing). Prints what each gap was.

restart_seconds=${RESTART_SECONDS:-4}
longest_gap=0

restart_tests() {
    local original=$work/before-restarts.toml
    if ! hot_program; then skip "$title: restarts" "gcc is missing"; return; fi
    cp /etc/profilerd/profilerd.toml "$original"
    echo 'idle-exit = "1s"' >/etc/profilerd/profilerd.toml
    profilerctl list --uid "$uid" >/dev/null 2>&1
    manager restart "$service"
    start_target
    detached_tests
    upgrade_tests
    flight_tests
    memory_tests
    thread_tests
    foreground_tests
    absence_tests
    watchdog_tests
    stop_tests
    pile_tests
    echo "# $title: the longest gap was $longest_gap ms"
    kill "$target" 2>/dev/null
    wait 2>/dev/null
    cp "$original" /etc/profilerd/profilerd.toml
    list >/dev/null
    manager reload "$service"
}

start_target() {
    as "$user" "$work/hot" >/dev/null 2>&1 &
    within 5 pgrep --uid "$uid" --exact hot
    target=$(pgrep --uid "$uid" --exact hot)
}

main_pid() { property MainPID; }
stored() { manager show --value --property=NFileDescriptorStore "$service"; }
has_stored() { [ "$(stored)" = "$1" ]; }
is_replaced() { local pid; pid=$(main_pid); [ "$pid" != 0 ] && [ "$pid" != "$1" ] && is_state active; }
# field SESSION FIELD: of the session's status.
field() {
    profilerctl list --uid "$uid" --json | python3 -c 'import json, sys
for session in json.load(sys.stdin):
    if session["session"] == sys.argv[1]: print(session.get(sys.argv[2], ""))' "$1" "$2"
}
field_is() { [ "$(field "$1" "$2")" = "$3" ]; }
samples_over() { [ "$(field "$1" samples)" -gt "$2" ]; }
# The journal's gaps since the tests of this instance began, in milliseconds.
gaps() {
    journalctl --sync
    journalctl --no-pager --output=json "MESSAGE_ID=$(message_id sessionResumed)" $(of_this_daemon) |
        python3 -c 'import json, sys
for line in sys.stdin: print(json.loads(line)["PROFILERD_GAP_MILLISECONDS"])'
}
gap_is_short() {
    local gap
    gap=$(gaps | tail -1)
    echo "# $title: $1: a gap of $gap ms"
    [ "$gap" -le "$longest_gap" ] || longest_gap=$gap
    [ -n "$gap" ] && [ "$gap" -lt 500 ] && ok "$title: $1: the gap is below 500 ms" ||
        not_ok "$title: $1: the gap is below 500 ms" "$gap ms"
}
drop_in() {
    local directory=/run/systemd/system/$service.d
    [ "$kind" = user ] && directory=/run/user/$uid/systemd/user/$service.d
    rm -rf "$directory"
    if [ $# -gt 0 ]; then
        mkdir -p "$directory"
        printf '[Service]\n%s\n' "$@" >"$directory/test.conf"
    fi
    manager daemon-reload
}
# is_sealed SESSION: the state in the header of its file.
recording_file() {
    local directory=/var/lib/profilerd/$uid
    [ "$kind" = user ] && directory=$(getent passwd "$user" | cut -d: -f6)/.local/state/profilerd
    echo "$directory/$1.recording"
}
is_sealed() { [ "$(od -An -tu4 -j24 -N4 "$(recording_file "$1")" | tr -d ' ')" = 1 ]; }

detached_tests() {
    local session before pid count samples
    session=$(profilerctl start --pid "$target" 2>/dev/null)
    count=$(stored)
    check "$title: the manager keeps the session's descriptors ($count)" test "$count" -ge 4
    before=$(main_pid)
    sleep "$((restart_seconds / 2))"
    samples=$(field "$session" samples)
    kill -KILL "$before"
    check "$title: a killed daemon is started again" within 5 is_replaced "$before"
    check "$title: and the session records on under its name" within 5 samples_over "$session" "$samples"
    same "$title: with one restart" 1 "$(field "$session" restarts)"
    gap_is_short "SIGKILL"
    same "$title: the manager keeps as many descriptors as before" "$count" "$(stored)"
    sleep "$((restart_seconds / 2))"
    check "$title: a recording daemon is not idle" test "$(main_pid)" != "$before"

    before=$(main_pid)
    samples=$(field "$session" samples)
    check "$title: systemctl restart" manager restart "$service"
    check "$title: the session records on after it" within 5 samples_over "$session" "$samples"
    same "$title: with two restarts" 2 "$(field "$session" restarts)"
    gap_is_short "systemctl restart"
    check "$title: the status is that of the session" status_has "1 session,"
    check "$title: the recording of all three daemons is one" \
        profilerctl stop "$session" --uid "$uid" --output "$work/$kind.restarted.txt"
    check "$title: with the function on top" grep -q spend_time_here "$work/$kind.restarted.txt"
    sed 's/^/#   /' "$work/$kind.restarted.txt" | head -5
    check "$title: after the session's end the manager keeps nothing of it" within 5 has_stored 0
    check "$title: and the status has no session" within 3 status_has "0 sessions,"
}

# The manager executes itself anew, and the daemon's file is another one.
upgrade_tests() {
    local session before samples
    session=$(profilerctl start --pid "$target" 2>/dev/null)
    sleep 1
    before=$(main_pid)
    samples=$(field "$session" samples)
    manager daemon-reexec
    check "$title: make install under a session" \
        make --no-print-directory -C "$repository" install PREFIX=/usr
    manager daemon-reload
    check "$title: and a restart" manager restart "$service"
    check "$title: the session goes on under the installed daemon" \
        within 5 samples_over "$session" "$samples"
    check "$title: which is another process" is_replaced "$before"
    gap_is_short "upgrade in place"
    profilerctl stop "$session" --uid "$uid" --discard >/dev/null 2>&1
}

# A flight recorder that is killed has its last seconds all the same, and their names; what the
# daemon before had recorded is forgotten in its time.
flight_tests() {
    local session before samples
    session=$(profilerctl start --pid "$target" --last 3s 2>/dev/null)
    sleep 5
    before=$(main_pid)
    samples=$(field "$session" samples)
    kill -KILL "$before"
    check "$title: a flight recorder records on after SIGKILL" within 5 samples_over "$session" "$samples"
    check "$title: with what was before it" \
        profilerctl fetch "$session" --uid "$uid" --output "$work/$kind.flight.txt"
    check "$title: and the time that is missing" \
        grep -q "nothing collected for" "$work/$kind.flight.txt"
    check "$title: from its last seconds alone" grep -q "last 3.00 s" "$work/$kind.flight.txt"
    sleep 5
    check "$title: later with what came after it" \
        profilerctl stop "$session" --uid "$uid" --output "$work/$kind.flight.txt"
    check "$title: under the same names" grep -q spend_time_here "$work/$kind.flight.txt"
    check "$title: and nothing missing any more" \
        sh -c "! grep -q 'nothing collected for' '$work/$kind.flight.txt'"
    sed 's/^/#   /' "$work/$kind.flight.txt" | head -5
}

# After a restart the rings are charged to the daemon, which may not lock as much as root.
memory_tests() {
    local session count=0 sessions=() samples=()
    drop_in LimitMEMLOCK=600K
    manager restart "$service"
    for _ in 1 2 3; do sessions+=("$(profilerctl start --pid "$target" 2>/dev/null)"); done
    sleep 1
    manager restart "$service"
    for session in "${sessions[@]}"; do samples+=("$(field "$session" samples)"); done
    sleep 1
    for session in "${sessions[@]}"; do
        within 5 samples_over "$session" "${samples[$count]}" || break
        same "$title: nothing is lost in what rings there may be" 0 "$(field "$session" lost)"
        count=$((count + 1))
        profilerctl stop "$session" --uid "$uid" --discard >/dev/null 2>&1
    done
    same "$title: three sessions go on with memory for one ring" 3 "$count"
    drop_in
}

# RESTART_THREADS have an event each on each CPU.
thread_tests() {
    local session before samples count many
    cat >"$work/many.c" <<'C'
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static void *work(void *argument) {
    for (volatile unsigned long i;; usleep(1000000)) for (i = 0; i < 100000; i++) ;
    return argument;
}
int main(int count, char **words) {
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 65536);
    for (int i = 1; i < atoi(words[1]); i++) pthread_create(&thread, &small, work, 0);
    work(0);
    return count;
}
C
    [ -x "$work/many" ] || gcc -O1 -pthread -o "$work/many" "$work/many.c"
    as "$user" "$work/many" "${RESTART_THREADS:-300}" >/dev/null 2>&1 &
    sleep 1
    many=$(pgrep --uid "$uid" --exact many)
    session=$(profilerctl start --frequency 4999 --pid "$many" 2>/dev/null)
    count=$(stored)
    check "$title: the events of all threads are kept ($count)" \
        test "$count" -gt "${RESTART_THREADS:-300}"
    sleep 1
    samples=$(field "$session" samples)
    before=$(main_pid)
    kill -KILL "$before"
    check "$title: and taken up again" within 10 samples_over "$session" "$samples"
    same "$title: every one" "$count" "$(stored)"
    gap_is_short "$count descriptors"
    profilerctl stop "$session" --uid "$uid" --discard >/dev/null 2>&1
    kill "$many"
    check "$title: and let go" within 5 has_stored 0
}

foreground_tests() {
    local before client
    profilerctl record --pid "$target" --duration "${restart_seconds}s" \
        --output "$work/$kind.record.folded" 2>"$work/$kind.record.errors" &
    client=$!
    within 5 has_stored_some
    sleep "$((restart_seconds / 2))"
    before=$(main_pid)
    kill -KILL "$before"
    wait "$client"
    same "$title: record ends well though the daemon was killed" 0 $?
    check "$title: and says so" grep -q "The daemon was restarted, and the recording goes on" \
        "$work/$kind.record.errors"
    sed 's/^/#   /' "$work/$kind.record.errors"
    gap_is_short "SIGKILL under record"
    check "$title: with its report" grep -q spend_time_here "$work/$kind.record.folded"
    check "$title: and nothing is left" within 5 has_stored 0

    profilerctl record --pid "$target" --duration 60s \
        --output "$work/$kind.stopped.folded" 2>"$work/$kind.record.errors" &
    client=$!
    within 5 has_stored_some
    sleep 1
    manager restart "$service"
    sleep 1
    check "$title: systemctl restart is no end for record" kill -0 "$client"
    kill -INT "$client"
    wait "$client"
    same "$title: and Ctrl-C ends it well after that" 0 $?
    check "$title: its session is gone" within 5 has_stored 0

    profilerctl record --pid "$target" --duration 60s \
        --output "$work/$kind.stopped.folded" 2>"$work/$kind.record.errors" &
    client=$!
    within 5 has_stored_some
    sleep 1
    manager stop "$service"
    wait "$client"
    same "$title: systemctl stop ends record" 1 $?
    sed 's/^/#   /' "$work/$kind.record.errors"
    check "$title: with what there was until then" grep -q spend_time_here "$work/$kind.stopped.folded"
    find "$(dirname "$(recording_file x)")" -name '*.recording' -delete
}
has_stored_some() { [ "$(stored)" -gt 0 ]; }

# What happens while no daemon is there.
absence_tests() {
    local session before other
    drop_in RestartSec=2s
    as "$user" "$work/hot" >/dev/null 2>&1 &
    sleep 0.3
    other=$(pgrep --uid "$uid" --exact --newest hot)
    session=$(profilerctl start --pid "$other" 2>/dev/null)
    before=$(main_pid)
    sleep 1
    kill -KILL "$before"
    kill -KILL "$other"
    check "$title: a daemon comes after the target's end" within 8 is_replaced "$before"
    check "$title: a session whose target ended meanwhile has ended so" \
        within 5 field_is "$session" endReason targetGone
    same "$title: its perf events are gone, its end is kept" 1 "$(stored)"
    check "$title: its recording is sealed" is_sealed "$session"
    before=$(main_pid)
    manager restart "$service"
    check "$title: the end is known after another restart" \
        within 5 field_is "$session" endReason targetGone
    check "$title: the recording can be taken" \
        profilerctl stop "$session" --uid "$uid" --output "$work/$kind.gone.txt"
    check "$title: and then nothing is kept" within 5 has_stored 0
    drop_in
}

watchdog_tests() {
    local session before samples
    drop_in WatchdogSec=1s
    manager restart "$service"
    session=$(profilerctl start --pid "$target" 2>/dev/null)
    before=$(main_pid)
    sleep 3
    same "$title: a daemon that drains is left alone" "$before" "$(main_pid)"
    samples=$(field "$session" samples)
    kill -STOP "$before"
    check "$title: a daemon whose drain is frozen is restarted" within 10 is_replaced "$before"
    check "$title: and its session goes on" within 5 samples_over "$session" "$samples"
    echo "# $title: frozen, until a watchdog of 1 s: a gap of $(gaps | tail -1) ms"
    profilerctl stop "$session" --uid "$uid" --discard >/dev/null 2>&1
    before=$(main_pid)
    sleep 0.5
    drop_in
}

stop_tests() {
    local session
    session=$(profilerctl start --pid "$target" 2>/dev/null)
    sleep 1
    check "$title: systemctl stop while a session records" manager stop "$service"
    same "$title: the daemon ends in good order" "success 0" \
        "$(property Result) $(property ExecMainStatus)"
    check "$title: the recording is sealed" is_sealed "$session"
    same "$title: the manager keeps nothing" 0 "$(stored)"
    profilerctl list --uid "$uid" >/dev/null
    same "$title: the session is no more" "" "$(field "$session" state)"
    rm -f "$(recording_file "$session")"
}

pile_tests() {
    local session before
    for _ in 1 2 3 4 5; do
        session=$(profilerctl start --pid "$target" 2>/dev/null)
        before=$(main_pid)
        kill -KILL "$before"
        within 5 is_replaced "$before"
        profilerctl stop "$session" --uid "$uid" --discard >/dev/null 2>&1 ||
            not_ok "$title: a session is there after each kill" "$session"
    done
    check "$title: after five sessions and five kills nothing is kept" within 5 has_stored 0
    same "$title: and no recording is left" "" \
        "$(find "$(dirname "$(recording_file x)")" -name '*.recording')"
}

#!/bin/bash
# The tests of `swift test` under AddressSanitizer (with LeakSanitizer), and under ThreadSanitizer:
# in builds of their own, the programs included. A report of any process, also of one that a test
# has started, fails the run.
#
#   sanitize.sh [address|thread]...      both without an argument
set -uo pipefail
cd "$(dirname "$0")/../.."
status=0
[ $# -gt 0 ] || set -- address thread

# What is left out: regular expressions over the names of tests, and why.
left_out() {
    # The moments between two calls that it tries to meet are too rare where all else takes longer.
    echo 'OpeningRefusalTests/.*a process that ends meanwhile'
    case $1 in
    address)
        # Who calls read(2) is looked for in its stack, and the runtime has a read(2) of its own
        # between, without a frame pointer.
        echo 'RecordTests/.*kernel time is counted'
        # The daemon's mappings are counted there, and the runtime's allocator makes some as it goes.
        echo 'AttachCycleTests/.*after many cycles'
        # strace(1) traces the process that makes the report, which LeakSanitizer does not bear; it
        # has no environment that could say so.
        echo 'ReusedNumberTests/.*of the process that was named'
        echo 'FileCapabilityTests/.*the environment of a program'
        ;;
    thread)
        # The programs have one thread each. And the process that makes a report may write no file
        # (RLIMIT_FSIZE is 0), which the sanitizer's runtime does where it starts.
        echo '^IntegrationTests\.'
        # The target's threads are counted there, and the runtime has one of its own in it.
        echo 'TargetOpenerTests/.*(spinning process|two hundred threads)'
        echo 'CgroupOpenerTests/.*one event of each kind'
        ;;
    esac
}

reports=$(mktemp -d)
log=$(mktemp)
trap 'rm -rf "$reports" "$log"' EXIT
# Daemons of other users write there as well.
chmod 1777 "$reports"
export ASAN_OPTIONS=log_path=$reports/address:detect_leaks=1
export LSAN_OPTIONS=suppressions=$PWD/Tests/Harness/sanitizers/leaks.supp:print_suppressions=0
export TSAN_OPTIONS=log_path=$reports/thread:exitcode=66
# Where a process ends by a signal, the sanitizer says why.
export SWIFT_BACKTRACE=enable=no

run() {
    local sanitizer=$1 scratch=.build-$1 skips=() pattern begun=$SECONDS
    printf '\n== the tests under the %s sanitizer\n' "$sanitizer"
    while IFS= read -r pattern; do skips+=(--skip "$pattern"); done < <(left_out "$sanitizer")
    if ! swift build --build-tests --sanitize "$sanitizer" --scratch-path "$scratch" >"$log" 2>&1
    then
        cat "$log"
        return 1
    fi
    echo "built in $((SECONDS - begun)) s"
    # One at a time, as in test.sh.
    if ! swift test --skip-build --no-parallel --disable-xctest --sanitize "$sanitizer" \
        --scratch-path "$scratch" "${skips[@]}" >"$log" 2>&1; then
        cat "$log"
        show_reports
        return 1
    fi
    grep -E 'Test run with' "$log"
    echo "done in $((SECONDS - begun)) s; left out: $(left_out "$sanitizer" | xargs -d '\n')"
    ! show_reports
}

# Succeeds where there are any. Without its symbolizer, which a process that forbids itself new code
# cannot start, the runtime writes warnings of its own.
show_reports() {
    local files
    mapfile -t files < <(grep -rlE 'ERROR: |WARNING: ThreadSanitizer' "$reports")
    [ "${#files[@]}" -gt 0 ] && echo "reports of the sanitizer:" && cat "${files[@]}"
}

for sanitizer in "$@"; do
    run "$sanitizer" || status=1
    find "$reports" -type f -delete
done
exit "$status"

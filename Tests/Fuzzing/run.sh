#!/bin/bash
# Builds and runs the libFuzzer drivers: Tests/Fuzzing/run.sh [SECONDS [DRIVER...]]
#
# Each directory beside this script is one driver:
#   Driver.swift   defines LLVMFuzzerTestOneInput and stops the process where an invariant fails
#   sources        the files it is built with, one pattern a line, from the top of the repository:
#                  they are compiled into the driver's own module
#   corpus/        inputs to start from; seeds.py, where there is one, writes them
# Every driver runs for SECONDS (60). What it finds on the way stays in .build/fuzzing/DRIVER/found,
# and the next run goes on from there. An input that breaks an invariant is kept in
# .build/fuzzing/DRIVER, and its path is printed.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/../.."

seconds=${1:-60}
shift || true
[ $# -gt 0 ] || set -- $(cd Tests/Fuzzing && ls -d -- */)

# A trap should reach libFuzzer at once.
export SWIFT_BACKTRACE=enable=no

build() {
    local name=$1 sources=()
    while read -r pattern; do
        # The pattern is to be expanded.
        sources+=($pattern)
    done <"Tests/Fuzzing/$name/sources"
    # lld, since gold warns of every symbol of the sanitizer.
    swiftc -O -wmo -swift-version 6 -warnings-as-errors -parse-as-library -module-name "$name" \
        -sanitize=fuzzer,address -use-ld=lld -o ".build/fuzzing/$name/driver" \
        "${sources[@]}" "Tests/Fuzzing/$name/Driver.swift"
}

failed=0
for name in "${@%/}"; do
    directory=.build/fuzzing/$name
    mkdir -p "$directory/found"
    build "$name"
    printf '\n### %s: %s seconds\n' "$name" "$seconds"
    if ! "$directory/driver" -max_total_time="$seconds" -timeout=10 -max_len=4096 \
        -print_final_stats=1 -artifact_prefix="$directory/" \
        "$directory/found" "Tests/Fuzzing/$name/corpus" >"$directory/log" 2>&1; then
        tail -n 60 "$directory/log"
        crash=$(sed -n 's/.*Test unit written to //p' "$directory/log" | tail -n 1)
        echo "$name failed; the input is ${crash:-unknown}, the whole log $directory/log" >&2
        failed=1
        continue
    fi
    grep -E '^(Done|stat::)' "$directory/log"
done
exit $failed

#!/bin/bash
# Builds and runs the libFuzzer drivers: Tests/Fuzzing/run.sh [SECONDS [DRIVER...]]
#
# Each directory beside this script is one driver:
#   Driver.swift   defines LLVMFuzzerTestOneInput and stops the process where an invariant fails
#   sources        files that are compiled into the driver's own module, one pattern a line, from
#                  the top of the repository
#   corpus/        inputs to start from; seeds.py, where there is one, writes them
#   dictionary     words that occur in inputs, where it helps (libFuzzer's format)
# What a driver imports of the package is built once for all of them.
#
# Every driver runs for SECONDS (60), as many at a time as there are processors. What it finds on
# the way stays in .build/fuzzing/DRIVER/found, and the next run goes on from there. An input that
# breaks an invariant is kept in .build/fuzzing/DRIVER, and its path is printed.
set -euo pipefail
shopt -s nullglob
cd "$(dirname "$0")/../.."

export seconds=${1:-60}
shift || true
[ $# -gt 0 ] || set -- $(cd Tests/Fuzzing && ls -d -- */)

# A trap should reach libFuzzer at once.
export SWIFT_BACKTRACE=enable=no
export package=.build/fuzzing/package

# The package's modules, with the sanitizer and the coverage that libFuzzer goes by. With them come
# all that they import.
mkdir -p .build/fuzzing
for target in ControlProtocol PerfRecords Recording Symbols; do
    swift build --scratch-path "$package" --configuration release --sanitize=address \
        -Xswiftc -sanitize=fuzzer -Xswiftc -enable-testing --target "$target" \
        >.build/fuzzing/package.log 2>&1 || { cat .build/fuzzing/package.log >&2; exit 1; }
done

build() {
    local name=$1 sources=()
    while read -r pattern; do
        # The pattern is to be expanded.
        sources+=($pattern)
    done < <(cat Tests/Fuzzing/"$name"/sources 2>/dev/null)
    # lld, since gold warns of every symbol of the sanitizer. Of the package's objects it takes
    # those that the driver needs.
    swiftc -O -wmo -swift-version 6 -warnings-as-errors -parse-as-library -module-name "${name}Driver" \
        -sanitize=fuzzer,address -use-ld=lld -o ".build/fuzzing/$name/driver" \
        -I "$package/release/Modules" $(includes) \
        "${sources[@]}" Tests/Fuzzing/Support.swift "Tests/Fuzzing/$name/Driver.swift" \
        -Xlinker --start-lib $(find "$package/release/" -name '*.o') -Xlinker --end-lib
}

# Where the C modules are.
includes() {
    local map
    for map in Sources/*/module.modulemap Sources/*/include/module.modulemap \
        "$package"/release/*.build/module.modulemap \
        "$package"/checkouts/*/Sources/*/include/module.modulemap; do
        printf ' -Xcc -fmodule-map-file=%s' "$map"
    done
}

fuzz() {
    local name=$1 directory=.build/fuzzing/$1 crash options=()
    mkdir -p "$directory/found"
    build "$name"
    [ ! -e "Tests/Fuzzing/$name/dictionary" ] || options+=("-dict=Tests/Fuzzing/$name/dictionary")
    if ! "$directory/driver" -max_total_time="$seconds" -timeout=10 -max_len=4096 \
        -rss_limit_mb=1024 -malloc_limit_mb=64 "${options[@]}" \
        -print_final_stats=1 -artifact_prefix="$directory/" \
        "$directory/found" "Tests/Fuzzing/$name/corpus" >"$directory/log" 2>&1; then
        tail -n 60 "$directory/log"
        crash=$(sed -n 's/.*Test unit written to //p' "$directory/log" | tail -n 1)
        echo "$name failed; the input is ${crash:-unknown}, the whole log $directory/log" >&2
        return 1
    fi
    printf '%s: %s\n' "$name" "$(grep '^Done ' "$directory/log")"
}

export -f build fuzz includes
printf '%s\n' "${@%/}" | xargs -n 1 -P "$(nproc)" bash -euo pipefail -O nullglob -c 'fuzz "$0"'

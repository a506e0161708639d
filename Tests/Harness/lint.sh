#!/bin/bash
# What `make lint` checks beside the formatting: that the fence of SocketCredentials stands. Only
# its folder Kernel/ calls the system; everything else is values, imports nothing, has no unsafe
# code and is compiled here by itself, without the package. And that each test that
# docs/threat-model.md names is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
library=Sources/SocketCredentials
status=0
complain() {
    echo "lint: $1" >&2
    status=1
}

mapfile -t pure < <(
    find "$library" -name '*.swift' -not -path '*/Kernel/*' -not -path '*.docc/*' | sort)

if grep -nE '^[[:space:]]*([@a-z]+[[:space:]]+)*import[[:space:]]' "${pure[@]}"; then
    complain "only Kernel/ imports anything"
fi
# Comments may speak of it.
if grep -nE '^([^/]|/[^/])*\bunsafe' "${pure[@]}"; then
    complain "only Kernel/ has unsafe code"
fi
while read -r file; do
    [ "$(grep -vE '^(//|$)' "$file" | head -1)" = '#if os(Linux)' ] ||
        complain "$file: the first line of code is not #if os(Linux)"
done < <(find "$library/Kernel" -name '*.swift' | sort)

swiftc -typecheck -swift-version 6 -strict-memory-safety -warnings-as-errors \
    -enable-upcoming-feature InternalImportsByDefault -parse-as-library \
    -module-name SocketCredentials -package-name profilerd "${pure[@]}" ||
    complain "$library does not compile without Kernel/"
python3 -B Tests/Harness/threat-model.py || status=1
exit "$status"

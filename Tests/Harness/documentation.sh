#!/bin/bash
# What `make docs` runs: builds the documentation of SocketCredentials into .build/docs, where a
# warning is an error; checks that the tutorial is in it, and that every public symbol written in
# the library has a documentation comment of its own.
set -uo pipefail
cd "$(dirname "$0")/../.."
output=.build/docs
status=0

rm -rf "$output"
swift package --allow-writing-to-directory "$output" generate-documentation \
    --target SocketCredentials --warnings-as-errors --analyze --disable-indexing \
    --transform-for-static-hosting --output-path "$output" || status=1

# The tutorial has been compiled, and the first page leaves no symbol to be grouped by its kind.
[ "$status" != 0 ] || python3 - "$output/data" <<'PYTHON' || status=1
import json
import pathlib
import sys

data = pathlib.Path(sys.argv[1])
steps = sum(path.read_text().count('"type":"step"')
            for path in data.glob("tutorials/*/*.json"))
first = json.loads((data / "documentation/socketcredentials.json").read_text())
groups = first["topicSections"]
stray = [name for group in groups if group.get("generated") for name in group["identifiers"]]
print(f"tutorial steps: {steps}, groups of topics: {len(groups)}")
for name in stray:
    print(f"SocketCredentials.md has no group for {name}", file=sys.stderr)
sys.exit(0 if steps and not stray else 1)
PYTHON

# The plugin has just written the symbol graph.
graph=$(find .build/*/extracted-symbols -name SocketCredentials.symbols.json \
    -printf '%T@ %p\n' | sort -n | tail -1 | cut -d' ' -f2-)
python3 - "$graph" <<'PYTHON' || status=1
import json
import sys

with open(sys.argv[1]) as file:
    symbols = json.load(file)["symbols"]
# A symbol without a place in a file is one that a conformance brings along.
written = [symbol for symbol in symbols
           if "location" in symbol and "::SYNTHESIZED::" not in symbol["identifier"]["precise"]]
bare = [symbol for symbol in written
        if symbol.get("docComment", {}).get("module") != "SocketCredentials"]
for symbol in bare:
    place = symbol["location"]
    path = place["uri"].split("/Sources/", 1)[-1]
    print(f"Sources/{path}:{place['position']['line'] + 1}: "
          f"{'.'.join(symbol['pathComponents'])} has no documentation", file=sys.stderr)
print(f"public symbols: {len(written)}, without documentation: {len(bare)}")
sys.exit(1 if bare or not written else 0)
PYTHON
exit "$status"

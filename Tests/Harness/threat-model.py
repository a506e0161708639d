"""Holds docs/threat-model.md to its word: each line "- Suite: name" there names a test that exists.

A suite is a file of Tests: of Swift Testing (a function named in backticks), the hostile client
(test_ and the name's words), or the tests on a real systemd (a text that they print).
"""

import pathlib
import re
import sys

top = pathlib.Path(__file__).resolve().parents[2]
tests = top / "Tests"
files = {path.stem: path.read_text() for path in tests.rglob("*.swift")}
python = "".join(path.read_text() for path in (tests / "HostileClient").glob("*.py"))
systemd = "".join(path.read_text() for path in (tests / "SystemdIntegration").glob("*.sh"))


def exists(suite, name):
    if suite == "HostileClient":
        return f"def test_{re.sub('[^A-Za-z0-9]+', '_', name)}(" in python
    if suite == "SystemdIntegration":
        return name in systemd
    return f"`{name}`(" in files.get(suite, "")


named = re.findall(r"^- (\w+): (.+)$", (top / "docs/threat-model.md").read_text(), re.M)
missing = [f"{suite}: {name}" for suite, name in named if not exists(suite, name)]
for name in missing:
    print(f"docs/threat-model.md names a test that does not exist: {name}", file=sys.stderr)
sys.exit(1 if missing or not named else 0)

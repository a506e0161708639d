#!/usr/bin/env python3
"""Writes corpus/: the shapes in which frames arrive.

Run it after a change of the inputs' form; the files belong to the repository. An input is the
longest frame, the size of the pieces of its second pass, and receives: a byte with the sender
(bits 0 and 1), the number of descriptors (2 and 3) and what was lost (4 to 7), a length, bytes.
"""
import pathlib

CORPUS = pathlib.Path(__file__).parent / "corpus"
LOST_CONTROL, LOST_PIDFD = 1 << 4, 2 << 4


def save(name, *receives, limit=32, size=3):
    content = bytes([limit, size - 1])
    for flags, data in receives:
        content += bytes([flags, len(data)]) + data
    (CORPUS / name).write_bytes(content)


def descriptors(count):
    return count << 2


CORPUS.mkdir(exist_ok=True)
for old in CORPUS.iterdir():
    old.unlink()
save("one-frame", (1, b"{}\0"))
save("empty-frames", (1, b"\0\0a\0\0"))
save("glued", (1, b"a\0bc\0d"), (1, b"ef\0"))
save("descriptors", (1 | descriptors(2), b"{}\0"))
save("descriptors-glued", (1, b"a\0"), (1 | descriptors(3), b"bc\0d"), (1, b"\0"))
save("descriptors-in-pieces", (1 | descriptors(1), b"ab"), (1, b"c\0"))
save("descriptors-stray", (1, b"ab"), (1 | descriptors(1), b"c\0"))
save("descriptors-twice", (1 | descriptors(1), b"ab"), (1 | descriptors(1), b"c\0"))
save("two-senders", (1, b"a\0"), (2, b"b\0"), (0, b"c\0"))
save("mixed-senders", (1, b"ab"), (2, b"c\0"))
save("mixed-at-the-end", (1, b"ab"), (2, b"\0"))
save("longest", (1, b"x" * 8 + b"\0"), limit=8)
save("oversized", (1, b"a\0" + b"x" * 9 + b"\0"), limit=8)
save("oversized-in-pieces", (1, b"x" * 5), (1, b"x" * 5), limit=8)
save("unfinished", (1, b"a\0b"))
save("lost-control", (1, b"a\0"), (1 | LOST_CONTROL, b"b\0"))
save("lost-pidfd", (1 | LOST_PIDFD | descriptors(1), b"a\0b\0"))

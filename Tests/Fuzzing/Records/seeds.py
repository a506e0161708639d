#!/usr/bin/env python3
"""Writes corpus/: one record of each type, and what can be wrong with one.

Run it after a change of the inputs' form; the files belong to the repository. An input is a byte
for the optional fields of a sample (bits 0 to 4; bits 5 to 7 all set: record them too), one for
the word to cut at, and the words of a ring.
"""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
USER, KERNEL = -512, -128
IDS = 7 | 8 << 32
# Fields in front of TID, between TIME and PERIOD, and those of the trailer, by bits of the choice.
RECORDED = 7 << 5


def record(kind, *body, misc=0, size=None):
    size = 8 * (1 + len(body)) if size is None else size
    return [kind | misc << 32 | size << 48, *body]


def words(*records):
    flat = [word & 2**64 - 1 for one in records for word in one]
    return struct.pack(f"<{len(flat)}Q", *flat)


def save(name, *records, fields=0, cut=255):
    for prefix, choice in [("", fields), ("recorded-", fields | RECORDED)]:
        (CORPUS / (prefix + name)).write_bytes(bytes([choice, cut]) + words(*records))


def text(content):
    data = content + bytes(8 - len(content) % 8)
    return struct.unpack(f"<{len(data) // 8}Q", data)


def trailer(fields=0):
    return [IDS, 99, *[1] * (fields >> 2).bit_count(), 55]


def sample(*chain, fields=0, count=None, misc=2):
    body = [55, *[0x1000] * (fields & 1), IDS, 1000, *[1] * (fields >> 1).bit_count(), 250]
    return record(9, *body, len(chain) if count is None else count, *chain, misc=misc)


CORPUS.mkdir(exist_ok=True)
for old in CORPUS.iterdir():
    old.unlink()
end = trailer()
mapping = [IDS, 0x400000, 0x1000, 0, 0xFD | 1 << 32, 42, 0, 5 | 2 << 32]
comm = record(3, IDS, *text(b"server"), *end, misc=1 << 13)
save("sample", sample(USER, 0x1010, 0x1000))
save("sample-of-both", sample(KERNEL, -1 << 40, USER, 0x1010, 0x1000, misc=1))
save("sample-empty", sample())
save("sample-cut", sample(USER, count=9))
save("sample-count-longest", sample(USER, count=-1))
save("samples", *[sample(USER, *range(0x1000, 0x1000 + n)) for n in range(6)], cut=20)
for fields in [1, 2, 4, 8, 16, 31]:
    save(f"fields-{fields}", sample(USER, 0x1000, fields=fields),
         record(7, IDS, IDS, 5, *trailer(fields & ~3 if fields & 2 else fields & ~1)), fields=fields)
save("mapping", record(10, *mapping, *text(b"/usr/lib/libc.so.6"), *end))
build_id = [20 | 0x11111111 << 32, 0x2222222222222222, 0x3333333333333333]
save("mapping-build-id",
     record(10, *mapping[:4], *build_id, mapping[7], *text(b"/bin/sh"), *end, misc=1 << 14))
save("mapping-build-id-long",
     record(10, *mapping[:4], 21, 0, 0, mapping[7], *text(b"/bin/sh"), *end, misc=1 << 14))
save("comm", comm)
save("name-without-end", record(3, IDS, 0x6161616161616161, *end))
save("name-not-utf-8", record(3, IDS, *text(b"\xff\xc0\x80"), *end))
save("fork-and-exit", record(7, IDS, IDS, 5, *end), record(4, IDS, IDS, 6, *end))
save("lost", record(2, 55, 100, *end), record(2, 55, -1, *end), record(13, 7, *end))
save("throttle", record(5, 3, 55, 55, *end), record(6, 4, 55, 55, *end))
save("unknown", record(18, 1, 2, 3, *end), sample(USER), record(1), record(99, 1))
save("size-zero", comm, record(3, IDS, size=0))
save("size-seven", comm, record(3, IDS, size=7))
save("size-long", comm, record(3, IDS, size=65528))
save("short", *[record(kind, size=8) for kind in [10]], comm)

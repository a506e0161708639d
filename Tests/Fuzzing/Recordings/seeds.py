#!/usr/bin/env python3
"""Writes corpus/: recordings with each kind of entry, and with each kind of damage.

Run it after a change of the format (docs/recording-format.md); the files belong to the repository.
An input is the first 28 bytes of a recording's header and then its entries: the zeros between them
are left out.
"""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def varint(value):
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def zigzag(value):
    return varint((value << 1 ^ value >> 63) & 2**64 - 1)


def text(content):
    return varint(len(content)) + content


def numbers(*values):
    return b"".join(map(varint, values))


def entry(tag, body):
    return bytes([tag]) + text(body)


def header(committed, state=1, version=1, size=4096, magic=b"PROFREC\n"):
    return magic + struct.pack("<IIQI", version, size, committed & 2**64 - 1, state)


def save(name, *entries, committed=None, state=1, **rest):
    body = b"".join(entries)
    committed = 4096 + len(body) if committed is None else committed
    (CORPUS / name).write_bytes(header(committed, state, **rest) + body)


def sample(flags=0, time=1, **fields):
    values = [varint(fields[key]) for key in ["thread", "event", "weight", "stack"] if key in fields]
    return bytes([0x80 | flags]) + zigzag(time) + b"".join(values)


CORPUS.mkdir(exist_ok=True)
for old in CORPUS.iterdir():
    old.unlink()
session = entry(1, varint(4) + text(b"target.pid") + text(b"10") + text(b"target.command")
                + text(b"/bin/server -x") + text(b"kernel.frames") + text(b"none")
                + text(b"start.monotonic") + text(b"5"))
event = entry(2, numbers(0) + text(b"cpu-clock") + numbers(1, 0, 1, 99) + text(b"nanoseconds"))
second = entry(2, numbers(1) + text(b"\x1b[2J\xff") + numbers(1, 0, 0, 99) + text(b"<b>"))
thread = entry(4, numbers(0, 10, 10))
stack = entry(3, numbers(0, 3) + zigzag(0x401010) + zigzag(16) + zigzag(-0x400000))
kernel = entry(3, numbers(2, 1) + zigzag(-2**40))
comm = entry(5, numbers(1, 10, 10, 1) + text(b"ser;ver\n"))
mapping = entry(6, numbers(2, 10, 10, 0x400000, 0x2000, 0x1000, 5, 2, 8, 1, 42)
                + text(bytes(range(20))) + text(b"/bin/server"))
fork, ended = entry(7, numbers(3, 11, 10, 11, 10)), entry(8, numbers(4, 11, 10, 11, 10))
lost = [entry(9, numbers(5, 1, 0, 2**64 - 1, cause)) for cause in [1, 2, 3, 4, 77]]
throttle, gap = entry(10, numbers(6, 1, 1, 0)), entry(11, numbers(7, 9, 1))
cpu = entry(12, numbers(3))
end = entry(13, numbers(100, 2, 3, 2**64 - 1))
samples = [
    sample(0x24, thread=0, stack=2), sample(0x48, time=-1, weight=2**64 - 1), sample(0x40),
    sample(0x04, stack=0), sample(0x54, event=0, stack=3),
]
prologue = [session, event, thread, stack]
save("empty")
save("still-written", *prologue, samples[0], state=0)
save("everything", *prologue, second, kernel, comm, mapping, fork, cpu, *samples, *lost, throttle,
     gap, ended, end)
save("example", entry(2, numbers(0) + text(b"cpu-clock") + numbers(1, 0, 1, 999)
                      + text(b"nanoseconds")), entry(4, numbers(0, 500, 500)),
     entry(3, numbers(0, 2) + zigzag(0x1000) + zigzag(0x10)), sample(0x0C, 1000, weight=10**6, stack=2))
def bucket(time, samples=0):
    return entry(14, numbers(time, 10, samples, 1))


again = [event, entry(4, numbers(0, 10, 11)), entry(3, numbers(0, 1) + zigzag(0x500))]
save("buckets", bucket(5), *prologue, samples[0], bucket(9, 1), session, *again,
     sample(0x24, 12, thread=0, stack=1), lost[0], bucket(20, 2), session, *again, comm, mapping,
     sample(0x24, 21, thread=0, stack=1), samples[3], entry(13, numbers(30, 1, 4, 2**64 - 1)))
save("bucket-without-events", *prologue, bucket(5), entry(4, numbers(0, 10, 11)), sample())
save("bucket-of-others", *prologue, bucket(5), second)
save("unknown-entry", *prologue, entry(0x7F, b"new"), samples[0])
save("longer-entry", event, entry(4, numbers(0, 1, 1) + b"more"))
save("padded-number", event, entry(4, b"\x80\x00\x81\x00\x01"))
save("lost-page", *prologue, bytes(9), samples[0])
save("cut", *prologue, samples[0][:2], committed=9000)
save("uncommitted", *prologue, samples[0], committed=4096 + 40)
save("committed-longest", *prologue, committed=-1)
save("committed-short", committed=4095)
save("state-2", state=2)
save("version-2", version=2)
save("header-size", size=4097)
save("magic", magic=b"PROFREC\r")
save("count-too-large", entry(1, numbers(2**62)), entry(3, numbers(0, 2**32)))
save("stack-count-too-large", entry(3, numbers(0, 2**32)))
save("number-too-large", b"\x03" + b"\xff" * 9 + b"\x02")
save("parent-unknown", entry(3, numbers(1, 1, 1)))
save("stack-unknown", event, thread, sample(0x04, stack=1))
save("thread-unknown", event, sample())
save("index-out-of-order", entry(4, numbers(1, 1, 1)))
save("reserved-flags", event, thread, b"\x81\x00")
save("deep", event, thread, entry(3, numbers(0, 1500) + b"\x02" * 1500), sample(0x04, stack=1500))

#!/usr/bin/env python3
"""Writes corpus/: one small input for each structure and each shape of a control buffer.

Run it after a change of the inputs' form; the files belong to the repository. An input is one byte
for the platform, as its place in Platform.allCases, and then a control buffer or a structure, in
the byte order of this machine. Each structure is there twice: alone, and in a control message
where a control message carries it.
"""
import pathlib
import struct

PLATFORMS = ["linux", "freebsd", "dragonfly", "macos", "openbsd", "netbsd", "illumos"]
# Width of cmsg_len, where the data begin, and what items are aligned to.
FORMATS = {"linux": ("=Q", 16, 8), "macos": ("=I", 12, 4), "illumos": ("=I", 12, 4)}
BSD = ("=I", 16, 8)

CORPUS = pathlib.Path(__file__).parent / "corpus"


def words(*values):
    return struct.pack(f"={len(values)}I", *(value & 0xFFFFFFFF for value in values))


def slots(count, *groups):
    """A 16-bit count and room for 16 groups."""
    return struct.pack("=hH", count, 0) + words(*groups, *[0] * (16 - len(groups)))


def message(platform, level, kind, data):
    width, start, alignment = FORMATS.get(platform, BSD)
    header = struct.pack(width, start + len(data)) + struct.pack("=ii", level, kind)
    item = header.ljust(start, b"\0") + data
    return item + bytes(-len(item) % alignment)


def save(platform, name, data):
    content = bytes([PLATFORMS.index(platform)]) + data
    (CORPUS / f"{platform}-{name}").write_bytes(content)


def save_credentials(platform, name, kind, data):
    save(platform, name, data)
    if kind:
        level = 1 if platform == "linux" else 0xFFFF
        save(platform, f"{name}-message", message(platform, level, kind, data))


def structures():
    save_credentials("linux", "ucred", 2, words(77, 1000, 2000))
    save_credentials("linux", "ucred-nobody", 0, words(0, -1, -1))
    save_credentials("openbsd", "sockpeercred", 0, words(1000, 2000, 77))
    save_credentials("netbsd", "unpcbid", 0, words(77, 1000, 2000))
    save_credentials("macos", "pid", 0, words(77))
    for platform in ["freebsd", "dragonfly"]:
        head = words(77, 1000, 1001, 2000)
        save_credentials(platform, "cmsgcred", 3, head + slots(2, 2001, 5))
        full = slots(16, *range(16))
        save_credentials(platform, "cmsgcred-16-groups", 3, head + full)
        save_credentials(platform, "cmsgcred-17-groups", 3, head + slots(17, *range(16)))
        save_credentials(
            platform, "xucred", 0, words(0, 1000) + slots(2, 2001, 5) + words(0, 77, 0))
    save_credentials("macos", "xucred", 0, words(0, 1000) + slots(2, 2001, 5))
    save_credentials("macos", "xucred-version-1", 0, words(1, 1000) + slots(2, 2001, 5))
    ids = [1000, 1001, 2000, 2001]
    save_credentials("freebsd", "sockcred", 3, words(*ids, 2, 5, 6))
    save_credentials("freebsd", "sockcred-16-groups", 3, words(*ids, 16, *range(16)))
    save_credentials("freebsd", "sockcred-no-groups", 3, words(*ids, 0))
    save_credentials("freebsd", "sockcred2", 8, words(0, 77, *ids, 2, 5, 6))
    save_credentials("freebsd", "sockcred2-version-1", 8, words(1, 77, *ids, 2, 5, 6))
    save_credentials("netbsd", "sockcred", 0x10, words(77, *ids, 2, 5, 6))
    save_credentials("netbsd", "sockcred-one-slot", 0x10, words(77, *ids, 0, 0))
    save_credentials("netbsd", "sockcred70", 4, words(*ids, 2, 5, 6))
    header = words(68, 32, 0, 77, 0, 0, 0, 0)
    save_credentials("illumos", "ucred", 0x1012, header + words(1001, 1000, 9, 2001, 2000, 9, 2, 5, 6))
    save_credentials("illumos", "ucred-remote", 0x1012, words(32, 0, 0, 77, 0, 0, 0, 0))


def buffers():
    label = b"unconfined\0"
    rights = words(3, 4, -24)
    save("linux", "all-kinds", message("linux", 1, 2, words(77, 1000, 2000))
         + message("linux", 1, 3, label) + message("linux", 1, 1, rights)
         + message("linux", 1, 4, words(5)))
    save("linux", "empty-item", message("linux", 1, 1, b""))
    save("linux", "last-item-without-padding", message("linux", 1, 3, label)[:16 + len(label)])
    for platform in PLATFORMS:
        level, kind = 1 if platform == "linux" else 0xFFFF, 0x1010 if platform == "illumos" else 1
        one = message(platform, level, kind, rights)
        two = message(platform, level, kind, words(9))
        save(platform, "rights", one + two)
        save(platform, "header-cut", one + two[:7])
        save(platform, "data-cut", one + two[:-3])
        width = 8 if platform == "linux" else 4
        for name, length in [("zero", 0), ("short", 7), ("long", 0x7FFFFFF8), ("longest", -1)]:
            bad = struct.pack("=q", length)[:width] + two[width:]
            save(platform, f"length-{name}", one + bad)


CORPUS.mkdir(exist_ok=True)
for old in CORPUS.iterdir():
    old.unlink()
structures()
buffers()

#!/usr/bin/env python3
"""Writes corpus/: lines of /proc/PID/maps, and lines that are none.

Run it after a change of what is read; the files belong to the repository.
"""
import pathlib

CORPUS = pathlib.Path(__file__).parent / "corpus"
GOOD = "7f5c00000000-7f5c00021000 r-xp 00026000 fd:1a 131076                     /usr/lib/libc.so.6"


def save(name, *lines):
    (CORPUS / name).write_text("\n".join(lines) + "\n")


CORPUS.mkdir(exist_ok=True)
for old in CORPUS.iterdir():
    old.unlink()
save("file", GOOD)
save("special", "7ffd0000-7ffd2000 r-xp 00000000 00:00 0                          [vdso]",
     "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]")
save("nameless", "1000-2000 rwxs 0 00:00 0 ", "2000-3000 r-xp 0 00:00 0")
save("newline", "1000-2000 r-xp 0 00:00 9 /a\\012b\\\\012\\01", "1000-2000 r-xp 0 00:00 9 /a b  c")
save("marks", "1000-2000 r-xp 0 00:00 9 /a\\012\u0301")
save("not-executable", "1000-2000 rw-p 0 00:00 0 /a", GOOD)
save("backwards", "2000-1000 r-xp 0 00:00 0 /a", "1000-1000 r-xp 0 00:00 0 /a", GOOD)
save("too-large", "10000000000000000-20000000000000000 r-xp 0 00:00 0 /a",
     "1000-2000 r-xp 0 100000000:00 0 /a", "1000-2000 r-xp 0 00:00 18446744073709551616 /a")
save("signs", "+1000-2000 r-xp 0 00:00 0 /a", "1000-2000 r-xp 0 00:00 -1 /a")
save("cut", *(GOOD[:length] for length in range(0, 60, 7)))
save("process",
     "55d0c5a00000-55d0c5a2f000 r--p 00000000 fe:00 1572911                    /usr/bin/bash",
     "55d0c5a2f000-55d0c5af6000 r-xp 0002f000 fe:00 1572911                    /usr/bin/bash",
     "55d0c7012000-55d0c7033000 rw-p 00000000 00:00 0                          [heap]",
     "7f9d3b000000-7f9d3b010000 r-xp 00000000 00:01 2049                       /memfd:jit (deleted)",
     "7f9d3c226000-7f9d3c37b000 r-xp 00026000 fe:00 1576031                    /usr/lib/x.so.6",
     "7ffc1d3e2000-7ffc1d403000 rw-p 00000000 00:00 0                          [stack]",
     "7ffc1d5f1000-7ffc1d5f3000 r-xp 00000000 00:00 0                          [vdso]")

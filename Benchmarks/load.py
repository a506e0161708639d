"""Measures what honest clients wait for while 200 hostile connections do their worst.

The attackers are those of Tests/HostileClient/hostile.py, half of them programs of the daemon's own
user. They have what is left of the processors (nice 19). The honest client is root, with a claim.
"""

import os
import pathlib
import sys
import time

from measuring import print_row

HOSTILE = 200
CONFIGURATION = """
[policy.limits]
connections-per-uid = 128
authentication-deadline = "1s"
"""


def quantile(times, part):
    times = sorted(times)
    return times[min(len(times) - 1, int(len(times) * part))] * 1e3


def add(all_times, times):
    for name, values in times.items():
        all_times.setdefault(name, []).extend(values)


def load(options):
    sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "Tests/HostileClient"))
    os.environ["PROFILERD"] = str(options.work / "profilerd")
    from daemon import ANOTHER, USER, Daemon
    from honest import ask
    from hostile import KINDS, Attack

    crowds = [(uid, None, HOSTILE // 4) for uid in (USER, USER, ANOTHER, ANOTHER + 1)]
    alone, attacked, used = {}, {}, []
    daemon = Daemon(CONFIGURATION)
    try:
        os.chmod(daemon.path, 0o666)
        target = os.getpid()
        add({}, ask(daemon.path, daemon.identity, target, 0.5))
        before = daemon.descriptors()
        for _ in range(options.rounds):
            add(alone, ask(daemon.path, daemon.identity, target, 2))
            with Attack(daemon.path, crowds):
                time.sleep(1)
                started, cpu = time.monotonic(), daemon.cpu_seconds()
                add(attacked, ask(daemon.path, daemon.identity, target, 4))
                used.append((daemon.cpu_seconds() - cpu) / (time.monotonic() - started))
                memory, most = daemon.resident_bytes(), daemon.descriptors()
            time.sleep(2)
        after = daemon.descriptors()
    finally:
        daemon.stop()
    print(f"honest calls while {HOSTILE} hostile connections attack in {len(KINDS)} ways;")
    print(f"{options.rounds} rounds alone and with them, by turns; milliseconds")
    print_row("", "calls", "p50", "p99", "worst", width=12)
    for name in alone:
        for what, times in [("alone", alone[name]), ("attacked", attacked[name])]:
            print_row(f"{name}, {what}", len(times), f"{quantile(times, 0.5):.2f}",
                      f"{quantile(times, 0.99):.2f}", f"{max(times) * 1e3:.2f}", width=12)
    print(f"daemon, attacked: {memory / (1 << 20):.1f} MiB, {most} descriptors, "
          f"{max(used):.0%} of a processor; before and after: {before} and {after} descriptors")

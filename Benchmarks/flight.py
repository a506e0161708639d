"""Measures a flight recorder: the last seconds of a busy program, kept in constant memory.

profilerd keeps time buckets of its recording (--last); perf record has the kernel overwrite rings
(--overwrite, PERF_SAMPLE_* records with write_backward) and writes one out at SIGUSR2. Both run by
turns on the same program. perf's rings have the smallest size that holds the time.
"""

import os
import signal
import subprocess
import time

from measuring import cpu_ns, print_row, status_fields, wait_until_quiet, wakeups

SECONDS = 10
# What perf writes for a sample of this program is less.
LARGEST_SAMPLE = 320


def resident_kib(pid):
    return int(status_fields(pid)["VmRSS"].split()[0])


class Kept:
    """What a recorder had taken and kept after some time, and what a look at it cost."""

    def __init__(self, pid, start, cpu, woken):
        elapsed = time.monotonic() - start
        self.cpu = (cpu_ns(pid) - cpu) / elapsed / 1e6
        self.wakeups = (wakeups(pid) - woken) / elapsed
        self.resident = resident_kib(pid)
        self.rings = self.file = self.snapshot = self.size = self.samples = None


def measure_daemon(daemon, program, frequency, count_samples):
    session = daemon.start(program, "--event", "cpu-clock", "--frequency", str(frequency),
                           "--last", f"{SECONDS}s")
    file = daemon.work / "state" / f"{session}.recording"
    kept = []
    begun, cpu, woken = time.monotonic(), cpu_ns(daemon.pid), wakeups(daemon.pid)
    for part in (1.5, 3):
        time.sleep(max(0, begun + part * SECONDS - time.monotonic()))
        one = Kept(daemon.pid, begun, cpu, woken)
        one.file = file.stat().st_blocks // 2
        output = daemon.work / "kept.txt"
        before = time.monotonic()
        daemon.ask("fetch", session, "--format", "recording", "--output", str(output))
        one.snapshot, one.size = (time.monotonic() - before) * 1e3, output.stat().st_size / 1024
        daemon.ask("fetch", session, "--format", "folded", "--output", str(output))
        one.samples = count_samples(output.read_text())
        kept.append(one)
    maps = open(f"/proc/{daemon.pid}/maps").read().splitlines()
    kept[-1].rings = sum(
        int(line.split("-")[1].split()[0], 16) - int(line.split("-")[0], 16)
        for line in maps if "[perf_event]" in line) // 1024
    daemon.stop(session)
    return kept


def measure_perf(options, program, frequency, count_perf_data):
    pages = 1
    while pages * 4096 < SECONDS * frequency * LARGEST_SAMPLE:
        pages *= 2
    output = options.work / "flight.data"
    process = subprocess.Popen(
        [options.perf, "record", "--quiet", "--overwrite", "--switch-output=signal",
         "--event", "cpu-clock", "--freq", str(frequency), "--call-graph", "fp",
         "--user-callchains", "--mmap-pages", str(pages), "--no-buildid", "--no-buildid-cache",
         "--pid", str(program.pid), "--output", output],
        stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    wait_until_quiet(process.pid)
    kept = []
    begun, cpu, woken = time.monotonic(), cpu_ns(process.pid), wakeups(process.pid)
    for part in (1.5, 3):
        time.sleep(max(0, begun + part * SECONDS - time.monotonic()))
        one = Kept(process.pid, begun, cpu, woken)
        one.rings = (pages + 1) * 4 * os.cpu_count()
        before = time.monotonic()
        process.send_signal(signal.SIGUSR2)
        while not (written := sorted(options.work.glob("flight.data.*"))):
            time.sleep(0.001)
        wait_until_quiet(process.pid)
        # What waiting for quiet takes is no part of it.
        one.snapshot = (time.monotonic() - before) * 1e3 - 100
        one.size = written[0].stat().st_size / 1024
        one.samples = count_perf_data(written[0])[0]
        for path in written:
            path.unlink()
        kept.append(one)
    process.send_signal(signal.SIGINT)
    process.wait()
    for path in options.work.glob("flight.data*"):
        path.unlink()
    return kept


def print_kept(ours, perfs, frequency):
    print(f"the last {SECONDS} s of a busy thread, cpu-clock at {frequency} Hz, user call chains;")
    print(f"after {1.5 * SECONDS:.0f} s, and after {3 * SECONDS} s")
    print_row("", "profilerd", "perf --overwrite", width=20)
    for name, field, form in [
        ("CPU ms/s while recording", "cpu", "{:.2f}"), ("wakeups/s", "wakeups", "{:.1f}"),
        ("resident KiB", "resident", "{:.0f}"), ("recording's file KiB", "file", "{:.0f}"),
        ("rings KiB", "rings", "{:.0f}"), ("samples kept", "samples", "{:.0f}"),
        ("snapshot ms", "snapshot", "{:.0f}"), ("snapshot KiB", "size", "{:.0f}"),
    ]:
        print_row(name, *(
            ", ".join(form.format(value) for one in kept
                      if (value := getattr(one, field)) is not None) or "-"
            for kept in (ours, perfs)), width=20)


def flight(options, daemon_class, program_class, count_perf_data):
    def count_folded(text):
        return sum(int(line.rpartition(" ")[2]) for line in text.splitlines())

    for frequency in (99, 999):
        with daemon_class(options) as daemon, program_class(options, 1 << 40) as program:
            program.go()
            ours = measure_daemon(daemon, program, frequency, count_folded)
            perfs = (measure_perf(options, program, frequency, count_perf_data)
                     if options.perf else [])
        print_kept(ours, perfs, frequency)

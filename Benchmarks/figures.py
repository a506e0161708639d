"""Measures profilerd beside perf record and a bare loop, and prints the figures as one table.

Run by run.sh, as root, in a mount namespace that has tracefs. CPU time is what the scheduler
counted (/proc/PID/task/TID/schedstat), which needs no sampling; medians are over the rounds.
"""

import argparse
import json
import mmap
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import sys
import time

from flight import flight
from load import load
from measuring import (
    cpu_ns, machine_line, print_row, status_fields, wait_until_quiet, wakeups)
from roundtrip import credentials

TRACEPOINT = "syscalls:sys_enter_getppid"
PAGES = 128
IDLE_SECONDS = 10


class Program:
    """calls.c, as the user whose daemon records it."""

    def __init__(self, options, count, burst=0, pause=0):
        self.process = subprocess.Popen(
            [options.work / "calls", str(count), str(burst), str(pause)], user=options.uid,
            group=options.uid, extra_groups=[], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.process.stdout.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def go(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def run(self):
        self.go()
        self.process.stdout.readline()


class Daemon:
    """profilerd as its user, with the paths that --listen and --state-directory name."""

    def __init__(self, options):
        self.client, self.work = options.work / "profilerctl", options.work
        self.path = str(options.work / "state" / "control.sock")
        configuration = options.work / "profilerd.toml"
        # What a sample costs is measured here, and not how the daemon bounds it.
        configuration.write_text('[budget]\ncpu = "unlimited"\n')
        self.process = subprocess.Popen(
            [options.work / "profilerd", "--listen", self.path, "--config", configuration,
             "--state-directory", options.work / "state"],
            user=options.uid, group=options.uid, extra_groups=[],
            stderr=open(options.work / "profilerd.log", "ab"))
        self.pid = self.process.pid
        deadline = time.monotonic() + 10
        while not os.path.exists(self.path):
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("figures: profilerd does not start; its log is profilerd.log")
            time.sleep(0.01)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def ask(self, *arguments):
        """What the client says on its standard output."""
        result = subprocess.run(
            [self.client, *arguments, "--socket", self.path], stdin=subprocess.DEVNULL,
            capture_output=True)
        if result.returncode != 0:
            sys.exit(f"figures: profilerctl {arguments[0]} failed:\n{result.stderr.decode()}")
        return result.stdout

    def start(self, program, *arguments):
        """Has the program recorded until `stop`. Returns the session."""
        return self.ask("start", "--pid", str(program.pid), *arguments).decode().split()[0]

    def counters(self, session):
        """Its samples and losses, all rings emptied."""
        status = json.loads(self.ask("list", "--json"))
        one = next(one for one in status if one["session"] == session)
        return one["samples"], one["lost"]

    def stop(self, session):
        """Ends the session. Returns the size of its recording."""
        output = self.work / "stopped.recording"
        self.ask("stop", session, "--output", str(output))
        size = output.stat().st_size
        output.unlink()
        return size


class Round:
    """What one recorder did with one run of the program."""

    def __init__(self, samples, lost, recording_ns, total_ns=None, size=None):
        self.samples, self.lost = samples, lost
        self.recording = recording_ns / samples
        self.total = total_ns and total_ns / samples
        self.size = size and size / samples


def measure_daemon(daemon, program):
    before = cpu_ns(daemon.pid)
    session = daemon.start(program, "--event", TRACEPOINT, "--period", "1")
    started = cpu_ns(daemon.pid)
    program.run()
    samples, lost = daemon.counters(session)
    recorded = cpu_ns(daemon.pid)
    size = daemon.stop(session)
    wait_until_quiet(daemon.pid)
    return Round(samples, lost, recorded - started, cpu_ns(daemon.pid) - before, size)


def measure_perf(options, program):
    output = options.work / "perf.data"
    control, ack = os.pipe(), os.pipe()
    process = subprocess.Popen(
        [options.perf, "record", "--quiet", "--event", TRACEPOINT, "--count", "1",
         "--call-graph", "fp", "--user-callchains", "--mmap-pages", str(PAGES),
         "--clockid", "mono", "--no-buildid", "--no-buildid-cache", "--delay=-1",
         "--control", f"fd:{control[0]},{ack[1]}", "--pid", str(program.pid),
         "--output", output],
        pass_fds=[control[0], ack[1]], stdin=subprocess.DEVNULL)
    os.close(control[0])
    os.close(ack[1])

    def tell(command):
        os.write(control[1], command + b"\n")
        if not os.read(ack[0], 16).startswith(b"ack"):
            sys.exit("figures: perf record does not answer on its control descriptor")

    tell(b"enable")
    wait_until_quiet(process.pid)
    started = cpu_ns(process.pid)
    program.run()
    tell(b"disable")
    wait_until_quiet(process.pid)
    recorded = cpu_ns(process.pid)
    tell(b"stop")
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    os.close(control[1])
    os.close(ack[0])
    samples, lost = count_perf_data(output)
    total = int((usage.ru_utime + usage.ru_stime) * 1e9)
    size = output.stat().st_size
    output.unlink()
    return Round(samples, lost, recorded - started, total, size)


def count_perf_data(path):
    """Samples and losses in a perf.data file (tools/perf/Documentation/perf.data-file-format)."""
    samples = lost = 0
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        position, size = struct.unpack_from("<QQ", data, 40)
        end = position + size
        header = struct.Struct("<IHH").unpack_from
        while position < end:
            kind, _, size = header(data, position)
            if kind == 9:
                samples += 1
            elif kind == 2:
                lost += struct.unpack_from("<Q", data, position + 16)[0]
            position += size
    return samples, lost


def measure_floor(options, program):
    process = subprocess.Popen(
        [options.work / "drain", str(program.pid), options.tracepoint, str(PAGES)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdout.readline()
    program.run()
    output, _ = process.communicate(b"\n")
    samples, lost, nanoseconds, _ = output.split()
    return Round(int(samples), int(lost), int(nanoseconds))


def measure_start(options, count):
    """Milliseconds from the client's start to its end, when every event is enabled."""
    times = []
    with Daemon(options) as daemon, Program(options, 1) as program:
        for _ in range(count):
            before = time.monotonic()
            session = daemon.start(program, "--event", "cpu-clock")
            times.append((time.monotonic() - before) * 1e3)
            daemon.stop(session)
    return times


def measure_wakeups(options):
    """Wakeups a second while a busy program is recorded at the default frequency."""
    with Daemon(options) as daemon, Program(options, 1 << 40) as program:
        session = daemon.start(program, "--event", "cpu-clock")
        program.go()
        time.sleep(3)
        before = wakeups(daemon.pid)
        time.sleep(IDLE_SECONDS)
        count = wakeups(daemon.pid) - before
        samples, _ = daemon.counters(session)
        daemon.stop(session)
        return count, samples


def measure_idle(options):
    """Memory in MiB and wakeups of a daemon that has served a session and waits."""
    with Daemon(options) as daemon:
        fresh = status_fields(daemon.pid)
        with Program(options, 1) as program:
            daemon.stop(daemon.start(program))
        # The status line tells twice that nothing happens any more.
        time.sleep(4)
        before = wakeups(daemon.pid)
        time.sleep(IDLE_SECONDS)
        return fresh, status_fields(daemon.pid), wakeups(daemon.pid) - before


def median(rounds, field, form):
    values = [getattr(one, field) for one in rounds]
    return form.format(statistics.median(values)) if values and None not in values else "-"


def print_recording(ours, perfs, floors, options):
    print(f"{TRACEPOINT}, period 1, call chains by frame pointer, {PAGES} pages a ring;")
    print(f"medians of {options.rounds} rounds of {options.calls} calls, by turns")
    print_row("", "profilerd", "perf record", "bare C loop")
    for name, field, form in [
        ("CPU ns/sample while recording", "recording", "{:.1f}"),
        ("CPU ns/sample with start and end", "total", "{:.1f}"),
        ("bytes/sample on disk", "size", "{:.2f}"),
        ("samples", "samples", "{:.0f}"),
        ("lost", "lost", "{:.0f}"),
    ]:
        print_row(name, *(median(rounds, field, form) for rounds in (ours, perfs, floors)))
    for name, field in [("CPU while recording", "recording"), ("bytes on disk", "size")]:
        if perfs:
            ratio = statistics.median(
                getattr(one, field) / getattr(other, field) for one, other in zip(ours, perfs))
            print_row(f"{name}, of perf record's", f"{ratio:.1%}")


def recording(options):
    path = pathlib.Path("/sys/kernel/tracing/events", *TRACEPOINT.split(":"), "id")
    try:
        options.tracepoint = path.read_text().strip()
    except OSError as error:
        print(f"skipped: the figures of recording need the tracepoint {TRACEPOINT}: {error}")
        return
    if not options.perf:
        print("skipped: there is no perf on this machine; its figures are left out")
    ours, perfs, floors = [], [], []
    with Daemon(options) as daemon:
        for _ in range(options.rounds):
            with Program(options, options.calls, options.burst, options.pause) as program:
                ours.append(measure_daemon(daemon, program))
                if options.perf:
                    perfs.append(measure_perf(options, program))
                floors.append(measure_floor(options, program))
    print_recording(ours, perfs, floors, options)


def start(options):
    times = measure_start(options, 15)
    print("profilerctl start, from its start to its end with every event enabled: "
          f"p50 {statistics.median(times):.1f} ms, worst of {len(times)} {max(times):.1f} ms")


def idle(options):
    fresh, served, count = measure_idle(options)
    for when, fields in [("just started", fresh), ("idle after a session", served)]:
        rss = ", ".join(
            f"{name} {int(fields[name].split()[0]) / 1024:.1f}"
            for name in ("VmRSS", "RssAnon", "RssFile"))
        print(f"daemon, {when}: {rss} MiB")
    print(f"daemon, idle: {count} wakeups in {IDLE_SECONDS} s")
    count, samples = measure_wakeups(options)
    print(f"daemon, recording a busy thread at 99 Hz: {count} wakeups in {IDLE_SECONDS} s "
          f"({samples} samples in the end)")


def main():
    parts = {"credentials": credentials, "recording": recording, "start": start, "idle": idle,
             "flight": lambda options: flight(options, Daemon, Program, count_perf_data),
             "load": load}
    parser = argparse.ArgumentParser()
    parser.add_argument("work", type=pathlib.Path, help="has the programs, and is written to")
    parser.add_argument("--uid", type=int, help="whose daemon and program are measured")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--trip-rounds", type=int, default=41, help="at least 2")
    parser.add_argument("--calls", type=int, default=1_000_000, help="a round")
    parser.add_argument("--burst", type=int, default=500, help="calls between two pauses")
    parser.add_argument("--pause", type=int, default=50_000, help="nanoseconds")
    parser.add_argument("--only", choices=parts)
    options = parser.parse_args()
    options.perf = shutil.which("perf")
    print(machine_line())
    for name, part in parts.items():
        if options.only in (None, name):
            print()
            part(options)


if __name__ == "__main__":
    main()

"""What every figure needs: the scheduler's counters, the machine's line, the table's rows."""

import os
import pathlib
import time


def cpu_ns(pid):
    """CPU nanoseconds of all threads so far."""
    threads = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(stat.read_text().split()[0]) for stat in threads)


def status_fields(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def wakeups(pid):
    return int(status_fields(pid)["voluntary_ctxt_switches"])


def wait_until_quiet(pid):
    """Waits until the process has used no CPU time for 100 ms."""
    last, since = cpu_ns(pid), time.monotonic()
    while time.monotonic() - since < 0.1:
        time.sleep(0.01)
        if (now := cpu_ns(pid)) != last:
            last, since = now, time.monotonic()


def print_row(name, *cells, width=16):
    print(f"{name:<34}" + "".join(f"{cell:>{width}}" for cell in cells))


def machine_line():
    model = next(
        (line.partition(":")[2].strip() for line in open("/proc/cpuinfo")
         if line.startswith(("model name", "CPU part"))), "unknown processor")
    load = os.getloadavg()[0]
    return (f"{os.cpu_count()} x {model}, Linux {os.uname().release}, {os.uname().machine}, "
            f"load {load:.1f}")

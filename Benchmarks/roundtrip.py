"""Measures RoundTrip beside roundtrip.c: a message with credentials and one descriptor, and back.

Both programs live through all rounds and take turns, so that what else the machine does meets both.
Needs no privilege: the credentials are the own ones.
"""

import socket
import statistics
import subprocess
import time

from measuring import cpu_ns, print_row

# A round of 50 ms: what disturbs one program is likely to disturb its neighbour too.
TRIPS = 5_000


class Exchange:
    """One program with both ends of a pair of sockets, or twice with an end each."""

    def __init__(self, program, ends):
        pair = socket.socketpair() if ends == 2 else ()
        numbers = [str(end.fileno()) for end in pair]
        self.asking = self.launch(program, str(TRIPS), *numbers[:1])
        self.all = [self.asking]
        if pair:
            self.all.append(self.launch(program, "answer", numbers[1]))
        for end in pair:
            end.close()
        self.asking.stdout.readline()

    def launch(self, program, *arguments):
        return subprocess.Popen(
            [program, *arguments], pass_fds=[int(number) for number in arguments[1:]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.all:
            process.communicate()

    def cpu(self):
        return sum(cpu_ns(process.pid) for process in self.all)

    def run(self):
        """Nanoseconds a round trip: elapsed, and of CPU time."""
        started, used = time.monotonic_ns(), self.cpu()
        self.asking.stdin.write(b"\n")
        self.asking.stdin.flush()
        if self.asking.stdout.readline() != b"done\n":
            raise SystemExit("figures: a program of the round trip failed")
        return (time.monotonic_ns() - started) / TRIPS, (self.cpu() - used) / TRIPS


def spread(values, form):
    """The median and where the middle half lies."""
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:{form}} ({low:{form}} to {high:{form}})"


def measure(options, ends):
    with (Exchange(options.work / "RoundTrip", ends) as ours,
          Exchange(options.work / "roundtrip", ends) as theirs):
        ours.run()
        theirs.run()
        return [(ours.run(), theirs.run()) for _ in range(options.trip_rounds)]


def credentials(options):
    print("a round trip: 256 bytes, credentials and one descriptor each way;")
    print(f"medians of {options.trip_rounds} rounds of {TRIPS} round trips, by turns, and their "
          "middle half")
    print_row("", "SocketCredentials", "bare C", "times C's", width=26)
    for ends, where in [(1, "one process"), (2, "two processes")]:
        rounds = measure(options, ends)
        for index, what in enumerate(["ns", "CPU ns"]):
            ours, theirs = ([one[side][index] for one in rounds] for side in (0, 1))
            ratios = [our / their for our, their in zip(ours, theirs)]
            print_row(f"{what}/round trip, {where}", spread(ours, ".0f"), spread(theirs, ".0f"),
                      spread(ratios, ".2f"), width=26)

"""Somebody else who holds the same perf descriptors and writes over the ring's control page.

    PROFILERD_SCRIBBLE_SECONDS=30 Tests/HostileClient/test_hostile_client.py Scribbler
"""
import os
import random
import signal
import time
import unittest

from case import DaemonTest
from wire import event_declaration, map_ring, perf_event

__all__ = ["Scribbler"]

SECONDS = float(os.environ.get("PROFILERD_SCRIBBLE_SECONDS", "5"))
# struct perf_event_mmap_page (linux/perf_event.h)
HEAD, TAIL, DATA_OFFSET, DATA_SIZE = 1024, 1032, 1040, 1048
PAGES = 8
RING = PAGES * 4096


def head_near(word, head):
    """Numbers that a check may take for right."""
    return random.choice((
        head, head + 8, head - 8, head + RING, head - RING, head + RING - 8, tail_of(word),
        head & ~0xfff, head | 7, head + random.randrange(-RING, RING) // 8 * 8))


def tail_of(word):
    return word(TAIL)


def scribble(mapping, mode, seconds):
    """Writes as fast as it can; returns how many words."""
    def word(offset):
        return int.from_bytes(mapping[offset:offset + 8], "little")

    def write(offset, value):
        mapping[offset:offset + 8] = (value % (1 << 64)).to_bytes(8, "little")

    offsets = {"head": [HEAD], "tail": [TAIL], "size": [DATA_SIZE, DATA_OFFSET],
               "page": range(0, 4096, 8)}[mode]
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for _ in range(200):
            choice = random.random()
            offset = random.choice(offsets)
            if choice < 0.4:
                value = head_near(word, word(HEAD))
            elif choice < 0.7:
                value = random.getrandbits(64)
            else:
                value = random.choice((0, 1, 7, 8, 4096, RING, 1 << 31, 1 << 32, 1 << 40, 1 << 63,
                                       (1 << 64) - 8, (1 << 64) - 1))
            write(offset, value)
            count += 1
    return count


class Second:
    """The second process: forked with the descriptor and a mapping of its own."""

    def __init__(self, event, mode, seconds):
        self.pid = os.fork()
        if self.pid == 0:
            try:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                random.seed(mode)
                with map_ring(event, PAGES) as mapping:
                    scribble(mapping, mode, seconds)
                os._exit(0)
            finally:
                os._exit(1)

    def stop(self):
        os.kill(self.pid, signal.SIGTERM)
        return os.waitpid(self.pid, 0)


@unittest.skipIf(os.sysconf("SC_PAGESIZE") != 4096, "the rings are counted in pages of 4096 bytes")
class Scribbler(DaemonTest):
    def violations(self, peer):
        return peer.call("Status")["parameters"]["service"]["violations"]

    def status(self, peer, session):
        for one in peer.call("List")["parameters"]["sessions"]:
            if one["session"] == session["session"]:
                return one
        self.fail("the session is not there")

    def begin_session(self, peer, event):
        """A session on that event; None where the ring was refused."""
        transaction = self.begin(peer, ringPages=PAGES)
        self.assertNotIn("error", self.add(
            peer, transaction, [event_declaration(self.target)], [event]))
        reply = peer.call("Commit", {"transaction": transaction})
        if "error" in reply:
            self.assertError(reply, "AttachFailed")
            return None
        return reply["parameters"]

    def watch(self, peer, session, until):
        """Follows the session to its end or to `until`; then takes its recording."""
        while time.monotonic() < until:
            status = self.status(peer, session)
            if status["state"] == "ended":
                break
            time.sleep(0.005)
        reply = peer.call("Stop", session)
        self.assertNotIn("error", reply)
        descriptor = peer.received.pop()
        recording = os.pread(descriptor, 64, 0)
        os.close(descriptor)
        self.assertNotEqual(recording, b"")
        return reply["parameters"]["session"]

    def run_against(self, mode, seconds):
        """How the sessions ended that somebody scribbled over."""
        ends = {}
        until = time.monotonic() + seconds
        with self.peer() as peer:
            while time.monotonic() < until:
                event = perf_event(self.target, frequency=20000)
                with map_ring(event, PAGES):
                    second = Second(event, mode, seconds + 60)
                    # Some begin before it and some after.
                    time.sleep(random.choice((0, 0.02)))
                    session = self.begin_session(peer, event)
                    reason = "refused"
                    if session:
                        stop = min(until + 0.2, time.monotonic() + 1)
                        ended = self.watch(peer, session, stop)
                        reason = ended["endReason"]
                        self.assertIn(reason, ("failed", "stopped"))
                        if reason == "failed":
                            self.assertRegex(ended["error"], "ring|record")
                    ends[reason] = ends.get(reason, 0) + 1
                    second.stop()
                os.close(event)
        return ends

    def test_nothing_worse_than_the_end_of_that_session(self):
        modes = ("head", "tail", "size", "page")
        with self.peer() as honest, self.peer() as asking:
            memory = self.daemon.resident_bytes()
            violations = self.violations(asking)
            session = {"session": self.start(honest)}
            seen = []
            ends = {}
            for mode in modes:
                for reason, count in self.run_against(mode, SECONDS / len(modes)).items():
                    ends[mode, reason] = count
                seen.append(self.status(asking, session)["samples"])
            # The other session has gone on all the time, and lost nothing.
            status = self.status(asking, session)
            self.assertEqual(status["state"], "recording", status)
            self.assertEqual(seen, sorted(set(seen)))
            self.assertGreater(status["samples"], 100)
            failed = sum(count for (_, reason), count in ends.items() if reason == "failed")
            self.assertEqual(self.violations(asking) - violations, failed)
            for mode in modes:
                self.assertGreater(ends.get((mode, "failed"), 0)
                                   + ends.get((mode, "refused"), 0), 0, ends)
            self.assertNotIn("error", honest.call("Stop", session))
            self.assertLess(self.daemon.resident_bytes() - memory, 16 << 20)
        self.assertEqual(self.daemon.said().count("A ring held what the kernel does not write"),
                         failed)

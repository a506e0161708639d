"""Limits that are charged to the uid of who connects, and deadlines."""
import contextlib
import json
import os
import resource
import signal
import socket
import time

from case import DaemonTest
from daemon import ANOTHER, USER, becoming, wait_until
from wire import CONTROL, rights

__all__ = ["Deadlines", "DescriptorsUnderWay", "Limits"]


class Limits(DaemonTest):
    """Each uid that connects has its share, and nobody can use up root's and the own user's."""

    configuration = """
        [policy.limits]
        connections-per-uid = 8
        requests-per-second-per-uid = 200
        """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        os.chmod(cls.daemon.path, 0o666)

    def fill(self, uid, count):
        """That many connections of the user. What the daemon says to them is not read."""
        peers = []
        with becoming(uid):
            for _ in range(count):
                peers.append(self.peer(None))
        return peers

    def answered(self, peers):
        """How many are served, and what the others are told."""
        served, refusals = 0, []
        for peer in peers:
            try:
                peer.send_call("List")
            except OSError:
                pass
            reply = peer.reply()
            if reply["error"].endswith("PermissionDenied") or "error" not in reply:
                served += 1
            else:
                refusals.append(reply)
        return served, refusals

    def close(self, peers):
        for peer in peers:
            peer.close()
        self.assertDescriptors(0)

    def test_more_connections_of_a_user_than_the_limit(self):
        for uid in (ANOTHER, USER, 0):
            with self.subTest(uid=uid):
                peers = self.fill(uid, 20)
                served, refusals = self.answered(peers)
                self.assertEqual((served, len(refusals)), (8, 12))
                for reply in refusals:
                    self.assertError(reply, "LimitExceeded", value=9, maximum=8,
                                     limit="limit-connections-per-uid")
                    self.assertIn(f"uid {uid}", reply["parameters"]["reason"])
                self.close(peers)
                # There is room again.
                with becoming(uid):
                    peer = self.peer(None)
                self.assertIsNotNone(peer.call("List"))
                peer.close()

    def test_others_cannot_lock_out_root_and_the_own_user(self):
        others = [peer for uid in range(ANOTHER, ANOTHER + 5) for peer in self.fill(uid, 8)]
        served, refusals = self.answered(others)
        self.assertEqual(served, 16)
        self.assertIn("together", refusals[0]["parameters"]["reason"])
        for uid in (0, USER):
            peers = self.fill(uid, 8)
            self.assertEqual(self.answered(peers), (8, []))
            for peer in peers:
                peer.close()
        self.close(others)

    def test_the_own_user_cannot_lock_out_root(self):
        peers = self.fill(USER, 40)
        with self.peer() as root:
            self.assertNotIn("error", root.call("List"))
        self.close(peers)

    def test_a_flood_of_connections_is_one_kind_of_entry_with_a_count(self):
        said = len(self.daemon.said())
        peers = self.fill(ANOTHER + 7, 88)
        self.assertEqual(self.answered(peers)[0], 8)
        self.close(peers)
        entries = [line for line in self.daemon.said()[said:].splitlines()
                   if "refused by a limit" in line]
        self.assertTrue(0 < len(entries) <= 10, entries)
        self.assertIn(f"peer.uid={ANOTHER + 7}", entries[0])
        self.assertIn("rule=limit-connections-per-uid", entries[0])

    def test_requests_above_the_limit_wait_and_are_answered(self):
        with self.peer() as flood:
            time.sleep(1)
            started = time.monotonic()
            before = self.daemon.cpu_seconds()
            call = json.dumps({"method": CONTROL + "List"}).encode() + b"\0"
            flood.send(call * 400)
            for _ in range(400):
                self.assertNotIn("error", flood.reply())
            elapsed = time.monotonic() - started
            self.assertTrue(0.8 < elapsed < 5, elapsed)
            self.assertLess(self.daemon.cpu_seconds() - before, 0.9)

    def test_who_floods_with_requests_keeps_no_other_uid_waiting(self):
        with becoming(USER):
            floods = [self.peer(None) for _ in range(8)]
        call = json.dumps({"method": CONTROL + "List"}).encode() + b"\0"
        for flood in floods:
            flood.send(call * 300)
        with self.peer() as root:
            started = time.monotonic()
            for _ in range(50):
                self.assertNotIn("error", root.call("List"))
            self.assertLess(time.monotonic() - started, 2)
        self.close(floods)

    def test_a_uid_s_debt_outlives_its_connections(self):
        call = json.dumps({"method": CONTROL + "List"}).encode() + b"\0"
        uid = ANOTHER + 9
        with becoming(uid):
            flood = self.peer(None)
        flood.send(call * 210)
        for _ in range(205):
            self.assertError(flood.reply(), "PermissionDenied")
        flood.close()
        with becoming(uid):
            again = self.peer(None)
        started = time.monotonic()
        for _ in range(20):
            self.assertError(again.call("List"), "PermissionDenied")
        self.assertGreater(time.monotonic() - started, 0.05)
        again.close()


class Deadlines(DaemonTest):
    """Who holds a place and does nothing with it loses it."""

    configuration = """
        [policy.limits]
        authentication-deadline = "500ms"
        """

    def assertGivenUp(self, peer, what, after=0.5):
        started = time.monotonic()
        self.assertError(peer.reply(), "LimitExceeded", limit="limit-authentication-deadline",
                         maximum=500_000_000)
        self.assertLess(abs(time.monotonic() - started - after), 0.4)
        self.assertIsNone(peer.reply())

    def test_a_connection_without_a_request(self):
        with self.peer() as peer:
            self.assertGivenUp(peer, "without one complete request")
        self.assertIn("limit-authentication-deadline", self.daemon.said())

    def test_a_connection_with_denied_requests_only(self):
        with self.peer(None) as peer:
            for _ in range(3):
                self.assertError(peer.call("List"), "PermissionDenied")
                time.sleep(0.1)
            self.assertGivenUp(peer, "without one complete request", after=0.2)

    def test_half_a_request_at_first_and_later(self):
        with self.peer() as peer:
            peer.send(b'{"method":')
            self.assertGivenUp(peer, "without one complete request")
        with self.peer() as peer:
            self.assertNotIn("error", peer.call("List"))
            time.sleep(1)
            self.assertNotIn("error", peer.call("List"))
            peer.send(b'{"method":', [0] * 200)
            self.assertGivenUp(peer, "in the middle of a request")
        self.assertDescriptors(0)

    def test_a_byte_now_and_then(self):
        with self.peer() as peer:
            self.assertNotIn("error", peer.call("List"))
            started = time.monotonic()
            with self.assertRaises(OSError):
                while time.monotonic() - started < 5:
                    peer.send(b" ")
                    time.sleep(0.02)
            self.assertLess(time.monotonic() - started, 1.5)

    def test_who_has_asked_may_be_silent(self):
        with self.peer() as peer:
            self.assertNotIn("error", peer.call("List"))
            self.assertTrue(peer.is_silent(1.5))
            self.assertNotIn("error", peer.call("List"))

    def test_a_peer_that_never_reads_is_disconnected_and_costs_nothing(self):
        describe = json.dumps({"method": "org.varlink.service.GetInterfaceDescription",
                               "parameters": {"interface": CONTROL[:-1]}}).encode() + b"\0"
        memory = self.daemon.resident_bytes()
        for ending in (b"", b"{\0" + b"x" * 100):
            with self.subTest(ending=ending), self.peer() as peer:
                peer.send(describe * 400 + ending)
                time.sleep(0.2)
                before = self.daemon.cpu_seconds()
                started = time.monotonic()
                # It hears of the end by an error, for what it wrote was not all read.
                self.assertTrue(wait_until(lambda: self.is_closed(peer), 3))
                self.assertTrue(0.1 < time.monotonic() - started < 1.5)
                self.assertLess(self.daemon.cpu_seconds() - before, 0.2)
        self.assertLess(self.daemon.resident_bytes() - memory, 8 << 20)

    def is_closed(self, peer):
        try:
            peer.socket.sendmsg([b""])
            peer.socket.send(b" ", socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return False

    def test_a_stopped_watcher_is_not_disconnected_and_makes_no_heap(self):
        with self.peer() as peer, self.peer() as watcher:
            session = {"session": self.start(peer)}
            self.assertTrue(watcher.call("Monitor", session, more=True)["continues"])
            time.sleep(2.5)
            self.assertTrue(watcher.reply()["continues"])
            peer.call("Stop", session)
            while (reply := watcher.reply()).get("continues"):
                pass
            self.assertEqual(reply["parameters"]["session"]["state"], "ended")

    def test_an_idle_daemon_has_no_timer(self):
        with self.peer() as peer:
            peer.call("List")
            # The status line tells twice that nothing happens any more.
            time.sleep(3)
            before = self.daemon.wakeups()
            time.sleep(2)
            self.assertEqual(self.daemon.wakeups(), before)
        time.sleep(0.2)
        before = self.daemon.wakeups()
        time.sleep(2)
        self.assertEqual(self.daemon.wakeups(), before)


class DescriptorsUnderWay(DaemonTest):
    """The kernel lets no program of a user send a descriptor while others have too many on the way.

    Those others may be anything of the user's, and what they keep is not the daemon's fault.
    """

    configuration = """
        [policy.limits]
        authentication-deadline = "1s"
        """
    limits = ["--nofile=256"]

    @contextlib.contextmanager
    def hoarder(self):
        """A program of the daemon's user with more under way than the daemon may have open."""
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            try:
                resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
                os.setgroups([])
                os.setresgid(USER, USER, USER)
                os.setresuid(USER, USER, USER)
                pair = socket.socketpair()
                for _ in range(3):
                    pair[0].sendmsg([b"x"], [rights([0] * 200)])
                theirs.send(b"x")
                signal.pause()
            finally:
                os._exit(1)
        theirs.close()
        try:
            with ours:
                self.assertEqual(ours.recv(1), b"x")
            yield
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)

    def test_a_recording_waits_for_them(self):
        with self.peer() as peer, self.peer() as other:
            session = {"session": self.start(peer)}
            with self.hoarder():
                peer.send_call("Stop", session)
                self.assertTrue(peer.is_silent(0.5))
                self.assertNotIn("error", other.call("List"))
                before = self.daemon.cpu_seconds()
                time.sleep(0.2)
                self.assertLess(self.daemon.cpu_seconds() - before, 0.1)
            reply = peer.reply()
            self.assertEqual(reply["parameters"]["session"]["state"], "ended")
            self.assertEqual(len(peer.received), 1)
            self.assertNotIn("error", peer.call("List"))

    def test_a_recording_does_not_wait_for_ever_and_is_kept(self):
        with self.peer() as peer:
            session = {"session": self.start(peer)}
            with self.hoarder():
                self.assertIsNone(peer.call("Stop", session))
        self.assertIn("descriptors under way", self.daemon.said())
        with self.peer() as peer:
            self.assertNotIn("error", peer.call("Stop", session))
            self.assertEqual(len(peer.received), 1)

"""What a test of the daemon begins with and must leave as it was."""
import os
import unittest

from daemon import Daemon, wait_until
from wire import Peer, begin_parameters, event_declaration, map_ring, perf_event


class DaemonTest(unittest.TestCase):
    configuration = ""
    limits = None

    @classmethod
    def setUpClass(cls):
        cls.daemon = Daemon(cls.configuration, cls.limits)
        cls.target = cls.daemon.start_target()
        with Peer(cls.daemon.path, cls.daemon.identity) as peer:
            peer.call("List")
            cls.before = cls.daemon.descriptors() - 1

    @classmethod
    def tearDownClass(cls):
        code = cls.daemon.stop()
        assert code == 0, f"the daemon ended with {code}"

    def setUp(self):
        self.recordings = len(self.daemon.recordings())
        self.open = []

    def tearDown(self):
        for descriptor in self.open:
            os.close(descriptor)
        self.assertTrue(self.daemon.is_alive(), self.daemon.said())
        with self.peer() as peer:
            reply = peer.call("Status")
            self.assertIsNotNone(reply, "the daemon does not answer any more")
            left = reply["parameters"]["sessions"]
            for session in left:
                peer.call("Stop", {"session": session["session"]})
        self.assertEqual(left, [], "sessions were left")
        self.assertDescriptors(0)
        self.assertEqual(len(self.daemon.recordings()), self.recordings, "recordings were left")

    def assertDescriptors(self, more):
        """The daemon closes what a call brought right after its reply."""
        if not wait_until(lambda: self.daemon.descriptors() == self.before + more, 2):
            self.fail(f"{self.daemon.descriptors()} descriptors are open, "
                      f"not {self.before} and {more} more")

    def peer(self, identity=..., **options):
        identity = self.daemon.identity if identity is ... else identity
        return Peer(self.daemon.path, identity, **options)

    def event(self, tid=None, **options):
        descriptor = perf_event(tid or self.target, **options)
        self.open.append(descriptor)
        return descriptor

    def assertError(self, reply, name, **parameters):
        self.assertIsNotNone(reply, "the daemon closed the connection instead")
        self.assertEqual(reply.get("error", "none").split(".")[-1], name, reply)
        for key, value in parameters.items():
            self.assertEqual(reply["parameters"].get(key), value, reply)

    def begin(self, peer, **changes):
        reply = peer.call("Begin", begin_parameters(self.target, **changes))
        self.assertNotIn("error", reply)
        return reply["parameters"]["transaction"]

    def add(self, peer, transaction, declarations, descriptors, threads=()):
        return peer.call(
            "Add", {"transaction": transaction, "descriptors": declarations,
                    "threads": list(threads)}, descriptors)

    def start(self, peer, **changes):
        """A session with one event; the mapping must live until it runs."""
        transaction = self.begin(peer, **changes)
        event = perf_event(self.target)
        with map_ring(event):
            reply = self.add(peer, transaction, [event_declaration(self.target)], [event])
            self.assertNotIn("error", reply)
            reply = peer.call("Commit", {"transaction": transaction})
        os.close(event)
        self.assertNotIn("error", reply)
        return reply["parameters"]["session"]

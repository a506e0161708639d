"""Two hundred hostile connections at once, and honest clients among them."""
import os
import time

from case import DaemonTest
from daemon import ANOTHER, USER
from honest import ask
from hostile import Attack

__all__ = ["Load"]

SECONDS = float(os.environ.get("PROFILERD_LOAD_SECONDS", "5"))


class Load(DaemonTest):
    configuration = """
        log-level = "warning"
        [policy.limits]
        connections-per-uid = 128
        authentication-deadline = "1s"
        """

    def test_honest_clients_are_served_and_nothing_is_left(self):
        os.chmod(self.daemon.path, 0o666)
        # Programs of the own user, whose requests are answered, and of two others.
        crowds = [(USER, None, 50), (USER, None, 50), (ANOTHER, None, 50), (ANOTHER + 1, None, 50)]
        with self.peer() as peer:
            session = {"session": self.start(peer)}
            samples = peer.call("List")["parameters"]["sessions"][0]["samples"]
            with Attack(self.daemon.path, crowds):
                time.sleep(0.5)
                latencies = ask(self.daemon.path, self.daemon.identity, self.target, SECONDS)
                # Bounded by what so many connections may hold, whoever they are.
                memory = self.daemon.resident_bytes()
                descriptors = self.daemon.descriptors()
            status = peer.call("List")["parameters"]["sessions"][0]
            self.assertEqual(status["state"], "recording")
            self.assertGreater(status["samples"], samples)
            reply = peer.call("Stop", session)
            self.assertNotIn("error", reply or {"error": "closed"})
        # Each kind of call was answered again and again, and none was forgotten.
        for name, times in latencies.items():
            self.assertGreater(len(times), 20, name)
            self.assertLess(max(times), 2, name)
        self.assertLess(memory, 128 << 20)
        self.assertLess(descriptors, self.before + 100 * 254 + 200)
        # What the attackers had sent is dealt with, and then it is idle.
        time.sleep(1.5)
        self.assertDescriptors(0)
        before = self.daemon.cpu_seconds()
        time.sleep(0.5)
        self.assertLess(self.daemon.cpu_seconds() - before, 0.1)
        self.assertLess(len(self.daemon.said()), 200_000)
        self.assertNotIn("error:", self.daemon.said())

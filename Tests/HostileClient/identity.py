"""Credentials that name nobody, and daemons that would be nobody's."""
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from case import DaemonTest
from daemon import ANOTHER, PROGRAM, USER, wait_until
from wire import CONTROL, Peer, claim, libc, rights

__all__ = ["Claims", "NobodysDaemon", "TwoWriters"]

CLONE_NEWUSER = 0x10000000
LIST = json.dumps({"method": CONTROL + "List"}).encode() + b"\0"


def as_child(uid, body):
    """Runs `body` in a child of that uid, which has no capability."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            body()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class Claims(DaemonTest):
    def send(self, peer, *items):
        peer.socket.sendmsg([LIST], items)

    def assertKernelRefuses(self, number, *items):
        with self.peer() as peer:
            with self.assertRaises(OSError) as refused:
                self.send(peer, *items)
            self.assertEqual(refused.exception.errno, number)
            # Nothing of it has come.
            self.assertNotIn("error", peer.call("List"))

    def test_what_the_kernel_lets_not_even_root_claim(self):
        own = os.getpid()
        for pid, uid, gid, number in (
                (own, 4294967295, 0, errno.EINVAL), (own, 0, 4294967295, errno.EINVAL),
                (0, USER, USER, errno.ESRCH), (4194305, USER, USER, errno.ESRCH),
                (-1, USER, USER, errno.ESRCH)):
            with self.subTest(pid=pid, uid=uid, gid=gid):
                self.assertKernelRefuses(number, claim(pid, uid, gid))

    def test_credentials_of_no_length_cut_or_too_long(self):
        kind = (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
        whole = claim(os.getpid(), USER, USER)[2]
        for data in (b"", whole[:4], whole[:11], whole + b"\0\0\0\0", whole * 2):
            with self.subTest(length=len(data)):
                self.assertKernelRefuses(errno.EINVAL, (*kind, data))

    def test_credentials_twice_are_one_and_the_last_ones(self):
        ours, nobody = claim(os.getpid(), USER, USER), claim(os.getpid(), ANOTHER, ANOTHER)
        with self.peer() as peer:
            self.send(peer, nobody, ours)
            self.assertNotIn("error", peer.reply())
            self.send(peer, ours, nobody)
            self.assertError(peer.reply(), "PermissionDenied", claimedUid=ANOTHER)

    def test_a_claim_without_bytes_is_none(self):
        with self.peer(None) as peer:
            peer.socket.sendmsg([b""], [claim(os.getpid(), USER, USER), rights([0])])
            self.assertError(peer.call("List"), "PermissionDenied", claimedUid=0)

    def test_the_overflow_uid_is_nobody(self):
        with open("/proc/sys/kernel/overflowuid", encoding="utf8") as text:
            overflow = int(text.read())
        with self.peer((overflow, overflow)) as peer:
            self.assertError(peer.call("List"), "PermissionDenied", rule="credentials-present")

    def test_an_end_is_nobody_and_not_root(self):
        """The kernel fills the credentials of the end of a stream with zeroes."""
        with self.peer(None) as peer:
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertIsNone(peer.reply())

    def test_a_number_in_the_message_is_no_identity(self):
        with self.peer((ANOTHER, ANOTHER)) as peer:
            for extra in ({"uid": USER}, {"pid": self.daemon.pid}, {"ownUid": USER}):
                self.assertError(peer.call("List", extra), "PermissionDenied",
                                 rule="uid-is-own", claimedUid=ANOTHER)


class TwoWriters(DaemonTest):
    """Two processes of two uids that share one connection, with no claim of root's."""

    def halves(self, first, second, data=LIST, cut=10, descriptors=()):
        """What is answered to a frame of which each writes a part."""
        os.chmod(self.daemon.path, 0o666)
        with self.peer(None) as peer:
            for uid, part, items in ((first, data[:cut], descriptors), (second, data[cut:], ())):
                code = as_child(uid, lambda: peer.send(part, items))
                self.assertEqual(code, 0)
                time.sleep(0.05)
            return peer.reply(), peer.reply()

    def test_a_frame_of_the_own_user_and_another_is_a_violation(self):
        for first, second in ((USER, ANOTHER), (ANOTHER, USER), (0, USER), (USER, 0)):
            for cut in (1, 10, len(LIST) - 1):
                with self.subTest(first=first, second=second, cut=cut):
                    reply, end = self.halves(first, second, cut=cut)
                    self.assertError(reply, "InvalidMessage")
                    self.assertIn("more than one sender", reply["parameters"]["reason"])
                    self.assertIsNone(end)

    def test_the_other_s_descriptors_are_closed(self):
        with open("/dev/null", "rb") as null:
            reply, _ = self.halves(USER, ANOTHER, descriptors=[null.fileno()] * 20)
        self.assertError(reply, "InvalidMessage")
        self.assertDescriptors(0)

    def test_frames_of_two_users_are_two_decisions(self):
        os.chmod(self.daemon.path, 0o666)
        with self.peer(None) as peer:
            for uid, error in ((USER, None), (ANOTHER, "PermissionDenied"), (USER, None)):
                self.assertEqual(as_child(uid, lambda: peer.send(LIST)), 0)
                reply = peer.reply()
                if error:
                    self.assertError(reply, error, claimedUid=uid)
                else:
                    self.assertNotIn("error", reply)

    def test_one_user_s_two_processes_are_two_senders(self):
        """The same uid, and yet nobody has written the whole frame."""
        reply, _ = self.halves(USER, USER)
        self.assertError(reply, "InvalidMessage")


class NobodysDaemon(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="profilerd-nobody.")
        os.chmod(self.directory, 0o777)
        self.program = os.path.join(self.directory, "profilerd")
        shutil.copy(PROGRAM, self.program)
        os.chmod(self.program, 0o755)
        self.path = os.path.join(self.directory, "control.sock")
        configuration = os.path.join(self.directory, "profilerd.toml")
        with open(configuration, "wb"):
            pass
        self.command = [self.program, "--listen", self.path, "--config", configuration,
                        "--state-directory", os.path.join(self.directory, "state")]

    def tearDown(self):
        shutil.rmtree(self.directory)

    def test_it_does_not_run_as_the_overflow_uid(self):
        with open("/proc/sys/kernel/overflowuid", encoding="utf8") as text:
            overflow = text.read().strip()
        result = subprocess.run(
            ["setpriv", "--reuid", overflow, "--regid", overflow, "--clear-groups",
             *self.command], capture_output=True, timeout=20, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(f"does not run as uid {overflow}".encode(), result.stderr)
        self.assertFalse(os.path.exists(self.path))

    def answers(self, namespaces, identity, **options):
        """What a daemon in namespaces of its own says to root outside of them."""
        with subprocess.Popen(
                [*namespaces, *self.command], stdin=subprocess.DEVNULL,
                stderr=subprocess.PIPE, start_new_session=True, **options) as process:
            try:
                if not wait_until(lambda: os.path.exists(self.path) or process.poll()):
                    self.fail("the daemon does not start")
                if process.poll() is not None:
                    self.skipTest("there are no such namespaces: "
                                  + process.stderr.read().decode(errors="replace"))
                with Peer(self.path, identity) as peer:
                    return peer.call("List")
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def assertNobody(self, reply):
        self.assertEqual(reply["error"], CONTROL + "PermissionDenied")
        self.assertEqual(reply["parameters"]["rule"], "credentials-present")

    def test_who_is_outside_of_its_user_namespace_is_nobody(self):
        # Root inside is ANOTHER outside; root outside has no number inside.
        ready, mapped = os.pipe(), os.pipe()

        def enter():
            if libc.unshare(CLONE_NEWUSER) != 0:
                os._exit(100)
            os.write(ready[1], str(os.getpid()).encode())
            os.read(mapped[0], 1)
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)

        def write_maps():
            pid = os.read(ready[0], 20).decode()
            for kind in ("uid_map", "gid_map"):
                with open(f"/proc/{pid}/{kind}", "w", encoding="utf8") as text:
                    text.write(f"0 {ANOTHER} 1")
            os.write(mapped[1], b"x")

        writer = threading.Thread(target=write_maps)
        writer.start()
        try:
            self.assertNobody(self.answers([], None, preexec_fn=enter))
        finally:
            os.write(ready[1], b"0")
            writer.join(5)
            for end in ready + mapped:
                os.close(end)

    def test_who_is_outside_of_its_pid_namespace_is_nobody(self):
        self.assertNobody(self.answers(["unshare", "--pid", "--fork", "--mount-proc"], None))
        os.unlink(self.path)
        self.assertNobody(self.answers(["unshare", "--pid", "--fork", "--mount-proc"], (0, 0)))

    def test_root_s_daemon_takes_root_and_nobody_else(self):
        self.assertNotIn("error", self.answers([], None))
        os.unlink(self.path)
        reply = self.answers([], (USER, USER))
        self.assertEqual(reply["parameters"]["rule"], "uid-is-own")

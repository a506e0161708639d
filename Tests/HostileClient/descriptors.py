"""Descriptors that are not what the message declares: every kind of file that there is."""
import ctypes
import os
import platform
import re
import shutil
import socket
import subprocess
import tempfile
import unittest

from case import DaemonTest
from daemon import USER, as_user, wait_until
from wire import PROFILE, event_declaration, libc, map_ring, perf_event

__all__ = ["Kinds", "OtherEvents", "Redirection", "Untouched"]

X86 = platform.machine() == "x86_64"
SYSCALL = {
    "timerfd_create": 283 if X86 else 85, "signalfd4": 289 if X86 else 74,
    "epoll_create1": 291 if X86 else 20, "inotify_init1": 294 if X86 else 26, "fanotify_init": 300 if X86 else 262,
    "memfd_create": 319 if X86 else 279, "bpf": 321 if X86 else 280,
    "userfaultfd": 323 if X86 else 282, "io_uring_setup": 425, "memfd_secret": 447,
}


def call(name, *arguments):
    """A descriptor of what this kernel has, or None."""
    descriptor = libc.syscall(SYSCALL[name], *arguments)
    return descriptor if descriptor >= 0 else None


def bpf_map():
    # BPF_MAP_CREATE of an array of one word.
    attributes = (ctypes.c_uint32 * 16)(2, 4, 8, 1)
    return call("bpf", 0, attributes, 64)


def impostors(target):
    """A descriptor of each kind, by name; what this kernel does not have is left out."""
    listener, connected = socket.socket(socket.AF_UNIX), socket.socketpair()
    network = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    reading, writing = os.pipe()
    directory = tempfile.mkdtemp()
    posing = os.path.join(directory, "anon_inode:[perf_event]")
    mask = (ctypes.c_uint64 * 1)(0)
    rings = (ctypes.c_uint32 * 30)()
    event = perf_event(target)
    made = {
        "a listening socket": listener.detach(), "a connected socket": connected[0].detach(),
        "an internet socket": network.detach(),
        "a pipe to read": reading, "a pipe to write": writing,
        "a file": os.open(__file__, os.O_RDONLY),
        "a file with the name of an event": os.open(posing, os.O_CREAT | os.O_RDWR),
        "a directory": os.open("/", os.O_RDONLY), "/dev/null": os.open("/dev/null", os.O_RDWR),
        "a terminal": os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY),
        "a memfd": os.memfd_create("anon_inode:[perf_event]"),
        "an eventfd": os.eventfd(0), "an epoll": call("epoll_create1", 0),
        "a timerfd": call("timerfd_create", 1, 0), "a signalfd": call("signalfd4", -1, mask, 8, 0),
        "an inotify": call("inotify_init1", 0), "a fanotify": call("fanotify_init", 0, 0),
        "a userfaultfd": call("userfaultfd", 0), "an io_uring": call("io_uring_setup", 4, rings),
        "a secret memory": call("memfd_secret", 0), "a bpf map": bpf_map(),
        "a pidfd": os.pidfd_open(target),
        "maps": os.open(f"/proc/{target}/maps", os.O_RDONLY),
        "another file of /proc": os.open(f"/proc/{target}/environ", os.O_RDONLY),
        "a namespace": os.open("/proc/self/ns/mnt", os.O_RDONLY),
        "an event": event,
        "a path": os.open("/", os.O_PATH),
        "a path to an event": os.open(f"/proc/self/fd/{event}", os.O_PATH),
        "a path to maps": os.open(f"/proc/{target}/maps", os.O_PATH),
    }
    connected[1].close()
    shutil.rmtree(directory)
    return {name: number for name, number in made.items() if number is not None
            and can_be_sent(number)}


def can_be_sent(descriptor):
    """Newer kernels pass no io_uring to anybody."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        try:
            socket.send_fds(ours, [b"x"], [descriptor])
        except OSError:
            os.close(descriptor)
            return False
    return True


WANTED = {"an event": lambda target: event_declaration(target),
          "a pidfd": lambda target: {"kind": "pidfd"}, "maps": lambda target: {"kind": "maps"}}


class Kinds(DaemonTest):
    configuration = """
        [policy.limits]
        authentication-deadline = "1s"
        """

    def setUp(self):
        super().setUp()
        self.impostors = impostors(self.target)
        self.open += self.impostors.values()

    def refused(self, peer, declarations, descriptors, index):
        transaction = self.begin(peer)
        reply = self.add(peer, transaction, declarations, descriptors)
        self.assertError(reply, "DescriptorRefused", index=index)
        self.assertDescriptors(1)
        self.assertError(peer.call("Commit", {"transaction": transaction}), "NoSuchTransaction")
        return reply["parameters"]["reason"]

    def test_every_kind_in_every_place_is_refused_by_its_name(self):
        event = self.event()
        self.assertGreater(len(self.impostors), 22)
        with self.peer() as peer:
            for name, descriptor in self.impostors.items():
                link = os.readlink(f"/proc/self/fd/{descriptor}")
                for kind, declaration in WANTED.items():
                    if name == kind:
                        continue
                    with self.subTest(impostor=name, kind=kind):
                        reason = self.refused(
                            peer, [event_declaration(self.target), declaration(self.target)],
                            [event, descriptor], 1)
                        # Of an own socket or pipe the number is the same there.
                        self.assertIn(link[:40], reason)
                        if name.startswith("a path"):
                            self.assertIn("O_PATH", reason)

    def test_the_connection_s_own_socket(self):
        with self.peer() as peer, self.peer() as other:
            for socket_ in (peer.socket, other.socket):
                for kind, declaration in WANTED.items():
                    with self.subTest(kind=kind):
                        transaction = self.begin(peer)
                        reply = self.add(peer, transaction, [declaration(self.target)],
                                         [socket_.fileno()])
                        self.assertError(reply, "DescriptorRefused", index=0)
                        self.assertIn("socket:[", reply["parameters"]["reason"])

    def test_the_connection_s_own_socket_in_half_a_frame(self):
        """Then the daemon itself keeps the peer's end open, and hears of no end."""
        for _ in range(20):
            peer = self.peer()
            peer.send(b'{"method":', [peer.socket.fileno()] * 50)
            peer.close()
        self.assertTrue(wait_until(lambda: self.daemon.descriptors() <= self.before, 3))

    def test_every_kind_in_a_call_of_none(self):
        with self.peer() as peer:
            for name, descriptor in self.impostors.items():
                with self.subTest(impostor=name):
                    self.assertError(peer.call("List", descriptors=[descriptor]),
                                     "DescriptorRefused", index=-1)
            self.assertDescriptors(1)


class Untouched(DaemonTest):
    """What the daemon does with a descriptor before it knows its kind, call by call."""

    # Looks at the daemon's own table of descriptors, or lets go.
    HARMLESS = {"close", "fcntl(F_GETFL)"}

    @unittest.skipUnless(shutil.which("strace"), "there is no strace")
    def test_no_call_reaches_the_file(self):
        made = impostors(self.target)
        self.open += made.values()
        trace = os.path.join(self.daemon.directory, "trace")
        with open(trace, "wb"), self.peer() as peer:
            strace = subprocess.Popen(
                ["strace", "-f", "-p", str(self.daemon.pid), "-o", trace, "-s", "200"],
                stderr=subprocess.PIPE)
            self.assertIn(b"attached", strace.stderr.readline())
            names = list(made)
            for kind, declaration in WANTED.items():
                for name in names:
                    if name == kind:
                        continue
                    transaction = self.begin(peer)
                    self.assertError(
                        self.add(peer, transaction, [declaration(self.target)], [made[name]]),
                        "DescriptorRefused", index=0)
            strace.terminate()
            strace.wait()
            strace.stderr.close()
        with open(trace, encoding="utf8", errors="replace") as text:
            count = self.check(text.read().splitlines())
        self.assertEqual(count, 3 * len(made) - 3)

    def check(self, lines):
        """Each call on a received descriptor, until it is closed."""
        received, count = None, 0
        for line in lines:
            call = line.split(maxsplit=1)[1]
            if match := re.search(r"SCM_RIGHTS, cmsg_data=\[(\d+)\]", call):
                if call.startswith("recvmsg"):
                    received, count = match[1], count + 1
                    continue
            if received is None:
                continue
            if call.startswith(f'readlink("/proc/self/fd/{received}"'):
                continue
            name, _, arguments = call.partition("(")
            numbers = re.findall(r"(?<![\w.:/\"])\d+(?![\w.:/\"])", arguments.split(") =")[0])
            if received not in numbers[:3]:
                continue
            if name == "fcntl" and "F_GETFL" in arguments:
                name = "fcntl(F_GETFL)"
            # Sizes and answers have numbers, too; the descriptor is what comes first.
            if not re.match(rf"{received}\b", arguments):
                self.assertNotIn(name, ("epoll_ctl", "dup", "dup3", "mmap", "sendmsg"), line)
                continue
            self.assertIn(name, self.HARMLESS, line)
            if name == "close":
                received = None
        self.assertIsNone(received, "a descriptor was not closed")
        return count


class OtherEvents(DaemonTest):
    """The descriptor of an event does not say what it counts; what it delivers does."""

    def samples_of(self, tid, cpu=0, **changes):
        event = self.event(tid, cpu=cpu, flags=PROFILE + ["comm", "mmap", "mmap2", "task"])
        with self.peer() as peer, map_ring(event):
            transaction = self.begin(peer, **changes)
            reply = self.add(peer, transaction, [event_declaration(self.target, cpu)], [event])
            self.assertNotIn("error", reply)
            reply = peer.call("Commit", {"transaction": transaction})
            self.assertNotIn("error", reply)
            session = reply["parameters"]
            wait_until(lambda: sum(peer.call("List")["parameters"]["sessions"][0][key]
                                   for key in ("samples", "lost")) >= 100)
            reply = peer.call("Stop", session)["parameters"]["session"]
            recording = os.pread(peer.received[-1], 1 << 24, 0)
        self.assertGreaterEqual(reply["samples"] + reply["lost"], 100)
        return reply["samples"], reply["lost"], recording

    def on_cpu_0(self, *arguments, **options):
        return subprocess.Popen(["taskset", "-c", "0", *arguments], **options)

    def test_an_event_of_a_whole_cpu_records_nobody_else(self):
        name = "otherprogram"
        program = os.path.join(self.daemon.directory, name)
        shutil.copy("/bin/sh", program)
        os.chmod(program, 0o755)
        with self.on_cpu_0(program, "-c", "while :; do :; done") as other:
            samples, lost, recording = self.samples_of(-1)
            other.kill()
        # The target may run on that CPU, too.
        self.assertGreater(lost, 0)
        self.assertNotIn(name.encode(), recording)

    def test_an_event_of_another_process_records_nothing(self):
        with self.on_cpu_0("/bin/sh", "-c", "while :; do :; done", **as_user(USER)) as other:
            samples, lost, _ = self.samples_of(other.pid)
            other.kill()
        self.assertEqual(samples, 0)
        self.assertGreater(lost, 50)


class Redirection(DaemonTest):
    """Events that do not write where the frame says."""

    def attach(self, peer, *declared, **changes):
        transaction = self.begin(peer, **changes)
        reply = self.add(peer, transaction, [declaration for declaration, _ in declared],
                         [event for _, event in declared])
        self.assertNotIn("error", reply)
        return peer.call("Commit", {"transaction": transaction})

    def assertFails(self, reply, *words):
        self.assertError(reply, "AttachFailed")
        for word in words:
            self.assertIn(word, reply["parameters"]["reason"])
        self.assertDescriptors(1)

    @unittest.skipIf(os.cpu_count() < 2, "there is one CPU")
    def test_an_event_of_another_cpu(self):
        owner, other = self.event(cpu=0), self.event(cpu=1)
        with self.peer() as peer, map_ring(owner):
            reply = self.attach(
                peer, (event_declaration(self.target), owner),
                (event_declaration(self.target, cpu=0, ring=False), other))
            self.assertFails(reply, "could not be directed", "Invalid argument", str(self.target))

    def test_an_event_with_a_ring_of_its_own(self):
        owner, other = self.event(), self.event()
        with self.peer() as peer, map_ring(owner), map_ring(other):
            reply = self.attach(
                peer, (event_declaration(self.target), owner),
                (event_declaration(self.target), other))
            self.assertFails(reply, "more than one ring")

    def test_an_event_that_the_client_forgot_is_directed(self):
        owner, other = self.event(), self.event()
        with self.peer() as peer, map_ring(owner):
            reply = self.attach(
                peer, (event_declaration(self.target), owner),
                (event_declaration(self.target, ring=False), other))
            self.assertNotIn("error", reply)
            self.assertNotIn("error", peer.call("Stop", reply["parameters"]))

    def test_an_event_of_a_thread_that_has_ended_is_no_fault(self):
        owner = self.event()
        with subprocess.Popen(["sleep", "60"], **as_user(USER)) as process:
            other = self.event(process.pid)
            process.kill()
        with self.peer() as peer, map_ring(owner):
            reply = self.attach(
                peer, (event_declaration(self.target), owner),
                (event_declaration(process.pid, ring=False), other))
            self.assertNotIn("error", reply)
            self.assertNotIn("error", peer.call("Stop", reply["parameters"]))

    def test_one_event_as_the_rings_of_two_cpus(self):
        event = self.event()
        with self.peer() as peer, map_ring(event):
            reply = self.attach(
                peer, (event_declaration(self.target, cpu=0), event),
                (event_declaration(self.target, cpu=1), event))
            self.assertFails(reply, "those of one event")

    def test_an_event_that_cannot_be_mapped(self):
        # Of no CPU and inherited, the kernel maps it for nobody.
        event = self.event(cpu=-1)
        with self.peer() as peer:
            self.assertFails(self.attach(peer, (event_declaration(self.target), event)),
                             "could not be mapped", "Invalid argument")

    def test_a_ring_above_the_user_s_locked_memory(self):
        event = self.event()
        with self.peer() as peer:
            reply = self.attach(peer, (event_declaration(self.target), event), ringPages=1 << 12)
            self.assertFails(reply, "could not be mapped", "kernel.perf_event_mlock_kb is",
                             "RLIMIT_MEMLOCK is", "LimitMEMLOCK=")

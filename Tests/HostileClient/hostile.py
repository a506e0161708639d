"""Many hostile connections at once, each doing one thing that a daemon could suffer from.

Every attacker has one connection and never waits: `step` does what can be done now. A few processes
of them are enough to keep a daemon as busy as it lets itself be kept.
"""
import json
import os
import random
import signal
import socket
import time
import traceback

from wire import CONTROL, claim, rights

LIST = json.dumps({"method": CONTROL + "List"}).encode() + b"\0"
DESCRIBE = json.dumps({"method": "org.varlink.service.GetInterfaceDescription",
                       "parameters": {"interface": CONTROL[:-1]}}).encode() + b"\0"
VALUES = b'{"method":"' + CONTROL.encode() + b'List","parameters":{"x":[' \
    + b",".join([b"{}"] * 20000) + b"]}}\0"


class Attacker:
    """One connection that comes back when it is closed."""

    def __init__(self, path, identity):
        self.path, self.identity = path, identity
        self.socket = None
        self.rest = b""
        self.rested = 0.0

    def connect(self):
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            connecting.connect(self.path)
        except OSError:
            connecting.close()
            raise
        self.socket, self.rest = connecting, b""
        self.connected()

    def connected(self):
        """What it begins with."""

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def send(self, data, descriptors=()):
        """Sends what the socket takes; what is left of the data is sent first the next time."""
        items = [claim(os.getpid(), *self.identity)] if self.identity else []
        if descriptors:
            items.append(rights(descriptors))
        data = self.rest or data
        self.rest = data[self.socket.sendmsg([data], items):]

    def read(self):
        """Takes what has come; false at the end."""
        return self.socket.recv(1 << 20) != b""

    def step(self):
        """Goes on; true where it did something."""
        try:
            if self.socket is None:
                self.connect()
            return self.attack() is not False
        except BlockingIOError:
            return False
        except OSError:
            self.close()
            return True

    def attack(self):
        raise NotImplementedError


class SlowWriter(Attacker):
    """One byte now and then."""

    def connected(self):
        self.place = 0

    def attack(self):
        if time.monotonic() - self.rested < 0.01:
            return False
        self.rested = time.monotonic()
        self.send(LIST[self.place:self.place + 1])
        self.place = (self.place + 1) % len(LIST)
        if self.place == 0:
            self.read()


class HalfFrame(Attacker):
    """The most descriptors that a message can have, in half of one, and then nothing."""

    def connected(self):
        self.send(b'{"method":', [0] * 253)

    def attack(self):
        if not self.read():
            self.close()


class Caller(Attacker):
    """Connects and goes away, again and again."""

    def attack(self):
        self.close()


class DescriptorFlood(Attacker):
    """Calls of no descriptors with many."""

    def attack(self):
        try:
            self.read()
        except BlockingIOError:
            pass
        self.send(LIST, [0] * 253)


class NeverReader(Attacker):
    """Asks for the longest reply and reads none."""

    def attack(self):
        self.send(DESCRIBE)


class Brackets(Attacker):
    """A megabyte of them."""

    def attack(self):
        self.send(random.choice((b"[", b"{", b'{"a":')) * (1 << 20))


class Values(Attacker):
    """The longest call, full of the smallest values."""

    def attack(self):
        self.send(VALUES)
        self.read()


class Garbage(Attacker):
    """Random bytes, ends of frames among them."""

    def attack(self):
        self.send(random.randbytes(random.randrange(1, 5000)))
        self.read()


class Flood(Attacker):
    """Calls without end, whose replies are read."""

    def attack(self):
        self.send(LIST * 50)
        self.read()


KINDS = (SlowWriter, HalfFrame, Caller, DescriptorFlood, NeverReader, Brackets, Values, Garbage,
         Flood)


def attack(path, uid, identity, count, first=0):
    """Attacks with `count` connections as `uid` until the process is killed.

    With what is left of the processors: whoever may run programs can keep those busy, with or
    without a daemon.
    """
    os.nice(19)
    if uid != 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    attackers = [KINDS[(first + index) % len(KINDS)](path, identity) for index in range(count)]
    while True:
        busy = False
        for attacker in attackers:
            busy = attacker.step() or busy
        if not busy:
            time.sleep(0.001)


class Attack:
    """Processes that attack together, while it is entered.

    `crowds` says who, as (uid, identity to claim or None, connections).
    """

    def __init__(self, path, crowds):
        self.path, self.crowds = path, crowds
        self.processes = []

    def __enter__(self):
        first = 0
        for uid, identity, count in self.crowds:
            child = os.fork()
            if child == 0:
                try:
                    signal.signal(signal.SIGTERM, signal.SIG_DFL)
                    attack(self.path, uid, identity, count, first)
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(1)
            self.processes.append(child)
            first += count
        return self

    def __exit__(self, *_):
        for process in self.processes:
            os.kill(process, signal.SIGTERM)
        self.died = [os.waitpid(process, 0)[1] for process in self.processes]
        assert all(os.WIFSIGNALED(status) for status in self.died), "an attacker gave up"

"""The wire as a hostile client sees it: raw frames, raw claims, raw descriptors, raw perf events."""
import array
import ctypes
import json
import mmap
import os
import socket
import struct

UCRED = struct.Struct("=iII")
CONTROL = "io.profilerd.Control."


def claim(pid, uid, gid):
    return (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, UCRED.pack(pid, uid, gid))


def rights(descriptors):
    return (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))


class Peer:
    """One connection. `identity` is the (uid, gid) to claim; None leaves it to the kernel."""

    def __init__(self, path, identity=None, timeout=5):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.identity = identity
        self.buffer = b""
        self.received = []
        self.stamp = None
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise

    def close(self):
        self.socket.close()
        for descriptor in self.received:
            os.close(descriptor)
        self.received = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data, descriptors=(), identity=None):
        ancillary = []
        identity = identity or self.identity
        if identity:
            ancillary.append(claim(os.getpid(), *identity))
        if descriptors:
            ancillary.append(rights(descriptors))
        sent = self.socket.sendmsg([data], ancillary)
        while sent < len(data):
            sent += self.socket.sendmsg([data[sent:]], ancillary[:1] if identity else [])

    def send_call(self, method, parameters=None, descriptors=(), **envelope):
        if "." not in method:
            method = CONTROL + method
        frame = {"method": method, "parameters": parameters or {}, **envelope}
        self.send(json.dumps(frame).encode() + b"\0", descriptors)

    def reply(self):
        """The next reply; None where the daemon has closed the connection."""
        while b"\0" not in self.buffer:
            try:
                chunk, ancillary, _, _ = self.socket.recvmsg(
                    1 << 20, 8192, socket.MSG_CMSG_CLOEXEC)
            except ConnectionResetError:
                return None
            for level, kind, data in ancillary:
                if kind == socket.SCM_RIGHTS:
                    self.received += array.array("i", data)
                elif kind == socket.SCM_CREDENTIALS and chunk:
                    self.stamp = UCRED.unpack(data)
            if not chunk:
                return None
            self.buffer += chunk
        frame, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(frame)

    def is_silent(self, seconds=0.3):
        """Whether nothing comes, not even an end."""
        if self.buffer:
            return False
        old = self.socket.gettimeout()
        self.socket.settimeout(seconds)
        try:
            return self.reply() is None and False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(old)

    def call(self, method, parameters=None, descriptors=(), **envelope):
        self.send_call(method, parameters, descriptors, **envelope)
        return self.reply()


# perf_event_open(2)

FLAGS = {
    "disabled": 0, "inherit": 1, "exclude_kernel": 5, "mmap": 8, "comm": 9, "freq": 10,
    "task": 13, "watermark": 14, "sample_id_all": 18, "exclude_callchain_kernel": 21, "mmap2": 23,
    "use_clockid": 25, "write_backward": 27, "inherit_thread": 35,
}
PROFILE = ["disabled", "inherit", "freq", "watermark", "sample_id_all",
           "exclude_callchain_kernel", "use_clockid", "inherit_thread"]
# TID, TIME, CALLCHAIN, PERIOD, IDENTIFIER
SAMPLE_TYPE = 2 | 4 | 32 | 256 | 1 << 16
PERF_EVENT_IOC_DISABLE = 0x2401
libc = ctypes.CDLL(None, use_errno=True)


def perf_event(tid, cpu=0, flags=PROFILE, frequency=999, sample_type=SAMPLE_TYPE):
    """A cpu-clock event of one thread on one CPU."""
    bits = sum(1 << FLAGS[flag] for flag in flags)
    attributes = struct.pack(
        "=IIQQQQQIIQQQQIi", 1, 128, 0, frequency, sample_type, 0, bits, 4096, 0, 0, 0, 0, 0, 0, 1)
    attributes = ctypes.create_string_buffer(attributes.ljust(128, b"\0"), 128)
    descriptor = libc.syscall(298 if os.uname().machine == "x86_64" else 241,
                              attributes, tid, cpu, -1, 8)
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, "perf_event_open: " + os.strerror(number))
    return descriptor


def map_ring(descriptor, pages=8):
    return mmap.mmap(descriptor, (1 + pages) * mmap.PAGESIZE)


def begin_parameters(pid, **changes):
    parameters = {
        "target": {"pid": pid, "command": "target"},
        "events": [{"name": "cpu-clock", "type": 1, "config": 0, "frequency": 999,
                    "unit": "nanoseconds"}],
        "kernel": "mode", "lifetime": "detached", "ringPages": 8, "enableOnExec": False,
        "followChildren": False, "commandLine": [],
    }
    parameters.update(changes)
    return {key: value for key, value in parameters.items() if value is not ...}


def event_declaration(tid, cpu=0, ring=True, event=0):
    return {"kind": "event", "event": event, "cpu": cpu, "tid": tid, "ring": ring}

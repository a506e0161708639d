# One end of a Unix socket, in Python. Does what the lines of the input say, and prints what it saw.

import os
import socket
import struct
import sys

UCRED = struct.Struct("iII")

# The socket that the other end's process left as descriptor 3, until there is another.
end = None


def say(*words):
    print(*words, flush=True)


def claim(pid, uid, gid):
    ids = (os.getpid() if pid == "own" else int(pid), int(uid), int(gid))
    return (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, UCRED.pack(*ids))


def readers(words):
    """Pipes' reading ends, each with one word to read."""
    numbers = []
    for word in words:
        reader, writer = os.pipe()
        os.write(writer, word.encode())
        os.close(writer)
        numbers.append(reader)
    return numbers


def send(text, *controls):
    try:
        say(end.sendmsg([text], controls))
    except OSError as error:
        say(type(error).__name__, error.errno)


def receive():
    data, controls, flags, _ = end.recvmsg(4096, 4096)
    say(data.decode(), flags)
    for level, kind, value in controls:
        say("item", level, kind, value.hex())


for line in sys.stdin:
    command, *words = line.split()
    if command == "connect":
        end = socket.socket(socket.AF_UNIX)
        end.connect(words[0])
        continue
    end = end or socket.socket(fileno=3)
    if command == "peer":
        say("peer", *UCRED.unpack(end.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)))
    elif command == "say":
        say(*words)
    elif command == "pass":
        end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    elif command == "send":
        send(" ".join(words).encode())
    elif command == "claim":
        send(b"claimed", claim(*words))
    elif command == "both":
        rights = struct.pack(f"{len(words)}i", *readers(words))
        own = claim("own", os.getuid(), os.getgid())
        send(b"both", own, (socket.SOL_SOCKET, socket.SCM_RIGHTS, rights))
    elif command == "rights":
        say(socket.send_fds(end, [b"rights"], readers(words)))
    elif command == "receive":
        receive()
    elif command == "receive-rights":
        data, numbers, _, _ = socket.recv_fds(end, 4096, 253)
        say(data.decode())
        say(*(os.read(number, 100).decode() for number in numbers))

#!/usr/bin/env python3
"""Calls a Varlink method and prints the reply, with nothing but the standard library.

    varlink-call.py SOCKET METHOD [--claim UID]

Without --claim the frame carries the credentials that the kernel fills in; with it, those of the
claimed user. Prints the reply's JSON, the uid that the kernel stamped on it, and the own pid. Exit codes: 0 for
any reply, 3 where the socket cannot be connected, 4 where no reply came within 5 seconds.
"""
import argparse
import json
import os
import pwd
import socket
import struct
import sys

UCRED = struct.Struct("=iII")


def credentials(ancillary):
    for level, kind, data in ancillary:
        if (level, kind, len(data)) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS, UCRED.size):
            return UCRED.unpack(data)
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("socket")
    parser.add_argument("method")
    parser.add_argument("--claim", type=int)
    arguments = parser.parse_args()

    peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    peer.settimeout(5)
    try:
        peer.connect(arguments.socket)
    except OSError as error:
        print(f"connect: {error.strerror}", file=sys.stderr)
        return 3

    ancillary = []
    if arguments.claim is not None:
        gid = pwd.getpwuid(arguments.claim).pw_gid
        claim = UCRED.pack(os.getpid(), arguments.claim, gid)
        ancillary = [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, claim)]
    frame = json.dumps({"method": arguments.method, "parameters": {}}).encode() + b"\0"
    peer.sendmsg([frame], ancillary)

    reply, stamp = b"", None
    try:
        while b"\0" not in reply:
            chunk, ancillary, _, _ = peer.recvmsg(65536, socket.CMSG_SPACE(UCRED.size))
            if not chunk:
                break
            reply += chunk
            stamp = credentials(ancillary)
    except OSError as error:
        print(f"receive: {error}", file=sys.stderr)
    if b"\0" not in reply:
        print("no reply", file=sys.stderr)
        return 4
    print(json.dumps(json.loads(reply.split(b"\0")[0])))
    print(f"daemon uid {stamp[1]}" if stamp else "daemon uid unknown")
    print(f"own pid {os.getpid()}")
    return 0


sys.exit(main())

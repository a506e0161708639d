#!/usr/bin/env python3
"""Writes corpus/: each call, reply and error of the control interface, and JSON's edges.

Run it after a change of the interface; the files belong to the repository. An input is one JSON
text; one that begins with the byte 1 has a text's start, another byte 1, and what then repeats.
"""
import json
import pathlib

CORPUS = pathlib.Path(__file__).parent / "corpus"
CONTROL = "io.profilerd.Control."
STANDARD = "org.varlink.service."

EVENT = {"name": "cycles", "type": 0, "config": -1, "frequency": 99, "unit": "cycles"}
BEGIN = {
    "target": {"pid": 4242, "command": "server"},
    "events": [EVENT, {"name": "page-faults", "type": 1, "config": 2, "period": 1, "unit": "count"}],
    "kernel": "mode", "lifetime": "detached", "ringPages": 128, "enableOnExec": False,
    "followChildren": True, "durationNanoseconds": 10**10, "commandLine": ["profilerctl", "start"],
}
ADD = {
    "transaction": "1f", "threads": [{"tid": 4243, "name": "worker"}],
    "descriptors": [
        {"kind": "event", "event": 0, "cpu": 1, "tid": 4242, "ring": True},
        {"kind": "event", "event": 1, "cpu": 1, "tid": 4243, "late": True},
        {"kind": "pidfd"}, {"kind": "maps"},
    ],
}
CGROUP = {"path": "/system.slice/server.service", "mixedUids": True}
BEGIN_CGROUP = BEGIN | {"target": {"cgroup": CGROUP, "command": "server"}, "followChildren": False}
ADD_CGROUP = {
    "transaction": "1f", "threads": [{"tid": 4243, "name": "worker", "pid": 4242}],
    "descriptors": [
        {"kind": "cgroupEvents"}, {"kind": "maps", "pid": 4242},
        {"kind": "event", "event": 0, "cpu": 1, "tid": 0, "ring": True},
    ],
}
SESSION = {
    "session": "a1", "pid": 4242, "command": "server", "uid": 4294967294, "state": "ended",
    "events": [EVENT], "kernel": "none", "lifetime": "connection", "startedAt": 1700000000,
    "elapsedNanoseconds": 2**40, "durationNanoseconds": 2**41, "threads": 3, "descriptors": 8,
    "samples": 12345, "lost": 1,
    "losses": {"ring": 1, "kernel": 0, "service": 0, "throttles": 2, "throttledNanoseconds": 3,
               "gaps": 4, "gapNanoseconds": 5},
    "bytes": 65536, "endReason": "targetGone", "error": "It ended.",
}
SERVICE = {
    "version": "1.0", "pid": 1, "uid": 1000, "startedAt": 1700000000, "sessions": 1,
    "samples": 2**62, "lost": 0,
    "limits": {"sessions": 16, "descriptorsPerSession": 16384, "ringMemory": 2**26,
               "frequency": 20000, "recordingSize": 2**30},
}
ERRORS = {
    CONTROL + "PermissionDenied": {
        "rule": "uid-is-own", "reason": "No.", "claimedUid": 0, "ownUid": 1000},
    CONTROL + "LimitExceeded": {
        "limit": "sessions", "value": 17, "maximum": 16, "reason": "Too many."},
    CONTROL + "NoSuchSession": {"session": "a1"},
    CONTROL + "NoSuchTransaction": {"transaction": "1f"},
    CONTROL + "DescriptorRefused": {"index": -1, "reason": "It is a pipe."},
    CONTROL + "AttachFailed": {"reason": "ENOMEM"},
    CONTROL + "InvalidMessage": {"reason": "It is not JSON."},
    STANDARD + "InterfaceNotFound": {"interface": "a.b"},
    STANDARD + "MethodNotFound": {"method": "a.b.C"},
    STANDARD + "InvalidParameter": {"parameter": "events[0].unit"},
    STANDARD + "ExpectedMore": {},
}


def save(name, content):
    (CORPUS / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def save_json(name, value):
    save(name, json.dumps(value, separators=(",", ":")))


CORPUS.mkdir(exist_ok=True)
for old in CORPUS.iterdir():
    old.unlink()
calls = {"Begin": BEGIN, "Add": ADD, "Commit": {"transaction": "1f"}, "List": {}, "Status": {},
         "Monitor": {"session": "a1"}, "Stop": {"session": "a1"}, "Fetch": {"session": "a1"}}
for method, parameters in calls.items():
    save_json(f"call-{method}", {"method": CONTROL + method, "parameters": parameters})
save_json("call-Begin-cgroup", {"method": CONTROL + "Begin", "parameters": BEGIN_CGROUP})
save_json("call-Add-cgroup", {"method": CONTROL + "Add", "parameters": ADD_CGROUP})
save_json("call-more", {"method": CONTROL + "Monitor", "more": True, "oneway": False})
save_json("call-upgrade", {"method": STANDARD + "GetInfo", "upgrade": True, "parameters": None})
save_json("reply-session", {"parameters": {"session": SESSION}, "continues": True})
save_json("reply-session-cgroup", {"parameters": {"session": {
    name: value for name, value in SESSION.items() if name != "pid"} | {"cgroup": CGROUP}}})
save_json("reply-sessions", {"parameters": {"sessions": [SESSION, SESSION]}})
save_json("reply-service", {"parameters": {"service": SERVICE}})
for name, parameters in ERRORS.items():
    save_json("error-" + name.rsplit(".", 1)[1], {"error": name, "parameters": parameters})
save("numbers", "[0,-0,1.0,-1.5e+3,1E-9,9223372036854775807,-9223372036854775808,1e999,01]")
save("strings", r'["","\"\\\/\b\f\n\r\t","\u00e9\ud83d\ude00","\ud800",' + '"e\u0301\u0323"]')
save("space", ' \t\n\r{ "a" : [ true , false , null ] } ')
save("twice", '{"a":1,"a":2}')
save("not-utf-8", b'["\xc0\x80","\xed\xa0\x80","\xff"]')
save("deep", "[" * 128 + "]" * 128)
save("too-deep", '{"a":' * 129 + "1" + "}" * 129)
for name, start, part in [
    ("brackets", "", "["), ("objects", "", '{"a":'), ("zeros", "[", "0,"), ("empty", "[", "{},"),
    ("deep-and-wide", "[" * 100, '[{"a":[]}],'), ("digits", "", "9"), ("fraction", "0.", "0"),
    ("marks", '"a', "\u0301\u0323"), ("name-of-marks", '{"a', "\u0301\u0323"),
    ("escapes", '"', "\\u0301\\u0323"), ("backslashes", '"', "\\\\"),
]:
    save(f"long-{name}", "\x01" + start + "\x01" + part)

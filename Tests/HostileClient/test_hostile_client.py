#!/usr/bin/env python3
"""A hostile client against the real daemon, with real perf events. Needs root, and says so.

    PROFILERD=.build/debug/profilerd Tests/HostileClient/test_hostile_client.py

After every test the daemon must be alive, have no more descriptors than before, and answer.
"""
import fcntl
import json
import os
import select
import socket
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from case import DaemonTest  # noqa: E402
from daemon import ANOTHER, USER, as_user, wait_until  # noqa: E402
from descriptors import *  # noqa: E402,F403
from identity import *  # noqa: E402,F403
from limits import *  # noqa: E402,F403
from load import *  # noqa: E402,F403
from scribbler import *  # noqa: E402,F403
from wire import (CONTROL, PERF_EVENT_IOC_DISABLE, PROFILE, begin_parameters,  # noqa: E402
                  event_declaration, map_ring)


class Identity(DaemonTest):
    def test_root_that_claims_nothing_is_refused_with_the_rule_and_both_uids(self):
        with self.peer(None) as peer:
            reply = peer.call("Status")
            self.assertError(reply, "PermissionDenied", rule="uid-is-own", claimedUid=0,
                             ownUid=USER)
            self.assertEqual(peer.stamp[1], USER)

    def test_a_denied_message_s_descriptors_are_closed(self):
        with self.peer(None) as peer:
            for _ in range(20):
                peer.send_call("List", descriptors=[0] * 253)
                self.assertError(peer.reply(), "PermissionDenied")
            self.assertDescriptors(1)

    def test_an_identity_holds_for_one_frame_only(self):
        with self.peer() as peer:
            self.assertNotIn("error", peer.call("List"))
            peer.identity = None
            self.assertError(peer.call("List"), "PermissionDenied")
            peer.identity = self.daemon.identity
            self.assertNotIn("error", peer.call("List"))

    def test_other_uids_are_refused(self):
        for uid in (1, ANOTHER, 65534, 2147483648, 4294967294):
            with self.subTest(uid=uid), self.peer((uid, 0)) as peer:
                self.assertError(peer.call("List"), "PermissionDenied")

    def test_a_frame_of_two_senders_ends_the_connection(self):
        with self.peer() as peer:
            frame = json.dumps({"method": CONTROL + "List"}).encode() + b"\0"
            peer.send(frame[:10], identity=(0, 0))
            peer.send(frame[10:])
            self.assertError(peer.reply(), "InvalidMessage")
            self.assertIsNone(peer.reply())

    def test_another_user_cannot_connect_and_cannot_claim(self):
        def attempt(identity):
            try:
                with self.peer(identity) as peer:
                    return peer.call("List").get("error", "answered")
            except OSError as error:
                return error.strerror

        def run():
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.setgroups([])
                os.setresgid(ANOTHER, ANOTHER, ANOTHER)
                os.setresuid(ANOTHER, ANOTHER, ANOTHER)
                answers = [attempt(None), attempt(self.daemon.identity)]
                os.write(writing, json.dumps(answers).encode())
                os._exit(0)
            os.close(writing)
            os.waitpid(child, 0)
            with open(reading, encoding="utf8") as answers:
                return json.load(answers)

        self.assertEqual(run(), ["Permission denied"] * 2)
        os.chmod(self.daemon.path, 0o666)
        try:
            self.assertEqual(
                run(), ["io.profilerd.Control.PermissionDenied", "Operation not permitted"])
        finally:
            os.chmod(self.daemon.path, 0o600)


class Frames(DaemonTest):
    def assertEnds(self, data, error="InvalidMessage", descriptors=()):
        with self.peer() as peer:
            peer.send(data, descriptors)
            self.assertError(peer.reply(), error)
            self.assertIsNone(peer.reply())

    def test_what_is_no_call_ends_the_connection(self):
        for data in (b"\0", b"{\0", b"[]\0", b"{}\0", b"null\0", b'{"method":1}\0', b"\xff\xfe\0",
                     b'{"method":"a.b","more":1}\0', b'{"method":"a.b","parameters":[]}\0',
                     b'{"method":"a.b","nonsense":1}\0', b'{"method":"a.b","upgrade":true}\0',
                     b'{"method":"a.b","parameters":{"x":1e999}}\0',
                     b'{"method":"a.b","parameters":{"x":"\\ud800"}}\0'):
            with self.subTest(data=data):
                self.assertEnds(data)

    def test_nothing_is_done_after_what_is_no_call(self):
        call = json.dumps({"method": CONTROL + "Begin",
                           "parameters": begin_parameters(self.target)}).encode() + b"\0"
        with self.peer() as peer:
            peer.send(b"{\0" + call)
            self.assertError(peer.reply(), "InvalidMessage")
            self.assertIsNone(peer.reply())

    def test_what_came_before_is_answered(self):
        with self.peer() as peer:
            peer.send(b'{"method":"org.varlink.service.GetInfo"}\0{\0')
            self.assertNotIn("error", peer.reply())
            self.assertError(peer.reply(), "InvalidMessage")
            self.assertIsNone(peer.reply())

    def test_a_frame_of_65536_bytes_is_read_and_one_of_65537_is_not(self):
        frame = b'{"method":"org.varlink.service.GetInfo"}'
        with self.peer() as peer:
            peer.send(frame.ljust(65536) + b"\0")
            self.assertNotIn("error", peer.reply())
        self.assertEnds(frame.ljust(65537) + b"\0")

    def test_a_megabyte_of_brackets_is_refused_soon(self):
        before = self.daemon.cpu_seconds()
        for bracket in (b"[", b"{", b'{"a":', b"[[],"):
            with self.subTest(bracket=bracket), self.peer() as peer:
                try:
                    peer.send(bracket * (1 << 20))
                except OSError:
                    pass
                self.assertError(peer.reply(), "InvalidMessage")
            with self.peer() as peer:
                peer.send((bracket * 65536)[:65536] + b"\0")
                self.assertError(peer.reply(), "InvalidMessage")
        self.assertLess(self.daemon.cpu_seconds() - before, 2)

    def test_a_frame_full_of_values_costs_little(self):
        for value in (b"1", b'"a"', b"{}", b"[]", b"null", b"1.5"):
            count = 60000 // (len(value) + 1)
            frame = b'{"method":"' + CONTROL.encode() + b'List","parameters":{"x":[' \
                + b",".join([value] * count) + b"]}}\0"
            with self.subTest(value=value), self.peer() as peer:
                before = self.daemon.cpu_seconds()
                peer.send(frame)
                self.assertError(peer.reply(), "InvalidParameter", parameter="x")
                self.assertLess(self.daemon.cpu_seconds() - before, 1)

    def test_half_a_frame_leaves_nothing(self):
        with self.peer() as peer:
            peer.send(b'{"method":', [0] * 253)
            self.assertDescriptors(254)

    def test_half_a_frame_and_an_end(self):
        with self.peer() as peer:
            peer.send(b'{"method":')
            peer.socket.shutdown(socket.SHUT_WR)
            self.assertError(peer.reply(), "InvalidMessage")

    def test_descriptors_in_the_middle_of_a_frame(self):
        with self.peer() as peer:
            peer.send(b'{"method":', [0])
            time.sleep(0.05)
            peer.send(b'"a.b"}\0', [0, 1])
            self.assertError(peer.reply(), "InvalidMessage")
            self.assertIsNone(peer.reply())

    def test_replies_that_wait_are_sent_when_the_peer_writes_no_more(self):
        with self.peer() as peer:
            count = 400
            describe = json.dumps({"method": "org.varlink.service.GetInterfaceDescription",
                                   "parameters": {"interface": CONTROL[:-1]}}).encode() + b"\0"
            peer.send(describe * count)
            peer.socket.shutdown(socket.SHUT_WR)
            time.sleep(0.3)
            replies = 0
            while peer.reply() is not None:
                replies += 1
            self.assertEqual(replies, count)

    def test_pipelined_calls_are_answered_in_their_order(self):
        with self.peer() as peer:
            for index in range(500):
                peer.send_call(f"a{index}.b")
            for index in range(500):
                self.assertError(peer.reply(), "InterfaceNotFound", interface=f"a{index}")

    def test_recordings_that_nobody_takes_are_bounded(self):
        with self.peer() as keeper:
            session = self.start(keeper)
            with self.peer(timeout=2) as peer:
                try:
                    for _ in range(3000):
                        peer.send_call("Fetch", {"session": session})
                except OSError:
                    pass
                time.sleep(0.2)
                self.assertLess(self.daemon.descriptors(), self.before + 300)
            keeper.call("Stop", {"session": session})


class Calls(DaemonTest):
    def test_unknown_names(self):
        with self.peer() as peer:
            self.assertError(peer.call(CONTROL + "Nonsense"), "MethodNotFound",
                             method=CONTROL + "Nonsense")
            self.assertError(peer.call("org.example.Nothing"), "InterfaceNotFound",
                             interface="org.example")
            self.assertError(peer.call("List", {"nonsense": 1}), "InvalidParameter",
                             parameter="nonsense")
            self.assertError(peer.call("Stop", {}), "InvalidParameter", parameter="session")
            self.assertError(peer.call("Stop", {"session": "x" * 70}), "NoSuchSession",
                             session="x" * 64)
            self.assertError(peer.call("Commit", {"transaction": ""}), "NoSuchTransaction")
            self.assertError(peer.call("org.varlink.service.GetInterfaceDescription",
                                       {"interface": "a.b"}), "InterfaceNotFound")

    def test_a_oneway_call_has_no_reply(self):
        with self.peer() as peer:
            for method, parameters in (
                    ("List", {}), ("Status", {}), ("Begin", begin_parameters(self.target)),
                    ("org.varlink.service.GetInfo", {}), ("Stop", {"session": "x"}), ("x.y", {})):
                with self.subTest(method=method):
                    peer.send_call(method, parameters, oneway=True)
                    self.assertTrue(peer.is_silent())
            self.assertIn("interfaces", peer.call("org.varlink.service.GetInfo")["parameters"])

    def test_oneway_calls_act_and_are_silent(self):
        with self.peer() as peer:
            session = self.start(peer)
            peer.send_call("Monitor", {"session": session}, oneway=True, more=True)
            peer.send_call("Fetch", {"session": session}, oneway=True)
            peer.send_call("Stop", {"session": session}, oneway=True)
            self.assertTrue(peer.is_silent(1.3))
            reply = peer.call("List")
            self.assertEqual(reply["parameters"]["sessions"][0]["state"], "ended")
            self.assertEqual(peer.received, [])
            self.assertNotIn("error", peer.call("Stop", {"session": session}))

    def test_more_on_a_method_of_one_reply(self):
        with self.peer() as peer:
            reply = peer.call("List", more=True)
            self.assertNotIn("continues", reply)
            self.assertTrue(peer.is_silent())

    def test_descriptors_with_a_call_of_none(self):
        with self.peer() as peer:
            for method in ("List", "Begin", "Commit", "org.varlink.service.GetInfo", "a.b"):
                reply = peer.call(method, descriptors=[0, 1, 2])
                self.assertError(reply, "DescriptorRefused", index=-1)

    def test_begin_with_wrong_values(self):
        event = begin_parameters(1)["events"][0]
        cases = {
            "durationNanoseconds": [0, -1, 1 << 63, 1.5, "1"],
            "ringPages": [0, -1, 3, 1 << 21, 1 << 40, True, ...],
            "events": [[], [event] * 17, [1], {}, [{**event, "frequency": 0}],
                       [{**event, "frequency": -1}], [{**event, "period": 1}],
                       [{**event, "type": -1}], [{**event, "type": 1 << 32}],
                       [{**event, "unit": "apples"}], [{**event, "x": 1}],
                       [{**event, "name": "x" * 5000}]],
            "target": [..., {}, {"pid": 0, "command": ""}, {"pid": -1, "command": ""},
                       {"pid": 1 << 31, "command": ""}, {"pid": 1, "command": "x" * 5000}],
            "kernel": ["all", 1, ...], "lifetime": ["for ever", ...],
            "commandLine": [["x"] * 1025, [1], "x"],
            "enableOnExec": [1, ...], "nonsense": [1],
        }
        with self.peer() as peer:
            for key, values in cases.items():
                for value in values:
                    with self.subTest(key=key, value=str(value)[:60]):
                        reply = peer.call("Begin", begin_parameters(self.target, **{key: value}))
                        self.assertError(reply, "InvalidParameter")
                        self.assertTrue(reply["parameters"]["parameter"].startswith(key))

    def test_a_frequency_above_the_limit(self):
        event = {**begin_parameters(1)["events"][0], "frequency": 20001}
        with self.peer() as peer:
            reply = peer.call("Begin", begin_parameters(self.target, events=[event]))
            self.assertError(reply, "LimitExceeded", limit="limit-frequency", value=20001,
                             maximum=20000)

    def test_transactions_are_limited_and_end_with_their_connection(self):
        with self.peer() as peer:
            for _ in range(16):
                self.begin(peer)
            reply = peer.call("Begin", begin_parameters(self.target))
            self.assertError(reply, "LimitExceeded", limit="limit-sessions", maximum=16)
        def has_room():
            with self.peer() as peer:
                return "error" not in peer.call("Begin", begin_parameters(self.target))
        self.assertTrue(wait_until(has_room, 2))


class Descriptors(DaemonTest):
    def assertRefused(self, declarations, descriptors, **parameters):
        with self.peer() as peer:
            transaction = self.begin(peer)
            reply = self.add(peer, transaction, declarations, descriptors)
            self.assertError(reply, "DescriptorRefused", **parameters)
            self.assertDescriptors(1)
            self.assertError(peer.call("Commit", {"transaction": transaction}),
                             "NoSuchTransaction")

    def test_counts_that_do_not_match(self):
        event = self.event()
        declaration = event_declaration(self.target)
        self.assertRefused([declaration], [], index=-1)
        self.assertRefused([], [event], index=-1)
        self.assertRefused([declaration] * 2, [event], index=-1)
        self.assertRefused([declaration], [event] * 253, index=-1)

    def test_a_second_pidfd_and_second_maps(self):
        pidfd = os.pidfd_open(self.target)
        maps = os.open(f"/proc/{self.target}/maps", os.O_RDONLY)
        self.open += [pidfd, maps]
        self.assertRefused([{"kind": "pidfd"}] * 2, [pidfd, pidfd], index=1)
        self.assertRefused([{"kind": "maps"}] * 2, [maps, maps], index=1)

    def test_declarations_out_of_range(self):
        event = self.event()
        good = event_declaration(self.target)
        for change in ({"event": 1}, {"event": -1}, {"cpu": -1}, {"tid": 0}, {"tid": -5}):
            with self.subTest(change=change):
                self.assertRefused([{**good, **change}], [event], index=0)
        with self.peer() as peer:
            transaction = self.begin(peer)
            for change in ({"kind": "x"}, {"cpu": 1 << 31}, {"event": "0"}, {"tid": ...},
                           {"x": 1}, {"event": 1 << 64}):
                declaration = {k: v for k, v in {**good, **change}.items() if v is not ...}
                self.assertError(self.add(peer, transaction, [declaration], [event]),
                                 "InvalidParameter")
            self.assertError(self.add(peer, transaction, [good] * 254, []), "InvalidParameter")

    def test_another_connection_s_transaction(self):
        with self.peer() as peer, self.peer() as other:
            transaction = self.begin(peer)
            event = self.event()
            reply = self.add(other, transaction, [event_declaration(self.target)], [event])
            self.assertError(reply, "NoSuchTransaction", transaction=transaction)
            self.assertError(other.call("Commit", {"transaction": transaction}),
                             "NoSuchTransaction")
            reply = self.add(peer, transaction, [event_declaration(self.target)], [event])
            self.assertNotIn("error", reply)

    def test_threads_without_end_are_refused(self):
        with self.peer() as peer:
            transaction = self.begin(peer)
            threads = [{"tid": index + 1, "name": "x" * 15} for index in range(512)]
            for _ in range(100):
                reply = self.add(peer, transaction, [], [], threads)
                if "error" in reply:
                    break
            self.assertError(reply, "LimitExceeded")
        with self.peer() as peer:
            transaction = self.begin(peer)
            reply = self.add(peer, transaction, [], [], [{"tid": 1, "name": "x" * 5000}])
            self.assertError(reply, "InvalidParameter")

    def test_descriptors_and_rings_above_the_limits(self):
        event = self.event()
        with self.peer() as peer:
            transaction = self.begin(peer, ringPages=1 << 14)
            reply = self.add(peer, transaction, [event_declaration(self.target)], [event])
            self.assertError(reply, "LimitExceeded", limit="limit-ring-memory")


class Commits(DaemonTest):
    def assertAttachFails(self, declarations, descriptors, **changes):
        with self.peer() as peer:
            transaction = self.begin(peer, **changes)
            if declarations:
                reply = self.add(peer, transaction, declarations, descriptors)
                self.assertNotIn("error", reply)
            reply = peer.call("Commit", {"transaction": transaction})
            self.assertError(reply, "AttachFailed")
            self.assertDescriptors(1)
            self.assertError(peer.call("Commit", {"transaction": transaction}),
                             "NoSuchTransaction")

    def test_an_empty_transaction(self):
        self.assertAttachFails([], [])

    def test_an_event_without_a_ring(self):
        self.assertAttachFails([event_declaration(self.target, ring=False)], [self.event()])
        event = self.event()
        with map_ring(event):
            self.assertAttachFails(
                [event_declaration(self.target), event_declaration(self.target, cpu=1, ring=False)],
                [event, self.event()])

    def test_ring_pages_that_are_not_the_mapping_s(self):
        event = self.event()
        with map_ring(event, 8):
            for pages in (1, 4, 16):
                self.assertAttachFails([event_declaration(self.target)], [event], ringPages=pages)

    def test_the_same_descriptor_twice(self):
        event = self.event()
        with map_ring(event):
            self.assertAttachFails([event_declaration(self.target)] * 2, [event, event])

    def test_the_same_descriptor_as_two_rings(self):
        event = self.event()
        with self.peer() as peer, map_ring(event):
            transaction = self.begin(peer)
            self.add(peer, transaction, [event_declaration(self.target, cpu) for cpu in (0, 1)],
                     [event, event])
            reply = peer.call("Commit", {"transaction": transaction})
            if "error" not in reply:
                time.sleep(0.5)
                session = {"session": reply["parameters"]["session"]}
                self.assertNotIn("error", peer.call("Stop", session))

    def test_records_that_are_not_what_was_declared_end_the_session_only(self):
        for options in ({"sample_type": 2 | 4}, {"sample_type": 1 << 16 | 1 | 2 | 4 | 128 | 64},
                        {"flags": PROFILE + ["write_backward"]}):
            event = self.event(**options)
            with self.subTest(options=options), self.peer() as peer, map_ring(event):
                transaction = self.begin(peer)
                self.add(peer, transaction, [event_declaration(self.target)], [event])
                reply = peer.call("Commit", {"transaction": transaction})
                if "error" in reply:
                    continue
                time.sleep(0.3)
                session = {"session": reply["parameters"]["session"]}
                self.assertNotIn("error", peer.call("Stop", session))

    def test_a_forged_data_head_ends_the_session_only(self):
        for head in (1 << 63, 3, (1 << 64) - 8, 1 << 40):
            event = self.event()
            with self.subTest(head=head), self.peer() as peer, map_ring(event) as ring:
                transaction = self.begin(peer)
                self.add(peer, transaction, [event_declaration(self.target)], [event])
                reply = peer.call("Commit", {"transaction": transaction})
                session = {"session": reply["parameters"]["session"]}
                ring[1024:1032] = head.to_bytes(8, "little")
                reply = peer.call("Status")
                # The kernel may have written its own value first.
                self.assertIn(reply["parameters"]["sessions"][0]["state"], ("ended", "recording"))
                self.assertNotIn("error", peer.call("Stop", session))

    def test_an_event_of_another_user_s_process_and_of_an_ended_one(self):
        with subprocess.Popen(["sleep", "60"], **as_user(ANOTHER)) as process:
            event = self.event(process.pid)
            with self.peer() as peer, map_ring(event):
                transaction = self.begin(peer)
                pidfd = os.pidfd_open(process.pid)
                self.open.append(pidfd)
                self.add(peer, transaction,
                         [event_declaration(process.pid), {"kind": "pidfd"}], [event, pidfd])
                process.kill()
                process.wait()
                reply = peer.call("Commit", {"transaction": transaction})
                session = {"session": reply["parameters"]["session"]}
                self.assertTrue(wait_until(lambda: peer.call("List")["parameters"]["sessions"][0][
                    "state"] == "ended"))
                reply = peer.call("Stop", session)
                self.assertEqual(reply["parameters"]["session"]["endReason"], "targetGone")

    def test_a_target_that_ends_while_the_client_holds_its_descriptors(self):
        """What the daemon closed is still open here, and ready for ever."""
        for declare_pidfd in (True, False):
            with self.subTest(pidfd=declare_pidfd), \
                    subprocess.Popen(["sleep", "60"], **as_user(USER)) as process, \
                    self.peer() as peer:
                event = self.event(process.pid)
                pidfd = os.pidfd_open(process.pid)
                self.open.append(pidfd)
                with map_ring(event):
                    transaction = self.begin(peer)
                    self.add(peer, transaction, [event_declaration(process.pid)], [event])
                    if declare_pidfd:
                        self.add(peer, transaction, [{"kind": "pidfd"}], [pidfd])
                    session = peer.call("Commit", {"transaction": transaction})["parameters"]
                    process.kill()
                    process.wait()
                    time.sleep(0.2)
                    for _ in range(20):
                        state = peer.call("List")["parameters"]["sessions"][0]
                    self.assertEqual((state["state"], state["endReason"]), ("ended", "targetGone"))
                    peer.call("Stop", session)
                    for _ in range(20):
                        self.assertNotIn("error", peer.call("List"))

    def test_more_than_one_message_of_descriptors(self):
        event = self.event()
        with self.peer() as peer, map_ring(event):
            transaction = self.begin(peer)
            rest = [event_declaration(self.target, ring=False)]
            self.add(peer, transaction, [event_declaration(self.target)], [event])
            for count in (253, 47):
                reply = self.add(peer, transaction, rest * count, [event] * count)
                self.assertNotIn("error", reply)
            self.assertDescriptors(1 + 301)
            session = peer.call("Commit", {"transaction": transaction})["parameters"]
            self.assertEqual(peer.call("List")["parameters"]["sessions"][0]["descriptors"], 301)
            self.assertNotIn("error", peer.call("Stop", session))


class Endings(DaemonTest):
    def test_a_client_that_goes_away_after_each_step(self):
        event = self.event()
        declarations = [event_declaration(self.target)]
        for steps in range(5):
            with self.subTest(steps=steps), map_ring(event):
                peer = self.peer()
                if steps > 0:
                    transaction = self.begin(peer, lifetime="connection")
                if steps > 1:
                    self.add(peer, transaction, declarations, [event])
                if steps == 3:
                    peer.send_call("Commit", {"transaction": transaction})
                if steps == 4:
                    peer.call("Commit", {"transaction": transaction})
                peer.close()
                time.sleep(0.1)
                with self.peer() as other:
                    for session in other.call("List")["parameters"]["sessions"]:
                        self.assertEqual(session["state"], "ended")
                        self.assertEqual(session["endReason"], "connectionClosed")
                        other.call("Stop", {"session": session["session"]})
                self.assertDescriptors(0)

    def test_stop_while_others_watch_and_the_watcher_asks(self):
        with self.peer() as peer, self.peer() as watcher, self.peer() as second:
            session = {"session": self.start(peer)}
            for each in (watcher, second):
                self.assertTrue(each.call("Monitor", session, more=True)["continues"])
            self.assertTrue(second.reply()["continues"])
            self.assertNotIn("error", second.call("List"))
            self.assertIn("sessions", second.reply()["parameters"])
            peer.call("Stop", session)
            while (reply := watcher.reply()).get("continues"):
                pass
            self.assertEqual(reply["parameters"]["session"]["state"], "ended")
            self.assertTrue(watcher.is_silent(1.3))
            self.assertTrue(second.is_silent())

    def test_a_watcher_hears_once_that_the_session_broke(self):
        event = self.event()
        with self.peer() as peer, self.peer() as watcher, map_ring(event) as ring:
            transaction = self.begin(peer)
            self.add(peer, transaction, [event_declaration(self.target)], [event])
            session = peer.call("Commit", {"transaction": transaction})["parameters"]
            watcher.send_call("Monitor", session, more=True)
            watcher.reply()
            # Nothing is written while it is disabled, so the forged number stands.
            fcntl.ioctl(event, PERF_EVENT_IOC_DISABLE, 0)
            ring[1024:1032] = (3).to_bytes(8, "little")
            while (reply := watcher.reply()).get("continues"):
                pass
            self.assertEqual(reply["parameters"]["session"]["endReason"], "failed")
            self.assertTrue(watcher.is_silent(1.3))
            peer.call("Stop", session)

    def test_a_watcher_that_goes_away(self):
        with self.peer() as peer:
            session = {"session": self.start(peer)}
            watcher = self.peer()
            watcher.call("Monitor", session, more=True)
            watcher.close()
            time.sleep(1.2)
            self.assertNotIn("error", peer.call("Stop", session))

    def test_a_stop_whose_reply_is_not_read_keeps_the_recording(self):
        with self.peer() as keeper:
            session = self.start(keeper)
            with self.peer() as peer:
                # Until the socket is full, then a Stop behind it.
                for _ in range(60):
                    peer.send_call("org.varlink.service.GetInterfaceDescription",
                                   {"interface": CONTROL[:-1]})
                peer.send_call("Stop", {"session": session})
                time.sleep(0.3)
            time.sleep(0.2)
            reply = keeper.call("Stop", {"session": session})
            self.assertNotIn("error", reply)
            self.assertEqual(len(keeper.received), 1)


class FewDescriptors(DaemonTest):
    limits = ["--nofile=64:64"]

    def test_more_descriptors_than_the_daemon_may_have(self):
        with self.peer() as peer:
            peer.send_call("List", descriptors=[0] * 200)
            self.assertError(peer.reply(), "InvalidMessage")
            self.assertIsNone(peer.reply())

    def test_more_connections_than_descriptors_do_not_keep_it_busy(self):
        peers = [self.peer() for _ in range(80)]
        time.sleep(0.2)
        before = self.daemon.cpu_seconds()
        time.sleep(1)
        self.assertLess(self.daemon.cpu_seconds() - before, 0.3)
        self.assertLess(len(self.daemon.said()), 20000)
        # One that waits is told, now and then, instead of nobody.
        told = [peer for peer in peers if select.select([peer.socket], [], [], 0)[0]]
        self.assertTrue(0 < len(told) < 5, len(told))
        self.assertIn("RLIMIT_NOFILE allows, which is 64", told[0].reply()["parameters"]["reason"])
        for peer in peers[:-1]:
            peer.close()
        self.assertNotIn("error", peers[-1].call("List"))
        peers[-1].close()


if __name__ == "__main__":
    if os.geteuid() != 0:
        print("skipped: the hostile client needs root, to open perf events and to claim uids")
        sys.exit(0)
    unittest.main(verbosity=1)

import Testing
import Varlink

@testable import ControlProtocol

private let clock = Event(
    name: "cpu-clock", type: 1, config: 0, sampling: .frequency(99), unit: .nanoseconds)
private let tracepoint = Event(
    name: "syscalls:sys_enter_getppid", type: 2, config: .max, sampling: .period(1), unit: .count)

private let begin = BeginRequest(
    target: Target(pid: 42, command: "cat"), events: [clock, tracepoint], kernel: .addresses,
    lifetime: .connection, ringPages: 128, enableOnExec: true, followChildren: true,
    durationNanoseconds: 10, lastNanoseconds: 30_000_000_000,
    commandLine: ["profilerctl", "record"])

struct BeginRequestTests {
    @Test func `a request comes back as it was`() throws {
        #expect(try BeginRequest(decoding: begin.parameters) == begin)
        var plain = begin
        plain.durationNanoseconds = nil
        plain.lastNanoseconds = nil
        plain.commandLine = []
        #expect(try BeginRequest(decoding: plain.parameters) == plain)
    }

    @Test(arguments: [true, false])
    func `a request for a cgroup comes back as it was`(isMixed: Bool) throws {
        let cgroup = TargetCgroup(path: "/a.slice/b.service", hasMixedUIDs: isMixed)
        let request = BeginRequest(
            target: Target(.cgroup(cgroup), command: "b.service"), events: [clock], kernel: .mode,
            lifetime: .detached, ringPages: 128)
        #expect(try BeginRequest(decoding: request.parameters) == request)
        #expect(request.target.pid == nil && request.target.cgroup == cgroup)
        // What is about a process makes no sense for it.
        for name in ["enableOnExec", "followChildren"] {
            var parameters = request.parameters
            parameters[name] = true
            #expect(throws: InvalidParameter(name)) { try BeginRequest(decoding: parameters) }
        }
    }

    @Test func `what a cgroup's messages declare comes back as it was`() throws {
        let request = AddRequest(
            transaction: "t",
            descriptors: [
                .cgroupEvents, .mapsOf(42), .maps,
                .event(EventDescriptor(event: 0, cpu: 1, tid: 0, ownsRing: true, isLate: false)),
            ], threads: [TargetThread(tid: 43, name: "b", pid: 42)])
        #expect(try AddRequest(decoding: request.parameters) == request)
    }

    private static let changes: [(String, JSONValue?, String)] = [
        ("target", nil, "target"), ("target", ["pid": 1], "target.command"),
        ("target", ["pid": 0, "command": ""], "target.pid"),
        ("target", ["pid": -1, "command": ""], "target.pid"),
        ("target", ["pid": 2_147_483_648, "command": ""], "target.pid"),
        ("target", ["pid": 1, "command": "", "x": 1], "target.x"),
        (
            "target", ["pid": 1, "command": "", "cgroup": ["path": "/a", "mixedUids": false]],
            "target.pid"
        ),
        ("target", ["command": "", "cgroup": ["path": "/a"]], "target.cgroup.mixedUids"),
        (
            "target", ["command": "", "cgroup": ["path": "a", "mixedUids": true]],
            "target.cgroup.path"
        ),
        ("target", ["command": "", "cgroup": 1], "target.cgroup"),
        (
            "target", ["pid": 1, "command": .string(String(repeating: "x", count: 256))],
            "target.command"
        ),
        ("events", [], "events"), ("events", nil, "events"), ("events", [1], "events[0]"),
        ("events", .array(Array(repeating: [:], count: 17)), "events"),
        ("kernel", "all", "kernel"), ("lifetime", 1, "lifetime"), ("lifetime", nil, "lifetime"),
        ("ringPages", 0, "ringPages"), ("ringPages", -8, "ringPages"),
        ("ringPages", 3, "ringPages"),
        ("ringPages", 2_097_152, "ringPages"), ("ringPages", .int(.max), "ringPages"),
        ("ringPages", .double(8.5), "ringPages"),
        ("enableOnExec", 1, "enableOnExec"), ("followChildren", nil, "followChildren"),
        ("durationNanoseconds", 0, "durationNanoseconds"),
        ("lastNanoseconds", 999_999_999, "lastNanoseconds"),
        ("lastNanoseconds", -1, "lastNanoseconds"),
        ("lastNanoseconds", "30s", "lastNanoseconds"),
        ("durationNanoseconds", -1, "durationNanoseconds"),
        ("durationNanoseconds", .double(1e30), "durationNanoseconds"),
        ("commandLine", ["a", 1], "commandLine[1]"), ("extra", 1, "extra"),
        ("commandLine", .array(Array(repeating: "", count: 1025)), "commandLine"),
    ]

    @Test(arguments: changes)
    func `a wrong value is refused by its name`(key: String, value: JSONValue?, name: String) {
        var fields = begin.parameters
        fields[key] = value
        #expect(throws: InvalidParameter(name)) { try BeginRequest(decoding: fields) }
    }

    private static let eventChanges: [(String, JSONValue?, String)] = [
        ("frequency", 0, "frequency"), ("frequency", -1, "frequency"),
        ("frequency", nil, "frequency"), ("period", 1, "frequency"), ("type", -1, "type"),
        ("type", 4_294_967_296, "type"), ("config", .double(0.5), "config"),
        ("unit", "apples", "unit"), ("x", 1, "x"), ("name", nil, "name"),
        ("name", .string(String(repeating: "é", count: 128)), "name"),
    ]

    @Test(arguments: eventChanges)
    func `a wrong event is refused by its name`(key: String, value: JSONValue?, name: String) {
        guard case .object(var fields) = clock.json else { return }
        fields[key] = value
        var parameters = begin.parameters
        parameters["events"] = [tracepoint.json, .object(fields)]
        #expect(throws: InvalidParameter("events[1].\(name)")) {
            try BeginRequest(decoding: parameters)
        }
    }
}

struct AddRequestTests {
    private let request = AddRequest(
        transaction: "abc",
        descriptors: [
            .event(EventDescriptor(event: 0, cpu: 3, tid: 42, ownsRing: true, isLate: false)),
            .event(EventDescriptor(event: 1, cpu: 0, tid: 43, ownsRing: false, isLate: true)),
            .pidfd, .maps,
        ], threads: [TargetThread(tid: 42, name: "cat")])

    @Test func `a request comes back as it was`() throws {
        #expect(try AddRequest(decoding: request.parameters) == request)
    }

    @Test func `the longest request of a client fits a frame`() {
        let event = EventDescriptor(
            event: 15, cpu: 4095, tid: .max, ownsRing: true, isLate: true)
        let request = AddRequest(
            transaction: "0123456789",
            descriptors: Array(
                repeating: .event(event), count: ControlInterface.maximumDescriptorsPerMessage),
            threads: Array(
                repeating: TargetThread(tid: .max, name: String(repeating: "\u{1}", count: 15)),
                count: 253))
        let call = Call(method: ControlMethod.add.fullName, parameters: request.parameters)
        #expect(call.encoded().count - 1 <= ControlInterface.maximumRequestSize)
    }

    private static let changes: [(String, JSONValue?, String)] = [
        ("transaction", 1, "transaction"), ("descriptors", nil, "descriptors"),
        ("descriptors", .array(Array(repeating: ["kind": "maps"], count: 254)), "descriptors"),
        ("descriptors", [["kind": "file"]], "descriptors[0].kind"),
        ("descriptors", [["kind": "maps"], ["kind": "maps", "cpu": 1]], "descriptors[1].cpu"),
        ("descriptors", [["kind": "event", "event": 0, "cpu": 0]], "descriptors[0].tid"),
        (
            "descriptors", [["kind": "event", "event": 0, "cpu": 2_147_483_648, "tid": 1]],
            "descriptors[0].cpu"
        ),
        ("threads", .array(Array(repeating: [:], count: 513)), "threads"),
        (
            "threads", [["tid": 1, "name": .string(String(repeating: "x", count: 256))]],
            "threads[0].name"
        ),
    ]

    @Test(arguments: changes)
    func `a wrong value is refused by its name`(key: String, value: JSONValue?, name: String) {
        var fields = request.parameters
        fields[key] = value
        #expect(throws: InvalidParameter(name)) { try AddRequest(decoding: fields) }
    }
}

struct StatusTests {
    private let status = SessionStatus(
        session: "abc", pid: 42, command: "cat", uid: .max, state: .ended, events: [clock],
        kernel: .mode, lifetime: .detached, startedAt: 1, elapsedNanoseconds: 2,
        durationNanoseconds: 3, lastNanoseconds: 9, threads: 4, descriptors: 5, samples: 6, lost: 7,
        losses: SessionLosses(
            ring: 1, kernel: 2, service: 4, throttles: 9, throttledNanoseconds: 10, gaps: 11,
            gapNanoseconds: 12),
        bytes: 8, endReason: .failed, error: "why")

    @Test func `a session's status comes back as it was`() throws {
        #expect(try SessionStatus(decoding: ["session": status.json]) == status)
        var running = status
        running.state = .recording
        running.endReason = nil
        running.error = nil
        running.durationNanoseconds = nil
        running.lastNanoseconds = nil
        #expect(
            try SessionStatus.list(decoding: ["sessions": [status.json, running.json]])
                == [status, running])
    }

    @Test func `the service's status comes back as it was`() throws {
        let service = ServiceStatus(
            version: "1", pid: 2, uid: .max, startedAt: 3, sessions: 4, samples: 5, lost: 6,
            violations: 7, limits: Limits())
        #expect(try ServiceStatus(decoding: ["service": service.json]) == service)
    }
}

struct ControlErrorTests {
    @Test(
        arguments: [
            .permissionDenied(rule: "r", reason: "s", claimedUID: .max, ownUID: 0),
            .permissionDenied(rule: "r", reason: "s", claimedUID: nil, ownUID: 1000),
            .limitExceeded(limit: "l", value: 2, maximum: 1, reason: "s"),
            .noSuchSession("x"), .noSuchTransaction("x"),
            .descriptorRefused(index: -1, reason: "s"),
            .attachFailed(reason: "s"), .invalidMessage(reason: "s"), .interfaceNotFound("x"),
            .methodNotFound("x"), .invalidParameter("x"), .expectedMore, .other(name: "a.b.C"),
        ] as [ControlError])
    func `an error comes back as it was`(error: ControlError) throws {
        let frame = Array(error.reply.encoded().dropLast())
        #expect(ControlError(try Reply(decoding: frame)) == error)
        #expect(!error.description.isEmpty)
    }

    @Test func `a known error with wrong parameters is only a name`() {
        let name = "io.profilerd.Control.NoSuchSession"
        #expect(ControlError(Reply(["session": 1], error: name)) == .other(name: name))
        #expect(ControlError(Reply()) == nil)
    }

    @Test func `every method and error is in the interface's description`() {
        let text = ControlInterface.description
        #expect(text.contains("interface \(ControlInterface.name)\n"))
        for method in ControlMethod.allCases {
            #expect(text.contains("\nmethod \(method.rawValue)("))
            #expect(ControlMethod(fullName: method.fullName) == method)
        }
        for name in [
            "PermissionDenied", "LimitExceeded", "NoSuchSession", "NoSuchTransaction",
            "DescriptorRefused", "AttachFailed", "InvalidMessage",
        ] { #expect(text.contains("\nerror \(name) (")) }
        #expect(ControlMethod(fullName: "Begin") == nil)
        #expect(ControlMethod(fullName: "io.profilerd.Control.begin") == nil)
        #expect(ControlMethod(fullName: "io.profilerd.Control.") == nil)
    }
}

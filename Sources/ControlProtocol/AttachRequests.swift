// The three calls that hand a session over: Begin, Add, Commit.

public import Varlink

/// What is to be profiled, as the client sees it.
public struct Target: Hashable, Sendable {
    /// It decides whose samples are recorded: those of other processes than a process that is the
    /// target are not.
    public enum Kind: Hashable, Sendable {
        case process(Int32)
        case cgroup(TargetCgroup)
    }

    public var kind: Kind
    /// The process' own name (`/proc/PID/comm`), or what the user called the cgroup.
    public var command: String

    public init(_ kind: Kind, command: String) {
        self.kind = kind
        self.command = command
    }

    public init(pid: Int32, command: String) {
        self.init(.process(pid), command: command)
    }

    /// Nil for a cgroup.
    public var pid: Int32? {
        if case .process(let pid) = kind { pid } else { nil }
    }

    /// Nil for a process.
    public var cgroup: TargetCgroup? {
        if case .cgroup(let cgroup) = kind { cgroup } else { nil }
    }
}

/// Every process that is in a cgroup, or below it, while the session records.
public struct TargetCgroup: Hashable, Sendable {
    /// Its place in the hierarchy, `/system.slice/my-server.service`.
    public var path: String
    /// The client was told to hand over what other users' processes do in it.
    public var hasMixedUIDs: Bool

    public init(path: String, hasMixedUIDs: Bool = false) {
        self.path = path
        self.hasMixedUIDs = hasMixedUIDs
    }
}

/// A thread of the target and its name (`/proc/PID/task/TID/comm`).
public struct TargetThread: Hashable, Sendable {
    public var tid: Int32
    public var name: String
    /// Its process; nil where that is the target.
    public var pid: Int32?

    public init(tid: Int32, name: String, pid: Int32? = nil) {
        self.tid = tid
        self.name = name
        self.pid = pid
    }
}

/// What ends a session besides Stop, its duration and the end of its target.
public enum Lifetime: String, Hashable, Sendable {
    /// The end of the connection that committed it.
    case connection
    /// Nothing.
    case detached
}

/// `Begin`: what will be profiled and how.
public struct BeginRequest: Hashable, Sendable {
    public var target: Target
    public var events: [Event]
    public var kernel: KernelDetail
    public var lifetime: Lifetime
    /// Data pages of each ring, a power of two.
    public var ringPages: Int
    /// The kernel starts the events at the target's execve(2).
    public var enableOnExec: Bool
    public var followChildren: Bool
    public var durationNanoseconds: UInt64?
    /// The recording keeps only so much of its last time; nil for everything.
    public var lastNanoseconds: UInt64?
    /// What the user asked the client for, kept in the recording.
    public var commandLine: [String]

    public init(
        target: Target, events: [Event], kernel: KernelDetail, lifetime: Lifetime,
        ringPages: Int, enableOnExec: Bool = false, followChildren: Bool = false,
        durationNanoseconds: UInt64? = nil, lastNanoseconds: UInt64? = nil,
        commandLine: [String] = []
    ) {
        self.target = target
        self.events = events
        self.kernel = kernel
        self.lifetime = lifetime
        self.ringPages = ringPages
        self.enableOnExec = enableOnExec
        self.followChildren = followChildren
        self.durationNanoseconds = durationNanoseconds
        self.lastNanoseconds = lastNanoseconds
        self.commandLine = commandLine
    }
}

/// One descriptor of an `Add`, in the order of the message's `SCM_RIGHTS`.
public enum DescriptorDeclaration: Hashable, Sendable {
    /// A perf event of kind `event` on one thread and CPU.
    case event(EventDescriptor)
    /// A pidfd of the target (pidfd_open(2)).
    case pidfd
    /// The target's opened `/proc/PID/maps`.
    case maps
    /// That of a process in the target, which is a cgroup.
    case mapsOf(Int32)
    /// `cgroup.events` of the target.
    case cgroupEvents
}

/// What the client says about one perf event's descriptor.
public struct EventDescriptor: Hashable, Sendable {
    /// The index of its kind in `BeginRequest.events`.
    public var event: Int
    public var cpu: Int32
    /// 0 where the target is a cgroup.
    public var tid: Int32
    /// The client mapped the CPU's ring on this one and directed the CPU's others to it.
    public var ownsRing: Bool
    /// The thread was found after others had been opened: it may also have inherited an event.
    public var isLate: Bool

    public init(event: Int, cpu: Int32, tid: Int32, ownsRing: Bool, isLate: Bool) {
        self.event = event
        self.cpu = cpu
        self.tid = tid
        self.ownsRing = ownsRing
        self.isLate = isLate
    }
}

/// `Add`: the descriptors that ride with the message, and names of threads.
public struct AddRequest: Hashable, Sendable {
    /// The most threads that one message names.
    public static let maximumThreads = 512

    public var transaction: String
    public var descriptors: [DescriptorDeclaration]
    public var threads: [TargetThread]

    public init(
        transaction: String, descriptors: [DescriptorDeclaration], threads: [TargetThread] = []
    ) {
        self.transaction = transaction
        self.descriptors = descriptors
        self.threads = threads
    }
}

// MARK: - JSON

extension ParameterReader {
    /// A string that is no longer than names may be: the service keeps it, and tells it to others.
    mutating func name(_ key: String) throws(InvalidParameter) -> String {
        let name = try string(key)
        if name.utf8.count > ControlInterface.maximumNameSize {
            throw InvalidParameter(parameterName(key))
        }
        return name
    }
}

extension Target {
    init(from reader: inout ParameterReader) throws(InvalidParameter) {
        let cgroup = try TargetCgroup(optionalIn: &reader)
        if let cgroup {
            kind = .cgroup(cgroup)
            if try reader.optionalInt("pid", as: Int32.self) != nil {
                throw InvalidParameter(reader.parameterName("pid"))
            }
        } else {
            let pid = try reader.int("pid", as: Int32.self)
            if pid <= 0 { throw InvalidParameter(reader.parameterName("pid")) }
            kind = .process(pid)
        }
        command = try reader.name("command")
    }

    var json: JSONValue {
        switch kind {
        case .process(let pid): ["pid": .int(Int64(pid)), "command": .string(command)]
        case .cgroup(let cgroup): ["cgroup": cgroup.json, "command": .string(command)]
        }
    }
}

extension TargetCgroup {
    /// The longest path in bytes (PATH_MAX).
    public static let longestPath = 4096

    /// Nil where there is none.
    init?(optionalIn reader: inout ParameterReader) throws(InvalidParameter) {
        let cgroup = try reader.optionalObject("cgroup") { reader throws(InvalidParameter) in
            let path = try reader.string("path")
            guard path.hasPrefix("/"), path.utf8.count <= Self.longestPath else {
                throw InvalidParameter(reader.parameterName("path"))
            }
            return TargetCgroup(path: path, hasMixedUIDs: try reader.bool("mixedUids"))
        }
        guard let cgroup else { return nil }
        self = cgroup
    }

    var json: JSONValue { ["path": .string(path), "mixedUids": .bool(hasMixedUIDs)] }
}

extension BeginRequest {
    /// The most kinds of events in a session.
    public static let maximumEvents = 16
    /// The least `lastNanoseconds`: it is kept in quarters, each of which has a beginning to be written.
    public static let shortestLast: UInt64 = 1_000_000_000

    public init(decoding fields: [String: JSONValue]) throws(InvalidParameter) {
        var reader = ParameterReader(fields)
        target = try reader.object("target") { reader throws(InvalidParameter) in
            try Target(from: &reader)
        }
        events = try reader.array("events", limit: Self.maximumEvents) {
            reader throws(InvalidParameter) in try Event(from: &reader)
        }
        kernel = try reader.word("kernel")
        lifetime = try reader.word("lifetime")
        ringPages = try reader.int("ringPages")
        enableOnExec = try reader.bool("enableOnExec")
        followChildren = try reader.bool("followChildren")
        durationNanoseconds = try reader.optionalInt("durationNanoseconds")
        lastNanoseconds = try reader.optionalInt("lastNanoseconds")
        commandLine = try reader.strings("commandLine", limit: 1024)
        try reader.finish()
        if events.isEmpty { throw InvalidParameter("events") }
        if ringPages <= 0 || ringPages & (ringPages - 1) != 0 || ringPages > 1 << 20 {
            throw InvalidParameter("ringPages")
        }
        if let lastNanoseconds, lastNanoseconds < Self.shortestLast {
            throw InvalidParameter("lastNanoseconds")
        }
        if durationNanoseconds == 0 { throw InvalidParameter("durationNanoseconds") }
        // Neither means anything for what is of no process.
        if target.cgroup != nil && enableOnExec { throw InvalidParameter("enableOnExec") }
        if target.cgroup != nil && followChildren { throw InvalidParameter("followChildren") }
    }

    public var parameters: [String: JSONValue] {
        var fields: [String: JSONValue] = [
            "target": target.json, "events": .array(events.map(\.json)),
            "kernel": .string(kernel.rawValue), "lifetime": .string(lifetime.rawValue),
            "ringPages": .int(Int64(ringPages)), "enableOnExec": .bool(enableOnExec),
            "followChildren": .bool(followChildren),
            "commandLine": .array(commandLine.map(JSONValue.string)),
        ]
        if let durationNanoseconds {
            fields["durationNanoseconds"] = .int(Int64(clamping: durationNanoseconds))
        }
        if let lastNanoseconds {
            fields["lastNanoseconds"] = .int(Int64(clamping: lastNanoseconds))
        }
        return fields
    }
}

extension AddRequest {
    public init(decoding fields: [String: JSONValue]) throws(InvalidParameter) {
        var reader = ParameterReader(fields)
        transaction = try reader.string("transaction")
        descriptors = try reader.array(
            "descriptors", limit: ControlInterface.maximumDescriptorsPerMessage
        ) { reader throws(InvalidParameter) in
            try DescriptorDeclaration(from: &reader)
        }
        threads = try reader.array("threads", limit: Self.maximumThreads) {
            reader throws(InvalidParameter) in
            TargetThread(
                tid: try reader.int("tid"), name: try reader.name("name"),
                pid: try reader.optionalInt("pid"))
        }
        try reader.finish()
    }

    public var parameters: [String: JSONValue] {
        [
            "transaction": .string(transaction),
            "descriptors": .array(descriptors.map(\.json)),
            "threads": .array(threads.map(\.json)),
        ]
    }
}

extension TargetThread {
    fileprivate var json: JSONValue {
        var fields: [String: JSONValue] = ["tid": .int(Int64(tid)), "name": .string(name)]
        if let pid { fields["pid"] = .int(Int64(pid)) }
        return .object(fields)
    }
}

extension DescriptorDeclaration {
    init(from reader: inout ParameterReader) throws(InvalidParameter) {
        switch try reader.string("kind") {
        case "pidfd": self = .pidfd
        case "maps": self = try reader.optionalInt("pid").map { .mapsOf($0) } ?? .maps
        case "cgroupEvents": self = .cgroupEvents
        case "event":
            self = .event(
                EventDescriptor(
                    event: try reader.int("event"), cpu: try reader.int("cpu"),
                    tid: try reader.int("tid"),
                    ownsRing: try reader.optionalBool("ring") ?? false,
                    isLate: try reader.optionalBool("late") ?? false))
        default: throw InvalidParameter(reader.parameterName("kind"))
        }
    }

    var json: JSONValue {
        switch self {
        case .pidfd: return ["kind": "pidfd"]
        case .maps: return ["kind": "maps"]
        case .mapsOf(let pid): return ["kind": "maps", "pid": .int(Int64(pid))]
        case .cgroupEvents: return ["kind": "cgroupEvents"]
        case .event(let event):
            var fields: [String: JSONValue] = [
                "kind": "event", "event": .int(Int64(event.event)), "cpu": .int(Int64(event.cpu)),
                "tid": .int(Int64(event.tid)),
            ]
            if event.ownsRing { fields["ring"] = true }
            if event.isLate { fields["late"] = true }
            return .object(fields)
        }
    }
}

// The three calls that hand a session over: Begin, Add, Commit.

public import Varlink

/// The process to be profiled, as the client sees it.
public struct Target: Hashable, Sendable {
    public var pid: Int32
    /// The process' own name (`/proc/PID/comm`).
    public var command: String

    public init(pid: Int32, command: String) {
        self.pid = pid
        self.command = command
    }
}

/// A thread of the target and its name (`/proc/PID/task/TID/comm`).
public struct TargetThread: Hashable, Sendable {
    public var tid: Int32
    public var name: String

    public init(tid: Int32, name: String) {
        self.tid = tid
        self.name = name
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
    /// What the user asked the client for, kept in the recording.
    public var commandLine: [String]

    public init(
        target: Target, events: [Event], kernel: KernelDetail, lifetime: Lifetime,
        ringPages: Int, enableOnExec: Bool = false, followChildren: Bool = false,
        durationNanoseconds: UInt64? = nil, commandLine: [String] = []
    ) {
        self.target = target
        self.events = events
        self.kernel = kernel
        self.lifetime = lifetime
        self.ringPages = ringPages
        self.enableOnExec = enableOnExec
        self.followChildren = followChildren
        self.durationNanoseconds = durationNanoseconds
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
}

/// What the client says about one perf event's descriptor.
public struct EventDescriptor: Hashable, Sendable {
    /// The index of its kind in `BeginRequest.events`.
    public var event: Int
    public var cpu: Int32
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
        pid = try reader.int("pid")
        command = try reader.name("command")
        if pid <= 0 { throw InvalidParameter(reader.parameterName("pid")) }
    }

    var json: JSONValue { ["pid": .int(Int64(pid)), "command": .string(command)] }
}

extension BeginRequest {
    /// The most kinds of events in a session.
    public static let maximumEvents = 16

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
        commandLine = try reader.strings("commandLine", limit: 1024)
        try reader.finish()
        if events.isEmpty { throw InvalidParameter("events") }
        if ringPages <= 0 || ringPages & (ringPages - 1) != 0 || ringPages > 1 << 20 {
            throw InvalidParameter("ringPages")
        }
        if durationNanoseconds == 0 { throw InvalidParameter("durationNanoseconds") }
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
            TargetThread(tid: try reader.int("tid"), name: try reader.name("name"))
        }
        try reader.finish()
    }

    public var parameters: [String: JSONValue] {
        [
            "transaction": .string(transaction),
            "descriptors": .array(descriptors.map(\.json)),
            "threads": .array(
                threads.map { ["tid": .int(Int64($0.tid)), "name": .string($0.name)] }),
        ]
    }
}

extension DescriptorDeclaration {
    init(from reader: inout ParameterReader) throws(InvalidParameter) {
        switch try reader.string("kind") {
        case "pidfd": self = .pidfd
        case "maps": self = .maps
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

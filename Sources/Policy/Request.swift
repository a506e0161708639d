// What is decided about. A request is described by what it asks for; who asks is a separate
// argument, and nothing of it is ever taken from here.

public import ControlProtocol

/// A method as rules name it: those of `io.profilerd.Control` and of `org.varlink.service`.
public enum RequestMethod: String, Hashable, Sendable, CaseIterable {
    case getInfo = "GetInfo"
    case getInterfaceDescription = "GetInterfaceDescription"
    case begin = "Begin"
    case add = "Add"
    case commit = "Commit"
    case list = "List"
    case status = "Status"
    case monitor = "Monitor"
    case stop = "Stop"
    case fetch = "Fetch"

    /// Whether such a request is about one session, so that it has events, a duration and so on.
    public var concernsSession: Bool {
        switch self {
        case .getInfo, .getInterfaceDescription, .list, .status: false
        case .begin, .add, .commit, .monitor, .stop, .fetch: true
        }
    }
}

extension RequestMethod {
    private static let serviceInterface = "org.varlink.service"

    /// The method of that full name; nil where neither interface has one.
    public init?(fullName: String) {
        if let method = ControlMethod(fullName: fullName) {
            self.init(rawValue: method.rawValue)
            return
        }
        switch fullName {
        case "\(Self.serviceInterface).\(Self.getInfo.rawValue)": self = .getInfo
        case "\(Self.serviceInterface).\(Self.getInterfaceDescription.rawValue)":
            self = .getInterfaceDescription
        default: return nil
        }
    }
}

/// The session that a request begins, hands over, watches, ends or reads, as its client described
/// it. The kernel says nothing of a descriptor's attributes, so a rule about these binds what is
/// asked for; what the descriptors then deliver is checked where it is read.
public struct SessionFacts: Hashable, Sendable {
    public var events: [Event]
    /// The samples have kernel call chains, and so kernel addresses.
    public var hasKernelFrames: Bool
    /// Nil for a session without an end of its own.
    public var duration: Duration?
    /// The cgroup that is profiled; nil for a process.
    public var cgroup: TargetCgroup?

    public init(
        events: [Event], hasKernelFrames: Bool = false, duration: Duration? = nil,
        cgroup: TargetCgroup? = nil
    ) {
        self.events = events
        self.hasKernelFrames = hasKernelFrames
        self.duration = duration
        self.cgroup = cgroup
    }

    /// Processes of other users than the daemon's are to be sampled, too.
    public var hasMixedUIDs: Bool { cgroup?.hasMixedUIDs ?? false }

    public init(_ request: BeginRequest) {
        self.init(
            events: request.events, hasKernelFrames: request.kernel == .addresses,
            // A number beyond Int64 is no end either.
            duration: request.durationNanoseconds.flatMap {
                Int64(exactly: $0).map { .nanoseconds($0) }
            }, cgroup: request.target.cgroup)
    }
}

/// What a request would use beyond an answer, for the limits.
public enum Demand: Hashable, Sendable {
    /// Only an answer, or the end of a session.
    case nothing
    /// A session more than `running` and `pending` ones.
    case session(running: Int, pending: Int)
    /// A message of `message` descriptors, after which the session has `total` descriptors, names
    /// `threads` threads, and has rings of `ringMemory` bytes together.
    case descriptors(message: Int, total: Int, threads: Int, ringMemory: UInt64)
}

/// One request, without who made it.
public struct Request: Hashable, Sendable {
    public let method: RequestMethod
    /// Nil where the request concerns no session, or one that is not there.
    public let session: SessionFacts?
    public let demand: Demand

    public init(
        _ method: RequestMethod, about session: SessionFacts? = nil, demanding: Demand = .nothing
    ) {
        self.method = method
        self.session = session
        self.demand = demanding
    }
}

/// What the kernel said of a connection when it was accepted. It is no identity of a request: it
/// can only restrict or permit what the request's own credentials have already made possible.
///
/// There is no process id here, no executable and no unit: nothing can be decided by them.
public struct ConnectionFacts: Hashable, Sendable {
    /// The effective uid of who connected (`SO_PEERCRED`); nil where it is not known.
    public var uid: UInt32?
    /// The effective gid (`SO_PEERCRED`) and the supplementary groups (`SO_PEERGROUPS`).
    public var groups: Set<UInt32>
    /// The security module's label (`SO_PEERSEC`); nil where there is none.
    public var label: String?

    public init(uid: UInt32? = nil, groups: Set<UInt32> = [], label: String? = nil) {
        self.uid = uid
        self.groups = groups
        self.label = label
    }
}

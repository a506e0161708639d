// One rule of the ordered list. Its conditions are ANDed, the values of one condition ORed, and a
// condition about what a request has not never holds, in an allowing and in a denying rule alike.
//
// Where a condition is about several things at once, its sense follows the action, so that no
// mixture slips through: an allowing rule holds only for requests that lie entirely inside what it
// names; a denying rule holds for those that touch it (an event) or pass it (a maximum).
//
//     condition   in an allowing rule                     in a denying rule
//     event       every requested event is listed         any requested event is listed
//     frequency   no event asks for more, and each says   any event asks for more, or does not
//                 how often it samples                    say (a period has no frequency)
//     duration    the session ends within it              it ends later, or never

internal import ControlProtocol
internal import SocketCredentials

/// A text to compare with: exact, or with a trailing `*` its beginning. Compared byte by byte.
public struct TextPattern: Hashable, Sendable, CustomStringConvertible {
    private let text: String
    private let isPrefix: Bool

    public init(_ pattern: String) {
        isPrefix = pattern.utf8.last == UInt8(ascii: "*")
        text = isPrefix ? String(pattern.dropLast()) : pattern
    }

    public func matches(_ other: String) -> Bool {
        isPrefix ? other.utf8.starts(with: text.utf8) : other.utf8.elementsEqual(text.utf8)
    }

    public var description: String { isPrefix ? text + "*" : text }
}

/// A rule of the configuration.
public struct PolicyRule: Hashable, Sendable {
    public enum Action: String, Hashable, Sendable, CaseIterable {
        case allow
        case deny
    }

    /// As it is in replies and in the journal.
    public var name: RuleName
    public var action: Action
    public var conditions: Conditions

    public init(_ name: RuleName, _ action: Action, _ conditions: Conditions = Conditions()) {
        self.name = name
        self.action = action
        self.conditions = conditions
    }

    /// What a rule asks of a request; nil where it does not ask.
    public struct Conditions: Hashable, Sendable {
        /// The claimed uid, which is always the daemon's own: for a file of several daemons.
        public var uids: Set<UInt32>?
        /// The claimed gid.
        public var gids: Set<UInt32>?
        /// The uid of who connected.
        public var peerUIDs: Set<UInt32>?
        /// A group of who connected.
        public var peerGroups: Set<UInt32>?
        /// The security label of who connected.
        public var peerLabels: [TextPattern]?
        public var methods: Set<RequestMethod>?
        public var events: [TextPattern]?
        public var kernelFrames: Set<Bool>?
        /// The most samples a second of each event.
        public var frequencies: [UInt64]?
        /// The longest time a session may last.
        public var durations: [Duration]?
        /// Whether a cgroup is recorded with the processes of other users in it.
        public var mixedUIDs: Set<Bool>?

        public init() {}
    }
}

/// Everything that a rule can look at: what the kernel said, and what is asked for.
struct Subject {
    let uid: UInt32?
    let gid: UInt32?
    let connection: ConnectionFacts
    let request: Request

    /// Numbers that stand for everyone without a number are nobody's, and match nothing.
    init(
        _ credentials: Credentials?, _ connection: ConnectionFacts, _ request: Request,
        _ overflow: OverflowIDs
    ) {
        uid = credentials?.uid.flatMap { Self.known($0, overflow.uid) }
        gid = credentials?.gid.flatMap { Self.known($0, overflow.gid) }
        self.connection = ConnectionFacts(
            uid: connection.uid.flatMap { Self.known($0, overflow.uid) },
            groups: connection.groups.filter { Self.known($0, overflow.gid) != nil },
            label: connection.label)
        self.request = request
    }

    private static func known(_ number: UInt32, _ overflow: UInt32) -> UInt32? {
        number == overflow || number == .max ? nil : number
    }
}

extension PolicyRule {
    /// Whether every condition of the rule holds.
    func matches(_ subject: Subject) -> Bool {
        let peer = subject.connection
        return holds(conditions.uids, of: subject.uid) { $0.contains($1) }
            && holds(conditions.gids, of: subject.gid) { $0.contains($1) }
            && holds(conditions.peerUIDs, of: peer.uid) { $0.contains($1) }
            && holds(conditions.peerGroups, of: peer.groups) { !$0.isDisjoint(with: $1) }
            && holds(conditions.peerLabels, of: peer.label) { patterns, label in
                patterns.contains { $0.matches(label) }
            }
            && holds(conditions.methods, of: subject.request.method) { $0.contains($1) }
            && matches(subject.request.session)
    }

    private func matches(_ session: SessionFacts?) -> Bool {
        holds(conditions.events, of: session?.events, events)
            && holds(conditions.kernelFrames, of: session?.hasKernelFrames) { $0.contains($1) }
            && holds(conditions.mixedUIDs, of: session?.hasMixedUIDs) { $0.contains($1) }
            && holds(conditions.frequencies, of: session?.events, frequencies)
            && holds(conditions.durations, of: session) { maxima, session in
                maxima.contains { maximum in
                    let isWithin = session.duration.map { $0 <= maximum } ?? false
                    return action == .allow ? isWithin : !isWithin
                }
            }
    }

    private func events(_ patterns: [TextPattern], _ events: [Event]) -> Bool {
        let isListed = { (event: Event) in patterns.contains { $0.matches(event.name) } }
        return action == .allow
            ? !events.isEmpty && events.allSatisfy(isListed) : events.contains(where: isListed)
    }

    private func frequencies(_ maxima: [UInt64], _ events: [Event]) -> Bool {
        maxima.contains { maximum in
            let isWithin = { (event: Event) in
                guard case .frequency(let frequency) = event.sampling else { return false }
                return frequency <= maximum
            }
            return action == .allow
                ? !events.isEmpty && events.allSatisfy(isWithin)
                : events.contains { !isWithin($0) }
        }
    }

    /// True where the rule does not ask; false where it asks for what the request has not.
    private func holds<Values, Value>(
        _ values: Values?, of value: Value?, _ test: (Values, Value) -> Bool
    ) -> Bool {
        guard let values else { return true }
        return value.map { test(values, $0) } ?? false
    }
}

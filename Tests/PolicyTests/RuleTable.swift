import ControlProtocol
import SocketCredentials
import Testing

@testable import Policy

/// A list of rules, a request of the own uid, and who decides it.
struct RuleRow: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var rules: [PolicyRule]
    var request: Request
    var credentials: Credentials
    var connection: ConnectionFacts
    /// The rule that allows; nil where it is denied.
    var allowedBy: String?
    var deniedBy: String?

    init(
        _ description: String, _ rules: [PolicyRule], _ request: Request = Request(.list),
        from credentials: Credentials = message(), over connection: ConnectionFacts = .init(),
        allow: String? = nil, deny: String? = nil
    ) {
        testDescription = description
        self.rules = rules
        self.request = request
        self.credentials = credentials
        self.connection = connection
        allowedBy = allow
        deniedBy = deny
    }
}

private let none = "default-deny"
let sudo = ConnectionFacts(uid: 0, groups: [0])
let own = ConnectionFacts(uid: 1000, groups: [1000, 10], label: "user_u:user_r:user_t:s0")

func session(
    _ method: RequestMethod = .begin, _ events: [Event] = [event()], kernel: Bool = false,
    for duration: Duration? = nil, mixed: Bool? = nil
) -> Request {
    Request(
        method,
        about: SessionFacts(
            events: events, hasKernelFrames: kernel, duration: duration,
            cgroup: mixed.map { TargetCgroup(path: "/a", hasMixedUIDs: $0) }))
}

let order: [RuleRow] = [
    .init("no rule at all", [], deny: none),
    .init("a rule without conditions", [rule("a", .allow)], allow: "a"),
    .init("a denial without conditions", [rule("a", .deny)], deny: "a"),
    .init("the first of two decides", [rule("a", .deny), rule("b", .allow)], deny: "a"),
    .init("and so the other way round", [rule("b", .allow), rule("a", .deny)], allow: "b"),
    .init(
        "a rule that does not match is passed over",
        [rule("a", .deny) { $0.methods = [.stop] }, rule("b", .allow)], allow: "b"),
    .init(
        "none of several matches",
        [rule("a", .allow) { $0.methods = [.stop] }, rule("b", .allow) { $0.uids = [0] }],
        deny: none),
    .init(
        "conditions are all needed: both hold",
        [
            rule("a", .allow) {
                $0.methods = [.list]; $0.peerUIDs = [0]
            }
        ], over: sudo, allow: "a"),
    .init(
        "conditions are all needed: one does not",
        [
            rule("a", .allow) {
                $0.methods = [.list]; $0.peerUIDs = [0]
            }
        ], over: own, deny: none),
    .init(
        "conditions are all needed: nor the other",
        [
            rule("a", .allow) {
                $0.methods = [.list]; $0.peerUIDs = [0]
            }
        ], Request(.stop),
        over: sudo, deny: none),
    .init(
        "of one condition one value is enough", [rule("a", .allow) { $0.uids = [1, 1000, 2] }],
        allow: "a"),
    .init("an empty condition holds for nobody", [rule("a", .allow) { $0.uids = [] }], deny: none),
]

let who: [RuleRow] = [
    .init("the claimed uid", [rule("a", .allow) { $0.uids = [1000] }], allow: "a"),
    .init("another claimed uid", [rule("a", .allow) { $0.uids = [1001] }], deny: none),
    .init(
        "the claimed uid is not the connection's",
        [
            rule("a", .deny) { $0.uids = [0] },
            rule("b", .allow),
        ], over: sudo, allow: "b"),
    .init(
        "the claimed gid", [rule("a", .allow) { $0.gids = [10] }], from: message(42, 1000, 10),
        allow: "a"),
    .init("another claimed gid", [rule("a", .allow) { $0.gids = [10] }], deny: none),
    .init(
        "the connection's group is not the claimed gid", [rule("a", .allow) { $0.gids = [10] }],
        over: own, deny: none),
    .init(
        "the overflow gid is nobody's", [rule("a", .allow) { $0.gids = [65534] }],
        from: message(42, 1000, 65534), deny: none),
    .init("root's connection", [rule("a", .deny) { $0.peerUIDs = [0] }], over: sudo, deny: "a"),
    .init(
        "the own user's connection", [rule("a", .deny) { $0.peerUIDs = [0] }, rule("b", .allow)],
        over: own, allow: "b"),
    .init(
        "an unknown connection is not root's", [rule("a", .allow) { $0.peerUIDs = [0] }],
        deny: none),
    .init(
        "an unknown connection is not denied as root's, either",
        [rule("a", .deny) { $0.peerUIDs = [0] }, rule("b", .allow)], allow: "b"),
    .init(
        "the overflow uid connects as nobody", [rule("a", .allow) { $0.peerUIDs = [65534] }],
        over: .init(uid: 65534), deny: none),
    .init(
        "the number of no uid connects as nobody", [rule("a", .allow) { $0.peerUIDs = [.max] }],
        over: .init(uid: .max), deny: none),
    .init(
        "a uid beyond Int32", [rule("a", .allow) { $0.peerUIDs = [4_000_000_000] }],
        over: .init(uid: 4_000_000_000), allow: "a"),
    .init("one of the groups", [rule("a", .allow) { $0.peerGroups = [10] }], over: own, allow: "a"),
    .init(
        "none of the groups", [rule("a", .allow) { $0.peerGroups = [11, 12] }], over: own,
        deny: none),
    .init("no groups", [rule("a", .allow) { $0.peerGroups = [10] }], deny: none),
    .init(
        "the overflow gid among the groups", [rule("a", .allow) { $0.peerGroups = [65534] }],
        over: .init(uid: 1, groups: [65534]), deny: none),
    .init(
        "the claimed gid is none of the groups", [rule("a", .allow) { $0.peerGroups = [1000] }],
        over: sudo, deny: none),
    .init(
        "the whole label",
        [rule("a", .allow) { $0.peerLabels = [TextPattern("user_u:user_r:user_t:s0")] }],
        over: own, allow: "a"),
    .init(
        "a beginning is not the label",
        [rule("a", .allow) { $0.peerLabels = [TextPattern("user_u")] }], over: own, deny: none),
    .init(
        "but with a star it is", [rule("a", .allow) { $0.peerLabels = [TextPattern("user_u:*")] }],
        over: own, allow: "a"),
    .init(
        "a star inside is a star",
        [rule("a", .allow) { $0.peerLabels = [TextPattern("user_u:*:user_t:s0")] }], over: own,
        deny: none),
    .init(
        "a star alone is any label", [rule("a", .allow) { $0.peerLabels = [TextPattern("*")] }],
        over: own, allow: "a"),
    .init(
        "but a label there must be", [rule("a", .allow) { $0.peerLabels = [TextPattern("*")] }],
        over: sudo, deny: none),
    .init(
        "letters that look alike are others",
        [rule("a", .allow) { $0.peerLabels = [TextPattern("\u{E9}")] }],
        over: .init(label: "e\u{301}"), deny: none),
]

let what: [RuleRow] = [
    .init("the method", [rule("a", .allow) { $0.methods = [.list] }], allow: "a"),
    .init("another method", [rule("a", .allow) { $0.methods = [.status] }], deny: none),
    .init(
        "an event that is listed", [rule("a", .allow) { $0.events = [TextPattern("cycles")] }],
        session(.begin, [event("cycles")]), allow: "a"),
    .init(
        "an event that is not", [rule("a", .allow) { $0.events = [TextPattern("cycles")] }],
        session(.begin, [event("cpu-clock")]), deny: none),
    .init(
        "all events must be listed to be allowed",
        [rule("a", .allow) { $0.events = [TextPattern("cycles")] }],
        session(.begin, [event("cycles"), event("cpu-clock")]), deny: none),
    .init(
        "and they are",
        [
            rule("a", .allow) { $0.events = [TextPattern("cycles"), TextPattern("cpu-clock")] }
        ], session(.begin, [event("cycles"), event("cpu-clock")]), allow: "a"),
    .init(
        "one listed event is enough to be denied",
        [rule("a", .deny) { $0.events = [TextPattern("sched:*")] }, rule("b", .allow)],
        session(.begin, [event("cycles"), event("sched:sched_switch")]), deny: "a"),
    .init(
        "none is listed, none is denied",
        [rule("a", .deny) { $0.events = [TextPattern("sched:*")] }, rule("b", .allow)],
        session(.begin, [event("cycles"), event("cpu-clock")]), allow: "b"),
    .init(
        "no events are not all events", [rule("a", .allow) { $0.events = [TextPattern("*")] }],
        session(.begin, []), deny: none),
    .init(
        "a request without a session has no events",
        [rule("a", .allow) { $0.events = [TextPattern("*")] }], deny: none),
    .init(
        "and is not denied for them",
        [rule("a", .deny) { $0.events = [TextPattern("*")] }, rule("b", .allow)], allow: "b"),
    .init(
        "the session's events hold for its commit",
        [rule("a", .allow) { $0.events = [TextPattern("cycles")] }],
        session(.commit, [event("cpu-clock")]), deny: none),
    .init(
        "kernel frames", [rule("a", .deny) { $0.kernelFrames = [true] }, rule("b", .allow)],
        session(kernel: true), deny: "a"),
    .init(
        "no kernel frames", [rule("a", .deny) { $0.kernelFrames = [true] }, rule("b", .allow)],
        session(), allow: "b"),
    .init(
        "only without kernel frames", [rule("a", .allow) { $0.kernelFrames = [false] }],
        session(kernel: true), deny: none),
    .init(
        "with or without", [rule("a", .allow) { $0.kernelFrames = [true, false] }],
        session(kernel: true), allow: "a"),
    .init(
        "a list has no kernel frames, and no lack of them",
        [rule("a", .allow) { $0.kernelFrames = [true, false] }], deny: none),
    .init(
        "mixed uids", [rule("a", .deny) { $0.mixedUIDs = [true] }, rule("b", .allow)],
        session(mixed: true), deny: "a"),
    .init(
        "a cgroup of one user", [rule("a", .deny) { $0.mixedUIDs = [true] }, rule("b", .allow)],
        session(mixed: false), allow: "b"),
    .init(
        "a process has no mixed uids",
        [rule("a", .deny) { $0.mixedUIDs = [true] }, rule("b", .allow)], session(), allow: "b"),
    .init(
        "only without mixed uids", [rule("a", .allow) { $0.mixedUIDs = [false] }],
        session(mixed: true), deny: none),
    .init(
        "a list has no mixed uids, and no lack of them",
        [rule("a", .allow) { $0.mixedUIDs = [true, false] }], deny: none),
    .init(
        "a recording with kernel frames is read",
        [rule("a", .deny) { $0.kernelFrames = [true] }, rule("b", .allow)],
        session(.fetch, kernel: true), deny: "a"),
]

let howMuch: [RuleRow] = [
    .init(
        "a frequency at the maximum", [rule("a", .allow) { $0.frequencies = [99] }], session(),
        allow: "a"),
    .init(
        "a frequency above", [rule("a", .allow) { $0.frequencies = [98] }], session(), deny: none),
    .init(
        "one event above of several", [rule("a", .allow) { $0.frequencies = [99] }],
        session(.begin, [event(), event("x", .frequency(100))]), deny: none),
    .init(
        "a period is within no frequency", [rule("a", .allow) { $0.frequencies = [20_000] }],
        session(.begin, [event("x", .period(1_000_000))]), deny: none),
    .init(
        "a frequency above is denied",
        [rule("a", .deny) { $0.frequencies = [98] }, rule("b", .allow)], session(), deny: "a"),
    .init(
        "one at the maximum is not",
        [rule("a", .deny) { $0.frequencies = [99] }, rule("b", .allow)], session(), allow: "b"),
    .init(
        "one event above of several is denied",
        [rule("a", .deny) { $0.frequencies = [99] }, rule("b", .allow)],
        session(.begin, [event(), event("x", .frequency(100))]), deny: "a"),
    .init(
        "a period is denied where a frequency is asked for",
        [rule("a", .deny) { $0.frequencies = [20_000] }, rule("b", .allow)],
        session(.begin, [event("x", .period(1_000_000))]), deny: "a"),
    .init(
        "of several maxima one is enough", [rule("a", .allow) { $0.frequencies = [10, 99] }],
        session(), allow: "a"),
    .init(
        "a list has no frequency",
        [rule("a", .deny) { $0.frequencies = [1] }, rule("b", .allow)], allow: "b"),
    .init(
        "a duration at the maximum", [rule("a", .allow) { $0.durations = [.seconds(10)] }],
        session(for: .seconds(10)), allow: "a"),
    .init(
        "a duration above", [rule("a", .allow) { $0.durations = [.seconds(10)] }],
        session(for: .milliseconds(10_001)), deny: none),
    .init(
        "no end exceeds every maximum", [rule("a", .allow) { $0.durations = [.seconds(1 << 40)] }],
        session(), deny: none),
    .init(
        "and is denied by every maximum",
        [rule("a", .deny) { $0.durations = [.seconds(1 << 40)] }, rule("b", .allow)], session(),
        deny: "a"),
    .init(
        "a duration above is denied",
        [rule("a", .deny) { $0.durations = [.seconds(10)] }, rule("b", .allow)],
        session(for: .seconds(11)), deny: "a"),
    .init(
        "one within is not",
        [rule("a", .deny) { $0.durations = [.seconds(10)] }, rule("b", .allow)],
        session(for: .seconds(10)), allow: "b"),
    .init(
        "a list has no duration",
        [rule("a", .deny) { $0.durations = [.seconds(1)] }, rule("b", .allow)], allow: "b"),
    .init(
        "everything at once",
        [
            rule("a", .allow) {
                $0.uids = [1000]
                $0.gids = [1000]
                $0.peerUIDs = [1000]
                $0.peerGroups = [10]
                $0.peerLabels = [TextPattern("user_u:*")]
                $0.methods = [.begin]
                $0.events = [TextPattern("cpu-*")]
                $0.kernelFrames = [false]
                $0.frequencies = [99]
                $0.durations = [.seconds(60)]
            }
        ], session(for: .seconds(60)), over: own, allow: "a"),
]

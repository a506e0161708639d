import ControlProtocol
import SocketCredentials
import Testing

@testable import Policy

private let limits = Limits { limits in
    limits.sessions = 3
    limits.descriptorsPerSession = 100
    limits.descriptorsPerMessage = 50
    limits.ringMemory = 1 << 20
    limits.frequency = 1000
}

struct AuthenticationRow: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var credentials: Credentials?
    /// Nil where it is allowed.
    var deniedBy: RuleName?

    init(_ description: String, _ credentials: Credentials?, _ deniedBy: RuleName?) {
        testDescription = description
        self.credentials = credentials
        self.deniedBy = deniedBy
    }
}

private let authentication: [AuthenticationRow] = [
    .init("the own uid", message(42, 1000), nil),
    .init("the own uid with another gid", message(42, 1000, 0), nil),
    .init("the own uid with the overflow gid", message(42, 1000, 65534), nil),
    .init("no credentials", nil, .credentialsPresent),
    .init("the end of a stream", message(0, 0, 0), .credentialsPresent),
    .init("nobody recorded", message(0, 65534, 65534), .credentialsPresent),
    .init("a sender of another user namespace", message(42, 65534), .credentialsPresent),
    .init("a sender of another pid namespace", message(0, 1000), .credentialsPresent),
    .init("no peer", message(0, .max, .max), .credentialsPresent),
    .init("the number of no uid", message(42, .max), .credentialsPresent),
    .init("a negative pid", message(-1, 1000), .credentialsPresent),
    .init("root that claims nothing", message(42, 0, 0), .uidIsOwn),
    .init("another user", message(42, 1001), .uidIsOwn),
    .init("the own uid, negative", message(42, UInt32(bitPattern: -1000)), .uidIsOwn),
    .init("the own uid of 16 bits", message(42, 1000 + 65536), .uidIsOwn),
    .init("a uid above Int32.max", message(42, 2_147_483_648), .uidIsOwn),
    .init(
        "the connection's own uid",
        Credentials(source: .peerCredentials, pid: 42, euid: 1000, egid: 1000),
        .credentialsPresent),
    .init(
        "the connection's root", Credentials(source: .peerCredentials, pid: 42, euid: 0, egid: 0),
        .credentialsPresent),
]

private func begin(
    _ running: Int, _ pending: Int, _ samplings: Event.Sampling...
) -> Request {
    Request(
        .begin, about: SessionFacts(events: samplings.map { event("x", $0) }),
        demanding: .session(running: running, pending: pending))
}

private func add(_ message: Int, _ total: Int, _ threads: Int, _ ringMemory: UInt64) -> Request {
    Request(
        .add, about: SessionFacts(events: [event()]),
        demanding: .descriptors(
            message: message, total: total, threads: threads, ringMemory: ringMemory))
}

/// What is asked for, and the limit that it passes.
private let requests: [(Request, RuleName?, Denial.Excess?)] = [
    (Request(.list), nil, nil),
    (Request(.getInfo), nil, nil),
    (Request(.stop), nil, nil),
    (begin(0, 0, .frequency(99)), nil, nil),
    (begin(2, 0, .frequency(1000)), nil, nil),
    (begin(3, 0, .frequency(99)), .sessionLimit, .init(value: 4, maximum: 3)),
    (begin(0, 3, .frequency(99)), .sessionLimit, .init(value: 4, maximum: 3)),
    (begin(2, 1, .frequency(99)), .sessionLimit, .init(value: 4, maximum: 3)),
    (begin(0, 0, .period(1), .frequency(1001)), .frequencyLimit, .init(value: 1001, maximum: 1000)),
    (begin(0, 0, .frequency(.max)), .frequencyLimit, .init(value: .max, maximum: 1000)),
    (begin(0, 0, .period(.max)), nil, nil),
    (add(50, 100, 100, 1 << 20), nil, nil),
    (add(51, 51, 0, 0), .messageLimit, .init(value: 51, maximum: 50)),
    (add(0, 101, 0, 0), .descriptorLimit, .init(value: 101, maximum: 100)),
    (add(0, 0, 101, 0), .descriptorLimit, .init(value: 101, maximum: 100)),
    (add(0, 0, 0, 1 << 20 + 1), .ringMemoryLimit, .init(value: 1 << 20 + 1, maximum: 1 << 20)),
    (add(1, 1, 1, .max), .ringMemoryLimit, .init(value: .max, maximum: 1 << 20)),
]

private func decide(_ policy: Policy, _ credentials: Credentials?) -> Decision {
    policy.decide(Request(.list), from: credentials, over: ConnectionFacts())
}

struct PolicyTests {
    private let policy = Policy(ownUID: ownUID, limits: limits)

    private static let lists = [Policy.builtInRules, [], [rule("all", .allow)]]

    @Test(arguments: authentication, requests.map(\.0))
    func `who asks is decided first, whatever is asked`(row: AuthenticationRow, request: Request) {
        for rules in Self.lists {
            let policy = Policy(ownUID: ownUID, limits: limits, rules: rules)
            check(policy.decide(request, from: row.credentials, over: .init()), row, rules)
            // Root's connection makes no difference, and neither does the own user's.
            for uid: UInt32 in [0, ownUID] {
                let peer = ConnectionFacts(uid: uid, groups: [0, 1000], label: "unconfined")
                check(policy.decide(request, from: row.credentials, over: peer), row, rules)
            }
        }
    }

    private func check(_ decision: Decision, _ row: AuthenticationRow, _ rules: [PolicyRule]) {
        guard let rule = row.deniedBy else {
            if case .deny(let denial) = decision {
                #expect(denial.excess != nil || rules.isEmpty && denial.rule == .defaultDeny)
            }
            return
        }
        guard case .deny(let denial) = decision else {
            Issue.record("allowed: \(row.testDescription)")
            return
        }
        #expect(denial.rule == rule)
        #expect(denial.excess == nil)
        #expect(denial.reason.hasSuffix("."))
    }

    @Test(arguments: requests)
    func `the own uid has limits`(request: Request, rule: RuleName?, excess: Denial.Excess?) {
        switch policy.decide(request, from: message(), over: .init()) {
        case .allow(let allowed):
            #expect(rule == nil)
            #expect(allowed.rawValue == "own-user")
        case .deny(let denial):
            #expect(denial.rule == rule)
            #expect(denial.excess == excess)
        }
    }

    @Test func `the daemon of root takes root's messages and nobody's ends`() {
        let policy = Policy(ownUID: 0, limits: limits)
        #expect(decide(policy, message(42, 0, 0)).rule.rawValue == "own-user")
        for credentials in [message(0, 0, 0), nil] {
            guard case .deny(let denial) = decide(policy, credentials) else {
                Issue.record("the end of a stream became root")
                continue
            }
            #expect(denial.rule == .credentialsPresent)
        }
    }

    @Test func `a daemon that runs as the overflow uid takes nobody's messages`() {
        let policy = Policy(ownUID: 65534, limits: limits)
        for pid: Int32 in [0, 42] {
            guard case .deny = decide(policy, message(pid, 65534)) else {
                Issue.record("the overflow uid was matched")
                continue
            }
        }
        let configured = Policy(
            ownUID: 1000, overflow: OverflowIDs(uid: 1000, gid: 1000), limits: limits)
        guard case .deny = decide(configured, message(42, 1000)) else {
            Issue.record("a configured overflow uid was matched")
            return
        }
    }

    @Test func `a denial becomes the interface's error`() {
        guard case .deny(let denial) = decide(policy, message(42, 0)) else {
            Issue.record("root was allowed")
            return
        }
        let error = denial.error(credentials: message(42, 0), ownUID: ownUID)
        guard case .permissionDenied("uid-is-own", let reason, 0, 1000) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(reason.contains("uid is 0") && reason.contains("uid 1000"))
    }

    @Test func `an excess becomes the interface's error`() {
        let decision = policy.decide(begin(3, 0, .frequency(99)), from: message(), over: .init())
        guard case .deny(let denial) = decision else {
            Issue.record("a fourth session was allowed")
            return
        }
        let error = denial.error(credentials: message(42, ownUID), ownUID: ownUID)
        guard case .limitExceeded("limit-sessions", 4, 3, _) = error else {
            Issue.record("\(error)")
            return
        }
    }
}

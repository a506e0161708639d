import ControlProtocol
import SocketCredentials
import Testing

@testable import Policy

private let limits = Limits(
    sessions: 3, descriptorsPerSession: 100, ringMemory: 1 << 20, frequency: 1000)
private let ownUID: UInt32 = 1000

private func message(_ pid: Int32, _ uid: UInt32, _ gid: UInt32 = 1000) -> Credentials {
    Credentials(source: .scmCredentials, pid: pid, uid: uid, gid: gid)
}

private func event(_ sampling: Event.Sampling) -> Event {
    Event(name: "cpu-clock", type: 1, config: 0, sampling: sampling, unit: .nanoseconds)
}

struct AuthenticationRow: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var credentials: Credentials?
    /// Nil where it is allowed.
    var deniedBy: Rule?

    init(_ description: String, _ credentials: Credentials?, _ deniedBy: Rule?) {
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

private let demands: [(Demand, Rule?, Denial.Excess?)] = [
    (.nothing, nil, nil),
    (.session(running: 0, pending: 0, events: []), nil, nil),
    (.session(running: 2, pending: 0, events: [event(.frequency(1000))]), nil, nil),
    (.session(running: 3, pending: 0, events: []), .sessionLimit, .init(value: 4, maximum: 3)),
    (.session(running: 0, pending: 3, events: []), .sessionLimit, .init(value: 4, maximum: 3)),
    (.session(running: 2, pending: 1, events: []), .sessionLimit, .init(value: 4, maximum: 3)),
    (
        .session(running: 0, pending: 0, events: [event(.period(1)), event(.frequency(1001))]),
        .frequencyLimit, .init(value: 1001, maximum: 1000)
    ),
    (
        .session(running: 0, pending: 0, events: [event(.frequency(.max))]), .frequencyLimit,
        .init(value: .max, maximum: 1000)
    ),
    (.session(running: 0, pending: 0, events: [event(.period(.max))]), nil, nil),
    (.descriptors(total: 100, threads: 100, ringMemory: 1 << 20), nil, nil),
    (
        .descriptors(total: 101, threads: 0, ringMemory: 0), .descriptorLimit,
        .init(value: 101, maximum: 100)
    ),
    (
        .descriptors(total: 0, threads: 101, ringMemory: 0), .descriptorLimit,
        .init(value: 101, maximum: 100)
    ),
    (
        .descriptors(total: 0, threads: 0, ringMemory: 1 << 20 + 1), .ringMemoryLimit,
        .init(value: 1 << 20 + 1, maximum: 1 << 20)
    ),
    (
        .descriptors(total: 1, threads: 1, ringMemory: .max), .ringMemoryLimit,
        .init(value: .max, maximum: 1 << 20)
    ),
]

struct PolicyTests {
    private let policy = Policy(ownUID: ownUID, limits: limits)

    @Test(arguments: authentication, demands.map(\.0))
    func `who asks is decided first, whatever is asked`(row: AuthenticationRow, demand: Demand) {
        let decision = policy.decide(demand, from: row.credentials)
        guard let rule = row.deniedBy else {
            if case .deny(let denial) = decision { #expect(denial.excess != nil) }
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

    @Test(arguments: demands)
    func `the own uid has limits`(demand: Demand, rule: Rule?, excess: Denial.Excess?) {
        switch policy.decide(demand, from: message(42, ownUID)) {
        case .allow(let allowed):
            #expect(rule == nil)
            #expect(allowed == .ownUIDAllowed)
        case .deny(let denial):
            #expect(denial.rule == rule)
            #expect(denial.excess == excess)
        }
    }

    @Test func `the daemon of root takes root's messages and nobody's ends`() {
        let policy = Policy(ownUID: 0, limits: limits)
        #expect(policy.decide(.nothing, from: message(42, 0, 0)) == .allow(.ownUIDAllowed))
        for credentials in [message(0, 0, 0), nil] {
            guard case .deny(let denial) = policy.decide(.nothing, from: credentials) else {
                Issue.record("the end of a stream became root")
                continue
            }
            #expect(denial.rule == .credentialsPresent)
        }
    }

    @Test func `a daemon that runs as the overflow uid takes nobody's messages`() {
        let policy = Policy(ownUID: 65534, limits: limits)
        for pid: Int32 in [0, 42] {
            guard case .deny = policy.decide(.nothing, from: message(pid, 65534)) else {
                Issue.record("the overflow uid was matched")
                continue
            }
        }
        let configured = Policy(
            ownUID: 1000, overflow: OverflowIDs(uid: 1000, gid: 1000), limits: limits)
        guard case .deny = configured.decide(.nothing, from: message(42, 1000)) else {
            Issue.record("a configured overflow uid was matched")
            return
        }
    }

    @Test func `a denial becomes the interface's error`() {
        guard case .deny(let denial) = policy.decide(.nothing, from: message(42, 0)) else {
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
        let demand = Demand.session(running: 3, pending: 0, events: [])
        guard case .deny(let denial) = policy.decide(demand, from: message(42, ownUID)) else {
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

import ControlProtocol
import SocketCredentials
import Testing

@testable import Policy

struct RuleTests {
    @Test(arguments: order + who + what + howMuch)
    func `the first rule that matches decides`(row: RuleRow) {
        let policy = Policy(ownUID: ownUID, rules: row.rules)
        let decision = policy.decide(row.request, from: row.credentials, over: row.connection)
        #expect(decision.rule.rawValue == row.allowedBy ?? row.deniedBy)
        switch decision {
        case .allow: #expect(row.allowedBy != nil)
        case .deny(let denial):
            #expect(row.deniedBy != nil)
            #expect(denial.excess == nil)
            #expect(denial.reason.hasSuffix("."))
        }
    }

    @Test func `the table has no fewer cases than promised`() {
        #expect((order + who + what + howMuch).count >= 60)
    }

    /// With conditions of every kind, alone and together: whatever a list says, it does not let
    /// anybody in who is not the own user.
    @Test(arguments: order + who + what + howMuch)
    func `no rule lets another uid in`(row: RuleRow) {
        let policy = Policy(ownUID: ownUID, rules: row.rules + [rule("last", .allow)])
        for uid: UInt32 in [0, 1, 999, 1001, 65534, .max] {
            let decision = policy.decide(
                row.request, from: message(42, uid), over: ConnectionFacts(uid: ownUID))
            #expect(decision.rule == .uidIsOwn || decision.rule == .credentialsPresent)
        }
        #expect(
            policy.decide(row.request, from: nil, over: row.connection).rule == .credentialsPresent)
    }

    @Test func `limits deny before any rule is asked`() {
        let policy = Policy(
            ownUID: ownUID, limits: Limits { $0.sessions = 1 },
            rules: [rule("a", .allow), rule("b", .deny)])
        let request = Request(
            .begin, about: SessionFacts(events: [event()]),
            demanding: .session(running: 1, pending: 0))
        #expect(policy.decide(request, from: message(), over: own).rule == .sessionLimit)
    }

    @Test(arguments: RequestMethod.allCases)
    func `what is built in allows every method to the own user, however connected`(
        method: RequestMethod
    ) {
        let policy = Policy(ownUID: ownUID)
        for connection in [own, sudo, ConnectionFacts()] {
            let request = method.concernsSession ? session(method, kernel: true) : Request(method)
            let decision = policy.decide(request, from: message(), over: connection)
            #expect(decision == .allow(RuleName(rawValue: "own-user")))
        }
    }

    @Test func `methods have the names of the interfaces`() {
        for method in ControlMethod.allCases {
            #expect(RequestMethod(fullName: method.fullName)?.rawValue == method.rawValue)
        }
        #expect(RequestMethod(fullName: "org.varlink.service.GetInfo") == .getInfo)
        for name in ["GetInfo", "io.profilerd.Control.GetInfo", "org.varlink.service.List", ""] {
            #expect(RequestMethod(fullName: name) == nil)
        }
    }

    @Test func `a session is described by its request`() {
        var request = BeginRequest(
            target: Target(pid: 1, command: "x"), events: [event()], kernel: .addresses,
            lifetime: .detached, ringPages: 1, durationNanoseconds: 5)
        #expect(
            SessionFacts(request)
                == SessionFacts(
                    events: [event()], hasKernelFrames: true, duration: .nanoseconds(5)))
        request.kernel = .mode
        request.durationNanoseconds = .max
        #expect(SessionFacts(request) == SessionFacts(events: [event()]))
    }
}

import ControlProtocol
import SocketCredentials

@testable import Policy

let ownUID: UInt32 = 1000

func message(_ pid: Int32 = 42, _ uid: UInt32 = ownUID, _ gid: UInt32 = 1000) -> Credentials {
    Credentials(source: .scmCredentials, pid: pid, uid: uid, gid: gid)
}

func event(_ name: String = "cpu-clock", _ sampling: Event.Sampling = .frequency(99)) -> Event {
    Event(name: name, type: 1, config: 0, sampling: sampling, unit: .nanoseconds)
}

func rule(
    _ name: String, _ action: PolicyRule.Action,
    _ change: (inout PolicyRule.Conditions) -> Void = { _ in }
) -> PolicyRule {
    var conditions = PolicyRule.Conditions()
    change(&conditions)
    return PolicyRule(RuleName(rawValue: name), action, conditions)
}

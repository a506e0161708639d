// What each uid that connects has, charged before it is used. Whose uid is the kernel's word about
// the connection (SO_PEERCRED), and decides nothing else: it says who pays, not who may.
//
// Root and the daemon's own user have an account each that nobody else can use up. All others have
// one each, and together no more than two of them: a single user may have thousands of uids
// (subuid(5)), and a flood from them must leave room for whom the daemon is there for.
//
// Requests are paid for with credit: so much comes in a second, and no more is kept than that. What
// is received may cost more than is there; then nothing is received until the debt is paid.

internal import ControlProtocol
internal import Policy

/// Why a peer is disconnected, or not let in.
struct Refusal: Equatable {
    let limit: RuleName
    let value: UInt64
    let maximum: UInt64
    let reason: String

    var error: ControlError {
        .limitExceeded(limit: limit.rawValue, value: value, maximum: maximum, reason: reason)
    }
}

struct PeerLedger {
    /// Bytes that make a request count once more.
    private static let bytesPerRequest = 4096
    /// How many accounts' worth all together have who is neither root nor the own user.
    private static let strangersShare = 2
    /// Accounts that nobody uses are forgotten when there are so many.
    private static let firstSweep = 256
    /// Nanoseconds; also the most credit there can be, which is what comes in a second.
    private static let second: Int64 = 1_000_000_000

    private enum Owner: Hashable {
        case uid(UInt32)
        /// The kernel did not say.
        case unknown
        /// All but root and the own user, together.
        case strangers
    }

    private struct Account {
        var connections = 0
        /// Nanoseconds; a request costs as many as pass until the next may be made.
        var credit = PeerLedger.second
        var updated: UInt64

        mutating func update(at now: UInt64) {
            let passed = Int64(clamping: now > updated ? now - updated : 0)
            let (sum, isOver) = credit.addingReportingOverflow(passed)
            credit = isOver ? PeerLedger.second : min(PeerLedger.second, sum)
            updated = max(updated, now)
        }
    }

    private let ownUID: UInt32
    /// Those of the configuration, from the next charge on.
    var limits: Limits
    private var accounts: [Owner: Account] = [:]
    private var sweepCount = Self.firstSweep

    init(ownUID: UInt32, limits: Limits) {
        self.ownUID = ownUID
        self.limits = limits
    }

    /// How many accounts are kept.
    var accountCount: Int { accounts.count }

    /// Who pays for what `uid` does, with how many accounts' worth each has.
    private func payers(_ uid: UInt32?) -> [(owner: Owner, share: Int)] {
        guard let uid else { return [(.unknown, 1), (.strangers, Self.strangersShare)] }
        if uid == 0 || uid == ownUID { return [(.uid(uid), 1)] }
        return [(.uid(uid), 1), (.strangers, Self.strangersShare)]
    }

    private func account(_ owner: Owner, at now: UInt64) -> Account {
        var account = accounts[owner] ?? Account(updated: now)
        account.update(at: now)
        return account
    }
}

// MARK: - Connections

extension PeerLedger {
    /// Charges a connection, which also counts as a request.
    ///
    /// - Parameter now: nanoseconds of `CLOCK_MONOTONIC`.
    /// - Returns: why there is none; nothing has been charged then.
    mutating func connect(_ uid: UInt32?, at now: UInt64) -> Refusal? {
        sweep(at: now)
        for (owner, share) in payers(uid) {
            let maximum = share * limits.connectionsPerUID
            let count = accounts[owner]?.connections ?? 0
            if count >= maximum { return refusal(owner, uid, count, maximum) }
        }
        for (owner, _) in payers(uid) {
            accounts[owner, default: Account(updated: now)].connections += 1
        }
        charge(uid, bytes: 0, at: now)
        return nil
    }

    /// A connection of `uid` that was charged is no more.
    mutating func disconnect(_ uid: UInt32?) {
        for (owner, _) in payers(uid) { accounts[owner]?.connections -= 1 }
    }

    private func refusal(_ owner: Owner, _ uid: UInt32?, _ count: Int, _ maximum: Int) -> Refusal {
        let who =
            switch owner {
            case .uid(let uid): "The user with uid \(uid) has"
            case .unknown: "Users whom the kernel does not name have"
            case .strangers: "All users but root and uid \(ownUID) have together"
            }
        return Refusal(
            limit: .connectionLimit, value: UInt64(count + 1), maximum: UInt64(maximum),
            reason: """
                \(who) \(count) connections, and the limit is \(maximum). Close one, or raise \
                'connections-per-uid' under [policy.limits] in the daemon's configuration.
                """)
    }

    /// Forgets who has no connection and all of the credit, which is as good as being new.
    private mutating func sweep(at now: UInt64) {
        guard accounts.count >= sweepCount else { return }
        accounts = accounts.filter { owner, _ in
            let account = account(owner, at: now)
            return account.connections > 0 || account.credit < Self.second
        }
        sweepCount = max(Self.firstSweep, 2 * accounts.count)
    }
}

// MARK: - Requests

extension PeerLedger {
    /// Whether something may be received from `uid` now.
    func mayReceive(_ uid: UInt32?, at now: UInt64) -> Bool {
        payers(uid).allSatisfy { account($0.owner, at: now).credit > 0 }
    }

    /// Charges a request of `bytes`.
    mutating func charge(_ uid: UInt32?, bytes: Int, at now: UInt64) {
        let count = Int64(1 + bytes / Self.bytesPerRequest)
        for (owner, share) in payers(uid) {
            var account = account(owner, at: now)
            account.credit -= count * Self.second / Int64(share * limits.requestsPerSecondPerUID)
            accounts[owner] = account
        }
    }
}

// The journal of decisions: one entry for each, with everybody who had a part in it. Denials of a
// kind are limited in number, and those above it are counted; what is allowed is not, since only
// the own user and who may become it can cause it. No entry has anything out of a sample.

internal import LinuxSystem
internal import Logging
internal import Policy
internal import SocketCredentials
internal import Systemd

final class DecisionLog {
    /// How long the number of dropped entries may wait for the next entry of their kind.
    private static let patience = Duration.seconds(30)
    /// Characters of the list of events, which is the client's text.
    private static let eventsLimit = 255

    private let logger: Logger
    private let ownUID: UInt32
    private var limited: RateLimitedLogger
    private var timer: TimerSource?
    private var isArmed = false

    init(logger: Logger, ownUID: UInt32, loop: EventLoop) throws(SystemCallError) {
        self.logger = logger
        self.ownUID = ownUID
        limited = RateLimitedLogger(logger)
        timer = try loop.addTimer(accuracy: .seconds(1)) { [weak self] in
            self?.isArmed = false
            self?.reportDropped()
        }
    }

    /// - Parameter request: nil where the decision was made before it was looked at.
    func record(
        _ decision: Decision, _ request: Request?, _ credentials: Credentials?, _ peer: Peer
    ) {
        switch decision {
        case .allow:
            logger.info(
                "A request was allowed.",
                metadata: .journal(
                    .requestAllowed, metadata(of: decision, request, credentials, peer)))
        case .deny(let denial):
            limit(
                "A request was denied.", key: "denied \(denial.rule) \(credentials?.uid ?? .max)",
                .journal(.requestDenied, metadata(of: decision, request, credentials, peer)))
        }
    }

    /// A peer broke the protocol and is disconnected.
    func record(violation reason: String, _ peer: Peer) {
        var metadata = peer.metadata
        metadata["reason"] = .string(PrintableText.escaped(reason, limit: 1000))
        limit(
            "A peer broke the protocol and was disconnected.", key: "violation",
            .journal(.peerViolation, metadata))
    }

    /// A limit has kept somebody out, or ended a connection.
    func record(_ refusal: Refusal, uid: UInt32?, pid: Int32?) {
        let account = uid.map(String.init) ?? "unknown"
        var metadata: Logger.Metadata = [
            "rule": .string(refusal.limit.rawValue), "reason": .string(refusal.reason),
            "peer.uid": .string(account),
        ]
        metadata["peer.pid"] = pid.map { .stringConvertible($0) }
        limit(
            "A connection was refused by a limit.", key: "\(refusal.limit) \(account)",
            .journal(.connectionRefused, metadata))
    }

    /// Says how many entries were dropped.
    func reportDropped() { limited.reportDropped() }

    private func limit(
        _ message: Logger.Message, key: String, _ metadata: @autoclosure () -> Logger.Metadata
    ) {
        let isLogged = limited.log(
            .warning, message, key: key, at: KernelClock.monotonic(), metadata: metadata())
        if isLogged || isArmed { return }
        isArmed = true
        timer?.arm(after: Self.patience)
    }

    private func metadata(
        of decision: Decision, _ request: Request?, _ credentials: Credentials?, _ peer: Peer
    ) -> Logger.Metadata {
        var metadata = peer.metadata
        metadata["own.uid"] = .stringConvertible(ownUID)
        metadata["claimed.uid"] = credentials?.uid.map { .stringConvertible($0) }
        metadata["claimed.gid"] = credentials?.gid.map { .stringConvertible($0) }
        metadata["claimed.pid"] = credentials?.pid.map { .stringConvertible($0) }
        metadata["method"] = request.map { .string($0.method.rawValue) }
        if let events = request?.session?.events {
            let names = events.map(\.name).joined(separator: ",")
            metadata["events"] = .string(PrintableText.escaped(names, limit: Self.eventsLimit))
        }
        if let cgroup = request?.session?.cgroup {
            let path = PrintableText.escaped(cgroup.path, limit: Self.eventsLimit)
            metadata["target.cgroup"] = .string(path)
            metadata["target.mixed-uids"] = .stringConvertible(cgroup.hasMixedUIDs)
        }
        metadata["rule"] = .string(decision.rule.rawValue)
        switch decision {
        case .allow: metadata["verdict"] = "allow"
        case .deny(let denial):
            metadata["verdict"] = "deny"
            metadata["reason"] = .string(PrintableText.escaped(denial.reason, limit: 1000))
        }
        let sender = ProcessLabels(of: credentials?.pid ?? 0)
        metadata["sender.comm"] = sender.name.map { .string($0) }
        metadata["sender.exe"] = sender.executable.map { .string($0) }
        metadata["sender.unit"] = sender.unit.map { .string($0) }
        metadata["sender.user-unit"] = sender.userUnit.map { .string($0) }
        return metadata
    }
}

extension Peer {
    /// Who made the connection.
    fileprivate var metadata: Logger.Metadata {
        var metadata: Logger.Metadata = [:]
        metadata["peer.pid"] = pid.map { .stringConvertible($0) }
        metadata["peer.uid"] = uid.map { .stringConvertible($0) }
        return metadata
    }
}

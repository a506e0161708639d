// Keeps the recordings within their size and age: old ones go, the oldest first. What a session that
// records has, and what somebody reads, stays. Where all that is left is in use and still too much,
// the session that has most of it ends.

internal import ControlProtocol
internal import LinuxSystem
internal import Logging
internal import Systemd

final class RecordingKeeper {
    /// How often it is looked at while samples come.
    private static let interval: UInt64 = 5_000_000_000

    var retention: Retention
    /// Bytes of all recordings, as of the last look.
    private(set) var total: UInt64 = 0
    private var lastLook: UInt64 = 0
    private let directory: StateDirectory
    private let logger: Logger
    /// Forgets an ended session with its recording; false where it may not be.
    var forget: (String) -> Bool = { _ in false }

    init(_ retention: Retention, _ directory: StateDirectory, logger: Logger) {
        self.retention = retention
        self.directory = directory
        self.logger = logger
    }

    /// Looks again if it was long ago.
    ///
    /// - Parameter sessions: all of the table.
    /// - Returns: as `sweep`.
    func look(_ sessions: [String: Session]) -> (Session, SessionFailure)? {
        let now = KernelClock.monotonic()
        guard now - min(lastLook, now) >= Self.interval else { return nil }
        return sweep(sessions)
    }

    /// Removes what is too old or too much.
    ///
    /// - Returns: the session that has to end, for nothing else can be removed.
    @discardableResult
    func sweep(_ sessions: [String: Session]) -> (Session, SessionFailure)? {
        lastLook = KernelClock.monotonic()
        guard let files = try? directory.files() else { return nil }
        total = files.reduce(0) { $0 + $1.bytes }
        let now = KernelClock.realtime()
        for file in files {
            let isOld = retention.age.map { now - min(file.modified, now) > $0.inNanoseconds }
            guard isOld == true || isTooMuch, remove(file, sessions) else { continue }
            total -= min(file.bytes, total)
            tell(file, isOld: isOld == true)
        }
        return isTooMuch ? largest(of: sessions) : nil
    }

    private var isTooMuch: Bool { retention.totalSize.map { total > $0 } ?? false }

    private func remove(_ file: StateDirectory.File, _ sessions: [String: Session]) -> Bool {
        let identifier = String(file.name.dropLast(StateDirectory.suffix.count))
        if let session = sessions[identifier] {
            return session.active == nil && !session.isHeld && forget(identifier)
        }
        guard !directory.isInUse(file) else { return false }
        do throws(SystemCallError) { try directory.remove(file.name) } catch { return false }
        return true
    }

    private func tell(_ file: StateDirectory.File, isOld: Bool) {
        let limit = isOld ? "age" : "total-size"
        logger.notice(
            "An old recording was removed.",
            metadata: .journal(
                .recordingRemoved,
                [
                    "recording": .string(file.name), "bytes": .stringConvertible(file.bytes),
                    "limit": .string(limit),
                    "reason": .string("'\(limit)' under [recordings] in the configuration"),
                ]))
    }

    private func largest(of sessions: [String: Session]) -> (Session, SessionFailure)? {
        let active = sessions.values.filter { $0.active != nil }
        guard let size = retention.totalSize,
            let session = active.max(by: {
                $0.active?.recorder.bytes ?? 0 < $1.active?.recorder.bytes ?? 0
            })
        else { return nil }
        let limit = ReachedLimit(
            name: "total-size", value: size,
            sentence: """
                All recordings together have \(total) bytes, those that could be removed were, and \
                the limit is \(size). Stop or take other sessions, or raise 'total-size' under \
                [recordings] in the daemon's configuration.
                """, endReason: .sizeLimit)
        return (session, .limit(limit))
    }
}

extension Duration {
    /// At most what 64 bits hold.
    fileprivate var inNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        let (product, isOver) = UInt64(clamping: seconds)
            .multipliedReportingOverflow(by: 1_000_000_000)
        return isOver ? .max : product &+ UInt64(clamping: attoseconds / 1_000_000_000)
    }
}

// Whom the daemon waits for, and how long. A connection costs a descriptor and a place, and one
// that does nothing with them is closed: without one authenticated request, in the middle of a
// request, or with replies that it does not read, for longer than the deadline. One that has
// asked something and is silent may stay for ever. What the kernel does not let the daemon send
// is not kept for longer either. One timer serves all; where nobody is waited for there is none.

internal import LinuxSystem
internal import Systemd

/// What the daemon waits for.
enum Awaited: Hashable {
    /// The first request of the own user.
    case authentication
    /// The rest of a request.
    case rest
    /// That replies are read.
    case reader
    /// That the kernel takes another descriptor of this user's: it has too many under way.
    case passage
}

final class Patience {
    /// How long; for those that are waited for as well.
    var deadline: Duration {
        didSet { if !waiting.isEmpty { look() } }
    }
    private var waiting: [UInt64: Connection] = [:]
    private var timer: TimerSource?
    private let overdue: (Connection, Awaited, _ waited: UInt64) -> Void

    /// - Parameter overdue: ends the connection, which has been waited for so many nanoseconds, or
    ///   has it say something: afterwards its time begins anew.
    init(
        deadline: Duration, loop: EventLoop,
        overdue: @escaping (Connection, Awaited, _ waited: UInt64) -> Void
    ) throws(SystemCallError) {
        self.deadline = deadline
        self.overdue = overdue
        timer = try loop.addTimer(accuracy: .milliseconds(100)) { [weak self] in self?.look() }
    }

    /// The connection's `awaited` has changed.
    func changed(_ connection: Connection) {
        if connection.isClosed || connection.awaited == nil {
            guard waiting.removeValue(forKey: connection.number) != nil else { return }
            if waiting.isEmpty { timer?.disarm() }
        } else {
            if waiting.isEmpty { timer?.arm(after: deadline) }
            waiting[connection.number] = connection
        }
    }

    private func look() {
        let now = KernelClock.monotonic()
        let limit = deadline.nanoseconds
        for connection in Array(waiting.values) {
            guard let (awaited, since) = connection.awaited, now >= since, now - since >= limit
            else { continue }
            overdue(connection, awaited, now - since)
        }
        guard let first = waiting.values.compactMap(\.awaited?.since).min() else { return }
        let (next, isNever) = first.addingReportingOverflow(limit)
        timer?.arm(at: isNever ? .max : next)
    }
}

extension Duration {
    /// At most what 64 bits hold.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        let (sum, isOver) = UInt64(clamping: seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return isOver ? .max : sum &+ UInt64(clamping: attoseconds / 1_000_000_000)
    }
}

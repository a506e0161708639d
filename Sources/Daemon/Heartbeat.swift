// The rings are emptied ten times a second, also below the watermark at which the kernel wakes us: what
// is still in a ring is lost with this process, and the gap after a restart begins at the last drain.
//
// The same drain is the sign of life for the manager (WATCHDOG=1): it is given after every ring has been
// emptied, and by nothing else. So a drain that does not come to its end has the daemon restarted, and
// the sessions go on under the next one. Without sessions there is nothing to drain, and the daemon is
// woken for the sign alone.

internal import LinuxSystem
internal import Sessions
internal import Systemd

final class Heartbeat {
    static let drainInterval = Duration.milliseconds(100)
    private static let accuracy = Duration.milliseconds(10)
    /// Signs of life in the time after which the manager gives up.
    private static let signsInPeriod = 4

    private let sessions: SessionTable
    private let notifier = Notifier()
    /// Between signs of life; nil where nobody waits for them.
    private let signInterval: Duration?
    private var nextSign: UInt64 = 0
    private var timer: TimerSource?
    private var isDraining = false

    /// - Parameter period: how long the manager waits for a sign of life.
    init(
        sessions: SessionTable, loop: EventLoop, period: Duration? = Notifier.watchdogPeriod
    ) throws(SystemCallError) {
        self.sessions = sessions
        signInterval = period.map { $0 / Self.signsInPeriod }
        timer = try loop.addTimer(accuracy: Self.accuracy) { [weak self] in self?.beat() }
    }

    func start() { beat() }

    func stop() { timer?.disarm() }

    /// Begins to drain when there is something to drain.
    func sessionsChanged() {
        if isDraining || sessions.recordingCount == 0 { return }
        isDraining = true
        timer?.arm(after: Self.drainInterval)
    }

    private func beat() {
        isDraining = sessions.recordingCount > 0
        if isDraining {
            let before = sessions.totals
            sessions.drainAll()
            if sessions.totals != before { sessions.onChange() }
        }
        giveSign()
        arm()
    }

    private func giveSign() {
        guard let signInterval else { return }
        let now = KernelClock.monotonic()
        guard now >= nextSign else { return }
        nextSign = now + signInterval.nanoseconds
        // The manager going away is not our end.
        try? notifier.watchdog()
    }

    private func arm() {
        if isDraining {
            timer?.arm(after: Self.drainInterval)
        } else if let signInterval {
            timer?.arm(after: signInterval)
        }
    }
}

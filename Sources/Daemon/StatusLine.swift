// What `systemctl status` shows. It is told when something happens, at most once a second, and
// once more after the last thing happened, so that a rate does not stand for ever. An idle daemon
// is not woken for it.

internal import LinuxSystem
internal import Sessions
internal import Systemd

final class StatusLine {
    private static let interval = Duration.seconds(1)

    private let sessions: SessionTable
    private let notifier = Notifier()
    private let loop: EventLoop
    private var timer: TimerSource?
    private var isArmed = false
    private var hasChanged = false
    private var lastSamples: UInt64 = 0
    private var lastTime = KernelClock.monotonic()
    private var lastLine = ""
    /// What is wrong until somebody mends it, as a sentence.
    var problem: String?

    init(sessions: SessionTable, loop: EventLoop) throws(SystemCallError) {
        self.sessions = sessions
        self.loop = loop
        timer = try loop.addTimer(accuracy: .milliseconds(250)) { [weak self] in self?.tell() }
    }

    func ready() throws(SystemCallError) {
        try notifier.ready(status: line(rate: 0))
    }

    func reloading() throws(SystemCallError) {
        try notifier.reloading(at: KernelClock.monotonic())
    }

    func stopping() throws(SystemCallError) {
        try notifier.stopping()
    }

    /// Says so within a second.
    func changed() {
        hasChanged = true
        if isArmed { return }
        isArmed = true
        timer?.arm(after: Self.interval)
    }

    private func tell() {
        isArmed = false
        let now = KernelClock.monotonic()
        let samples = sessions.totals.samples
        let seconds = Double(now - lastTime) / 1e9
        let rate = seconds > 0 ? Double(samples &- lastSamples) / seconds : 0
        lastSamples = samples
        lastTime = now
        let line = line(rate: Int(rate.rounded()))
        // The manager going away is not our end.
        if line != lastLine { try? notifier.status(line) }
        lastLine = line
        if hasChanged || rate > 0 {
            hasChanged = false
            isArmed = true
            timer?.arm(after: Self.interval)
        }
    }

    private func line(rate: Int) -> String {
        let totals = sessions.totals
        let count = sessions.recordingCount
        let violations = sessions.violations
        let broken = violations == 0 ? "" : ", \(violations) ended by a violation"
        let problem = problem.map { "; \($0)" } ?? ""
        return """
            \(count) session\(count == 1 ? "" : "s"), \(rate) samples/s, \(totals.samples) \
            samples, \(totals.lost) lost\(broken)\(problem)
            """
    }
}

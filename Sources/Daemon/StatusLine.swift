// What `systemctl status` shows. A session's begin or end, and what is wrong, it is told at once; how
// many samples there are at most once a second, and once more after the last one came, so that a rate
// does not stand for ever. An idle daemon is not woken for it.

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
    private var lastRate = 0
    private var lastLine = ""
    /// What `lastLine` says besides samples.
    private var lastFacts: [String] = []
    /// What is wrong until somebody mends it, as a sentence.
    var problem: String?

    init(sessions: SessionTable, loop: EventLoop) throws(SystemCallError) {
        self.sessions = sessions
        self.loop = loop
        timer = try loop.addTimer(accuracy: .milliseconds(250)) { [weak self] in self?.tell() }
    }

    func ready() throws(SystemCallError) {
        lastFacts = facts
        lastLine = line(rate: lastRate)
        try notifier.ready(status: lastLine)
    }

    func reloading() throws(SystemCallError) {
        try notifier.reloading(at: KernelClock.monotonic())
    }

    func stopping() throws(SystemCallError) {
        let count = sessions.recordingCount
        try notifier.stopping(
            status: "Ending; seals \(count) recording\(count == 1 ? "" : "s")")
    }

    /// Says so: at once, or of samples alone within a second.
    func changed() {
        hasChanged = true
        if facts != lastFacts { say(rate: sessions.recordingCount == 0 ? 0 : lastRate) }
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
        lastRate = Int(rate.rounded())
        say(rate: lastRate)
        if hasChanged || rate > 0 {
            hasChanged = false
            isArmed = true
            timer?.arm(after: Self.interval)
        }
    }

    private func say(rate: Int) {
        lastFacts = facts
        let line = line(rate: rate)
        // The manager going away is not our end.
        if line != lastLine { try? notifier.status(line) }
        lastLine = line
    }

    /// What is true until something happens: sessions, violations, and what is wrong.
    private var facts: [String] {
        let count = sessions.recordingCount
        let violations = sessions.violations
        return [
            "\(count) session\(count == 1 ? "" : "s")",
            violations == 0 ? "" : ", \(violations) ended by a violation",
            problem.map { "; \($0)" } ?? "",
        ]
    }

    private func line(rate: Int) -> String {
        let totals = sessions.totals
        let facts = facts
        return """
            \(facts[0]), \(rate) samples/s, \(totals.samples) samples, \(totals.lost) lost\
            \(facts[1])\(facts[2])
            """
    }
}

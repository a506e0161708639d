// A call of Monitor with `more`: the session's counters every second, until the session ends or
// the connection asks for something else.

internal import ControlProtocol
internal import LinuxSystem
internal import Systemd
internal import Varlink

final class Monitor {
    private static let interval = Duration.seconds(1)

    let session: String
    private var timer: TimerSource?

    init(session: String, on loop: EventLoop, tell: @escaping (Monitor) -> Void)
        throws(SystemCallError)
    {
        self.session = session
        timer = try loop.addTimer(accuracy: .milliseconds(50)) { [weak self] in
            guard let self else { return }
            timer?.arm(after: Self.interval)
            tell(self)
        }
        timer?.arm(after: Self.interval)
    }
}

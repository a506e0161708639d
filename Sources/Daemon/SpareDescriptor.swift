// A daemon without descriptors cannot accept a connection, not even to say so: whoever connects would
// wait for nothing. So one descriptor is kept for that.

internal import ControlProtocol
internal import LinuxSystem
internal import SocketCredentials

/// Tells those who connect that there is no descriptor for them.
final class SpareDescriptor {
    private var descriptor: OwnedDescriptor?

    init() { descriptor = Self.make() }

    private static func make() -> OwnedDescriptor? {
        try? OwnedDescriptor.open("/dev/null", for: .reading)
    }

    /// Accepts the next connection in the place of the spare one, tells it the limit and closes it.
    func refuseNext(of listener: borrowing UnixSocket) {
        descriptor = nil
        do throws(SystemCallError) {
            switch try listener.accept() {
            case .none: break
            // Its buffer is empty, so that this takes all of it or none.
            case .some(let socket):
                _ = try? socket.send(Self.refusal.reply.encoded()[...])
            }
        } catch {
            // It waits on, and hears of it the next time.
        }
        descriptor = Self.make()
    }

    static var refusal: ControlError {
        let limit = ResourceLimit.openFiles
        return .limitExceeded(
            limit: limit.rawValue, value: limit.current ?? 0, maximum: limit.current ?? 0,
            reason: """
                The daemon has as many descriptors open as \(limit.rawValue) allows, which is \
                \(limit.text), and none for this connection. Stop a session, or raise it: \
                LimitNOFILE= in the daemon's unit, or 'ulimit -n' where it was started.
                """)
    }
}

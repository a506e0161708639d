// What a client tells the daemon when it has made its report: until then the daemon keeps the
// recording. It is a byte over a socket that the daemon sent along, and takes no privilege.

internal import ControlProtocol
internal import LinuxSystem
internal import SocketCredentials

/// The daemon keeps a session until this is given, or gone.
struct Receipt: ~Copyable {
    private static let patience = Duration.seconds(2)

    private let socket: UnixSocket

    /// - Throws: `SocketKindError` where it is no stream socket.
    init(_ descriptor: consuming OwnedDescriptor) throws(SocketKindError) {
        socket = try UnixSocket(checking: descriptor)
    }

    /// Says that the recording is needed no more, and waits until the daemon has heard it. Where
    /// there is no daemon any more there is nobody to tell.
    func give() {
        _ = try? socket.send([1])
        var set = WaitSet()
        set.add(socket.descriptor, for: .reading)
        _ = try? set.wait(until: Deadline(after: Self.patience))
    }
}

extension RecordedSession {
    /// The daemon need not keep it.
    func giveReceipt() {
        switch receipt {
        case .none: break
        case .some(let receipt): receipt.give()
        }
    }

    /// Why there is no report, with how to get one. Who ended it wants none.
    func kept(after error: ClientError) -> ClientError {
        guard error.status != .interrupted, error.status != .terminated, receipt != nil else {
            giveReceipt()
            return error
        }
        return ClientError(
            error.status,
            """
            \(error.description) The daemon keeps the recording: \
            'profilerctl stop \(status.session) --output FILE' makes a report of it.
            """, refusal: error.refusal)
    }
}

// Who takes a recording may fail to make a report of it: the disk is full, the name was wrong. So
// there is a receipt: one end of a pair of sockets goes out with the recording, and a byte that comes
// back over it says that it is needed no more. A client that has given up its privileges by then can
// send it, for it takes no credentials: who holds the descriptor was given it in reply to an
// authenticated request. Where the other end is closed without a byte, the session stays.

internal import LinuxSystem
internal import Sessions
internal import SocketCredentials
internal import Systemd

/// The recordings that are out and not yet acknowledged.
final class Receipts {
    private final class Receipt {
        let socket: UnixSocket
        var source: IOSource?

        init(_ socket: consuming UnixSocket) { self.socket = socket }
    }

    private let sessions: SessionTable
    private let loop: EventLoop
    /// By session: one that is taken again has its receipt from who took it last.
    private var receipts: [String: Receipt] = [:]

    init(sessions: SessionTable, loop: EventLoop) {
        self.sessions = sessions
        self.loop = loop
    }

    /// - Returns: the end that goes out.
    /// - Throws: `SystemCallError`; nothing is expected then.
    func expect(for session: String) throws(SystemCallError) -> OwnedDescriptor {
        let pair = try UnixSocket.pair()
        // A pair cannot be taken apart by who is not of its module.
        let other = try pair.second.descriptor.duplicate()
        let receipt = Receipt(pair.first)
        try receipt.socket.descriptor.setNonBlocking()
        receipt.source = try loop.addIO(receipt.socket.descriptor, .readable) {
            [weak self, weak receipt] _ in
            guard let self, let receipt else { return }
            settle(session, receipt)
        }
        receipts[session]?.source?.cancel()
        receipts[session] = receipt
        sessions.hold(session, true)
        return other
    }

    private func settle(_ session: String, _ receipt: Receipt) {
        var bytes: [UInt8] = []
        var isGiven = false
        if case .message? = try? receipt.socket.receive(appendingTo: &bytes, limit: 1) {
            isGiven = !bytes.isEmpty
        }
        receipt.source?.cancel()
        if receipts[session] === receipt { receipts[session] = nil }
        sessions.hold(session, false)
        if isGiven { sessions.forget(session) }
    }
}

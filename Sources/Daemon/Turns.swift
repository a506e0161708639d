// Whose turn it is. One thread serves everybody, so a turn is short: a peer that sends more than
// fits into one waits for the next like everybody else, with what it sent still unread. And a
// peer whose uid has no credit left is not read from until it has; nothing of it is refused or
// lost, its own socket fills up.
//
// Those that wait stand in one queue, which has a turn where each ready socket has one. So whoever
// asks once is served before the next of those who ask without end.

internal import LinuxSystem
internal import Systemd

final class Turns {
    /// How often credit is looked at while somebody waits for it.
    private static let creditInterval = Duration.milliseconds(10)

    var ledger: PeerLedger
    private var ready: [Connection] = []
    private var held: [Connection] = []
    // A timer and not deferred work, which the loop would put before every socket.
    private var turn: TimerSource?
    private var credit: TimerSource?

    init(ledger: PeerLedger, loop: EventLoop) throws(SystemCallError) {
        self.ledger = ledger
        turn = try loop.addTimer(accuracy: .microseconds(1)) { [weak self] in self?.giveTurn() }
        credit = try loop.addTimer { [weak self] in self?.lookAtCredit() }
    }

    func mayReceive(_ connection: Connection, at now: UInt64) -> Bool {
        ledger.mayReceive(connection.peer.uid, at: now)
    }

    func charge(_ connection: Connection, bytes: Int, at now: UInt64) {
        ledger.charge(connection.peer.uid, bytes: bytes, at: now)
    }

    /// Gives the connection another turn: soon, or when its uid has credit.
    func postpone(_ connection: Connection, at now: UInt64) {
        if mayReceive(connection, at: now) {
            if ready.isEmpty { turn?.arm(after: .zero) }
            ready.append(connection)
        } else {
            hold(connection)
        }
    }

    /// Gives the connection a turn once the others have had theirs, and some time.
    func hold(_ connection: Connection) {
        if held.isEmpty { credit?.arm(after: Self.creditInterval) }
        held.append(connection)
    }

    private func giveTurn() {
        if ready.isEmpty { return }
        let connection = ready.removeFirst()
        connection.resume()
        if !ready.isEmpty { turn?.arm(after: .zero) }
    }

    private func lookAtCredit() {
        let connections = held
        held = []
        let now = KernelClock.monotonic()
        for connection in connections { postpone(connection, at: now) }
    }
}

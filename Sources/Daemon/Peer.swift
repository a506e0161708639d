// Who made a connection, read once, when it was accepted. It identifies no request: the policy may
// narrow a request down by it, and the journal has it as a label.

internal import Policy
internal import SocketCredentials

/// What the kernel said of a connection.
struct Peer {
    /// What rules may look at.
    let facts: ConnectionFacts
    /// The effective uid of who connected, whoever that is.
    let uid: UInt32?
    /// A label, and no more: the process may have ended and its number be another's.
    let pid: Int32?

    /// Nothing is known.
    init() {
        facts = ConnectionFacts()
        uid = nil
        pid = nil
    }

    /// What cannot be read stays unknown, and no rule that asks for it matches.
    ///
    /// - Parameter credentials: `SO_PEERCRED`.
    init(of socket: borrowing UnixSocket, _ credentials: Credentials?) {
        uid = credentials?.euid
        pid = credentials?.pid
        let groups = (try? socket.peerGroups()) ?? []
        // Some security modules end it with a zero byte.
        let label = (try? socket.peerSecurityLabel()).flatMap { bytes in
            String(validating: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        facts = ConnectionFacts(
            uid: credentials?.euid,
            groups: Set(groups + (credentials?.egid.map { [$0] } ?? [])),
            label: label.flatMap { $0.isEmpty ? nil : $0 })
    }
}

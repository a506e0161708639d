// The bytes of a connection: calls out, each with its claim and its descriptors, and replies in.

internal import ControlProtocol
internal import LinuxSystem
internal import SocketCredentials
internal import SystemPackage
internal import Varlink

extension ControlConnection {
    func wait(for interest: WaitSet.Interest, until deadline: Deadline)
        throws(ClientError)
    {
        var set = WaitSet()
        set.add(socket.descriptor, for: interest)
        let ready = try system { () throws(SystemCallError) in try set.wait(until: deadline) }
        guard ready.isEmpty else { return }
        throw ClientError(
            .unavailable,
            """
            The daemon at \(instance.path) did not answer within \
            \(elapsedText(nanoseconds: patience.nanoseconds)). See what it does with \
            'systemctl status profilerd@\(instance.uid)', or restart it.
            """)
    }

    /// Sends a call whole. The descriptors go with its first bytes, the claim with all of them.
    mutating func send(
        _ call: Call, with descriptors: borrowing DescriptorList
    ) throws(ClientError) {
        let bytes = call.encoded()
        guard bytes.count <= ControlInterface.maximumRequestSize + 1 else {
            throw ClientError(
                .usage,
                """
                The request has \(bytes.count) bytes, more than the daemon takes \
                (\(ControlInterface.maximumRequestSize)). Give a shorter command line.
                """)
        }
        let deadline = Deadline(after: patience)
        var rest = bytes[...]
        while !rest.isEmpty {
            let sent: Int?
            if rest.startIndex == bytes.startIndex {
                sent = try sendSome(rest, with: descriptors)
            } else {
                sent = try sendSome(rest, with: DescriptorList())
            }
            rest = rest.dropFirst(sent ?? 0)
            if sent == nil { try wait(for: .writing, until: deadline) }
        }
    }

    private mutating func sendSome(
        _ bytes: ArraySlice<UInt8>, with descriptors: borrowing DescriptorList
    ) throws(ClientError) -> Int? {
        let before = try system { () throws(SystemCallError) in
            try OwnProcess.raise(Privileges.claiming)
        }
        defer { OwnProcess.lower(to: before) }
        do throws(SendError) {
            return try socket.send(bytes, claiming: claim, with: descriptors)
        } catch {
            if case .peerGone = error { throw lastWord() }
            throw refusal(error)
        }
    }

    /// Why the daemon has closed the connection: what it said before, if it is the daemon that did.
    private mutating func lastWord() -> ClientError {
        do throws(ClientError) {
            while try receive() {}
        } catch {
            // It ends here, one way or the other.
        }
        guard let frame = inbox.takeFirst() else { return closed() }
        do throws(ClientError) {
            _ = try answer(frame, takesDescriptors: 0)
            return closed()
        } catch {
            return error
        }
    }

    private func refusal(_ error: SendError) -> ClientError {
        switch error {
        case .claimRefused:
            ClientError(
                .noPermission,
                """
                The kernel does not let this user speak for uid \(instance.uid): that needs root \
                (sudo) or the capability CAP_SETUID.
                """)
        case .claimedIDUnmapped:
            ClientError(
                .noPermission,
                """
                Nobody can speak for uid \(instance.uid) here: this user namespace has no such \
                uid. Run this outside of it.
                """)
        case .descriptorsRefused:
            violation("it does not take descriptors (SO_PASSRIGHTS is off)")
        case .peerGone: closed()
        case .tooManyInFlight:
            ClientError(
                .systemError,
                """
                This user has too many descriptors under way between processes \
                (RLIMIT_NOFILE limits them). Raise it with 'ulimit -n', or use sudo.
                """)
        default: ClientError(.systemError, "\(error)")
        }
    }

    /// Takes in what has arrived.
    ///
    /// - Returns: false where nothing has.
    mutating func receive() throws(ClientError) -> Bool {
        var buffer: [UInt8] = []
        let reception: Reception
        do throws(SystemCallError) {
            reception = try socket.receive(appendingTo: &buffer, limit: 1 << 16)
        } catch {
            if error.errno == .connectionReset { throw closed() }
            throw ClientError(error)
        }
        do throws(FrameViolation) {
            switch try inbox.add(buffer, reception) {
            case .waiting: return false
            case .open: return true
            case .ended: throw FrameViolation.unfinished
            }
        } catch {
            throw error == .unfinished ? closed() : violation(Self.words(for: error))
        }
    }

    private func closed() -> ClientError {
        ClientError(
            .unavailable,
            """
            The daemon at \(instance.path) closed the connection. Its journal says why: \
            'journalctl _UID=\(instance.uid) -t profilerd'.
            """)
    }

    private static func words(for violation: FrameViolation) -> String {
        switch violation {
        case .controlTruncated:
            "it sent more descriptors than this process may have open (RLIMIT_NOFILE)"
        case .oversized(let limit): "its reply has more than \(limit) bytes"
        case .mixedCredentials(let first, let second):
            "one reply came from two senders (\(text(first)) and \(text(second)))"
        case .strayDescriptors: "it sent descriptors in the middle of a reply"
        case .unfinished: "its reply broke off"
        }
    }

    private static func text(_ credentials: Credentials?) -> String {
        credentials.map(\.description) ?? "nobody"
    }
}

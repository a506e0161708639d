// Both ends of a connection in one process, and raw messages that no well-behaved client sends.

import Glibc
internal import LinuxSystem
public import SocketCredentials

/// Two connected sockets; `ours` has SO_PASSCRED unless it is to be without, and does not block.
public final class SocketPair {
    public let ours: UnixSocket
    public let theirs: UnixSocket

    public init(_ kind: SocketKind = .stream, passesCredentials: Bool = true) throws {
        let pair = try UnixSocket.pair(kind)
        ours = pair.first
        theirs = pair.second
        if passesCredentials { try ours.setPassCredentials() }
        try ours.descriptor.setNonBlocking()
    }

    /// Sends from their end.
    public func send(
        _ text: String, claiming claim: Claim? = nil, descriptors: Int = 0
    ) throws {
        let bytes = Array(text.utf8)
        let list = nullDescriptors(descriptors)
        let sent = try theirs.send(bytes[...], claiming: claim, with: list)
        precondition(sent == bytes.count)
    }

    /// Says that they send no more.
    public func endTheirs() {
        try? theirs.finishSending()
    }
}

/// Descriptors of /dev/null.
public func nullDescriptors(_ count: Int) -> DescriptorList {
    var list = DescriptorList()
    for _ in 0..<count {
        list.append(OwnedDescriptor(adopting: open("/dev/null", O_RDWR | O_CLOEXEC)))
    }
    return list
}

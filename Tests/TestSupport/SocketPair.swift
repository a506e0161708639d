// Both ends of a connection in one process, and raw messages that no well-behaved client sends.

import Glibc
internal import LinuxSystem
public import SocketCredentials

/// Two connected stream sockets; `ours` has SO_PASSCRED unless it is to be without.
public final class SocketPair {
    public let ours: UnixSocket
    public let theirs: UnixSocket

    public init(passesCredentials: Bool = true) throws {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        precondition(socketpair(AF_UNIX, type, 0, &ends) == 0)
        ours = UnixSocket(adopting: OwnedDescriptor(adopting: ends[0]))
        theirs = UnixSocket(adopting: OwnedDescriptor(adopting: ends[1]))
        if passesCredentials { try ours.setPassCredentials() }
        try ours.descriptor.setNonBlocking()
    }

    /// Sends from their end.
    public func send(
        _ text: String, claiming claim: AncillaryData? = nil, descriptors: Int = 0
    ) throws {
        let bytes = Array(text.utf8)
        let list = nullDescriptors(descriptors)
        let sent = try theirs.send(bytes[...], claiming: claim, with: list)
        precondition(sent == bytes.count)
    }

    /// Says that they send no more.
    public func endTheirs() {
        precondition(shutdown(theirs.descriptor.rawValue, CInt(SHUT_WR)) == 0)
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

/// The claim that this process may always make.
public var ownClaim: AncillaryData { .credentials(pid: getpid(), uid: getuid(), gid: getgid()) }

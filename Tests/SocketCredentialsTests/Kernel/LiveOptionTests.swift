import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SocketCredentials

/// Every option, as a call that gives nothing back.
enum LiveCall: String, CaseIterable, Sendable {
    case peerCredentials, peerProcessDescriptor, peerGroups, peerSecurityLabel
    case passCredentials, passProcessDescriptor, passSecurityLabel, passRights

    func run(on descriptor: FileDescriptor) throws(SocketOptionError) {
        switch self {
        case .peerCredentials: _ = try SocketOption.peerCredentials(of: descriptor)
        case .peerProcessDescriptor: _ = try SocketOption.peerProcessDescriptor(of: descriptor)
        case .peerGroups: _ = try SocketOption.peerGroups(of: descriptor)
        case .peerSecurityLabel: _ = try SocketOption.peerSecurityLabel(of: descriptor)
        case .passCredentials: try SocketOption.setPassCredentials(true, on: descriptor)
        case .passProcessDescriptor:
            try SocketOption.setPassProcessDescriptor(true, on: descriptor)
        case .passSecurityLabel: try SocketOption.setPassSecurityLabel(true, on: descriptor)
        case .passRights: try SocketOption.setPassRights(true, on: descriptor)
        }
    }

    func error(on descriptor: borrowing OwnedDescriptor) -> SocketOptionError? {
        do throws(SocketOptionError) {
            try run(on: descriptor.fileDescriptor)
            return nil
        } catch { return error }
    }

    static let peers: [LiveCall] = [
        .peerCredentials, .peerProcessDescriptor, .peerGroups,
    ]
}

private func inetSocket(_ family: CInt) -> OwnedDescriptor {
    let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
    return OwnedDescriptor(adopting: socket(family, type, 0))
}

struct SocketOptionLiveTests {
    @Test(arguments: SocketKind.allCases)
    func `a pair's peer is this process`(kind: SocketKind) throws {
        let pair = try SocketPair(kind)
        let peer = try pair.ours.peerCredentials()
        #expect(
            peer
                == Credentials(
                    source: .peerCredentials, pid: getpid(), euid: geteuid(), egid: getegid()))
        #expect(peer.defect(overflow: .current) == nil)
    }

    @Test func `a pair's peer has this process' groups`() throws {
        let pair = try SocketPair()
        #expect(try pair.ours.peerGroups() == Credentials.current.groups)
    }

    @Test func `the peer's pidfd is one and is close-on-exec`() throws {
        let pair = try SocketPair()
        do throws(SocketOptionError) {
            let pidfd = try pair.ours.peerProcessDescriptor()
            #expect(fcntl(pidfd.rawValue, F_GETFD) & FD_CLOEXEC != 0)
            let link = try? pidfd.kindLink()
            #expect(link == "anon_inode:[pidfd]" || link?.hasPrefix("pidfd:") == true)
        } catch {
            #expect(error == .notSupportedByKernel(option: "SO_PEERPIDFD", since: "6.5"))
        }
    }

    @Test func `the peer's label is the module's, or there is no module`() throws {
        let pair = try SocketPair()
        do throws(SocketOptionError) {
            let label = try pair.ours.peerSecurityLabel()
            #expect(!label.isEmpty)
        } catch { #expect(error == .noSecurityModule) }
    }

    @Test(arguments: LiveCall.peers)
    func `an unconnected socket has no peer`(call: LiveCall) throws {
        for kind in SocketKind.allCases {
            let socket = try UnixSocket(kind)
            #expect(call.error(on: socket.descriptor) == .noPeer)
        }
    }

    @Test(arguments: LiveCall.allCases, [AF_INET, AF_INET6])
    func `another family's sockets have none of it`(call: LiveCall, family: CInt) {
        let expected: SocketOptionError =
            call == .peerCredentials ? .noPeer : .notUnixSocket(family: family)
        #expect(call.error(on: inetSocket(family)) == expected)
    }

    @Test(arguments: LiveCall.allCases)
    func `what is no socket has none of it`(call: LiveCall) {
        let error = nullDescriptors(1).withDescriptor(at: 0) { call.error(on: $0) }
        #expect(error == .notUnixSocket(family: nil))
    }

    @Test(arguments: [SocketKind.stream, .datagram, .sequencedPacket])
    func `every option to pass something can be switched on and off`(kind: SocketKind) throws {
        let pair = try SocketPair(kind, passesCredentials: false)
        try pair.ours.setPassCredentials()
        try pair.send("a")
        #expect(try pair.ours.see() == .message(.init("a", .own)))
        try pair.ours.setPassCredentials(false)
        try pair.send("b")
        #expect(try pair.ours.see() == .message(.init("b")))
        try pair.ours.setPassSecurityLabel(true)
        try pair.ours.setPassSecurityLabel(false)
    }

    @Test(arguments: SocketKind.allCases)
    func `a pidfd comes with each message once asked for`(kind: SocketKind) throws {
        let pair = try SocketPair(kind)
        // Linux 6.5 has it.
        guard (try? pair.ours.setPassProcessDescriptor()) != nil else { return }
        try pair.send("a", descriptors: 1)
        var expected = Seen.Contents("a", .own, descriptors: 1)
        expected.hasProcessDescriptor = true
        #expect(try pair.ours.see() == .message(expected))
        try pair.ours.setPassProcessDescriptor(false)
        try pair.send("a")
        #expect(try pair.ours.see() == .message(.init("a", .own)))
    }

    @Test(arguments: [
        (
            LiveOption.peerSecurityLabel, Errno.protocolNotAvailable,
            SocketOptionError.noSecurityModule
        ),
        (
            .passRights, .protocolNotAvailable,
            .notSupportedByKernel(option: "SO_PASSRIGHTS", since: "6.16")
        ),
        (
            .peerGroups, .protocolNotAvailable,
            .notSupportedByKernel(option: "SO_PEERGROUPS", since: "4.13")
        ),
        (.peerProcessDescriptor, .noData, .noPeer), (.peerGroups, .noData, .noPeer),
        (.peerProcessDescriptor, .noSuchProcess, .peerGone),
        (.peerProcessDescriptor, .invalidArgument, .peerGone),
        (
            .peerProcessDescriptor, .tooManyOpenFiles,
            .system(SystemCallError("getsockopt", .tooManyOpenFiles, on: "SO_PEERPIDFD"))
        ),
    ])
    func `each errno of an option has its meaning`(
        option: LiveOption, errno: Errno, error: SocketOptionError
    ) {
        #expect(option.failure("getsockopt", errno) == error)
        #expect("\(error)".hasSuffix("."))
    }
}

struct SocketKindTests {
    @Test(arguments: SocketKind.allCases)
    func `a socket from elsewhere is asked what it is`(kind: SocketKind) throws {
        let socket = try UnixSocket(kind)
        let copy = try socket.descriptor.duplicate()
        let adopted = try UnixSocket(checking: copy)
        #expect(adopted.kind == kind)
    }

    @Test func `what is no Unix socket is refused and closed`() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptors()
            var null = nullDescriptors(1)
            guard let file = null.takeFirst() else { return demand(false, "a file") }
            demandEqual(kindError(file), .notSocket)
            demandEqual(kindError(inetSocket(AF_INET)), .otherFamily(AF_INET))
            demandEqual(openDescriptors(), before)
        }
    }
}

private func kindError(_ descriptor: consuming OwnedDescriptor) -> SocketKindError? {
    do throws(SocketKindError) {
        _ = try UnixSocket(checking: descriptor)
        return nil
    } catch { return error }
}

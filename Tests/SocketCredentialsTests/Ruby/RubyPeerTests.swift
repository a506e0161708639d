// Who is at the other end of a connection, asked by Ruby and by this process.

import Glibc
import LinuxSystem
import SocketCredentials
import TestSupport
import Testing

@Suite(.enabled(if: Interpreter.ruby.isInstalled, "there is no /usr/bin/ruby (package ruby)"))
struct RubyPeerTests {
    @Test func `each end of a connection knows the other`() throws {
        let directory = temporaryDirectory()
        defer { rmdir(directory) }
        let path = directory + "/socket"
        let listener = try UnixSocket.listening(at: path)
        defer { unlink(path) }
        var program = try PeerProgram(
            .ruby, "exchange.rb", input: "connect \(path)\npeer\nsay done\nreceive\n")
        let socket = try accepted(from: listener)
        let peer = try socket.peerCredentials()
        #expect(
            peer
                == Credentials(
                    source: .peerCredentials, pid: program.processID, euid: geteuid(),
                    egid: getegid()))
        #expect(try program.line() == option(pid: getpid()).rubyInspect)
        #expect(try program.line() == "done")
        _ = try socket.send([0x62, 0x79, 0x65])
        #expect(try program.lines() == ["bye"])
    }

    @Test(arguments: [SocketKind.stream, .sequencedPacket, .datagram])
    func `the maker of a pair is the peer at both of its ends`(kind: SocketKind) throws {
        var exchange = try PeerExchange(.ruby, kind, ["peer"])
        #expect(try exchange.program.lines() == [option(pid: getpid()).rubyInspect])
        #expect(try exchange.socket.peerCredentials().pid == getpid())
    }

    private func option(pid: Int32) -> SocketOption {
        let ucred = AncillaryData.credentials(pid: pid, uid: geteuid(), gid: getegid())
        return SocketOption(
            level: AncillaryData.socketLevel, name: SocketOption.peerCredentials,
            bytes: ucred.bytes)
    }
}

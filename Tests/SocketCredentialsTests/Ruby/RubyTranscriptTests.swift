// The conversation of Ruby's Feature #19179: a pair of sockets, SO_PASSCRED, a message with
// credentials, what was received, and whose it is. Ruby has one end and this process the other.

import Glibc
import SocketCredentials
import Testing

@Suite(.enabled(if: Interpreter.ruby.isInstalled, "there is no /usr/bin/ruby (package ruby)"))
struct RubyTranscriptTests {
    @Test func `the transcript runs with this process as the receiver`() throws {
        let pair = try UnixSocket.pair()
        let s2 = pair.second
        try s2.setPassCredentials()
        var ruby = try PeerProgram(
            .ruby, "transcript.rb", ["sender"], socket: try pair.first.descriptor.duplicate())
        let received = try Received(from: s2)
        #expect(received.text == "hi")
        let credentials = try #require(received.credentials)
        #expect(credentials.uid == getuid())
        #expect(credentials.pid == ruby.processID)
        #expect(credentials.defect() == nil)
        // Ruby's text of what it sent is ours of what was received.
        let item = AncillaryData.credentials(
            pid: credentials.pid ?? 0, uid: credentials.uid ?? .max, gid: credentials.gid ?? .max)
        #expect(try ruby.lines() == [item.rubyInspect, "2"])
    }

    @Test func `the transcript runs with this process as the sender`() throws {
        let pair = try UnixSocket.pair()
        let s1 = pair.first
        var ruby = try PeerProgram(
            .ruby, "transcript.rb", ["receiver"], socket: try pair.second.descriptor.duplicate())
        #expect(try ruby.line() == "0")
        let claim = Claim.own
        let item = AncillaryData.credentials(pid: claim.pid, uid: claim.uid, gid: claim.gid)
        #expect(try s1.send(Array("hi".utf8)[...], claiming: claim) == 2)
        #expect(try ruby.lines() == ["\"hi\"", item.rubyInspect, "true"])
        #expect(
            item.rubyInspect
                == "#<Socket::AncillaryData: UNIX SOCKET CREDENTIALS "
                + "pid=\(getpid()) uid=\(getuid()) gid=\(getgid()) (ucred)>")
    }
}

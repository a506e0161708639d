import ControlProtocol
import Glibc
import LinuxSystem
import Testing

@testable import Client

struct ControlConnectionTests {
    private static let patience = Duration.milliseconds(500)

    /// Opens a connection and calls `body`; returns the error.
    private func failure(
        _ peer: ScriptedPeer,
        _ body: (inout ControlConnection) throws(ClientError) -> Void = { _ throws(ClientError) in }
    ) -> ClientError? {
        do throws(ClientError) {
            guard
                var connection = try ControlConnection.open(
                    peer.instance, patience: Self.patience)
            else { return nil }
            try body(&connection)
            return nil
        } catch {
            return error
        }
    }

    private func twoDescriptors() throws -> DescriptorList {
        var list = DescriptorList()
        for _ in 0..<2 { list.append(try OwnedDescriptor.open("/dev/null", for: .reading)) }
        return list
    }

    @Test func `a daemon of the right uid is authenticated by a harmless question`() throws {
        let peer = try ScriptedPeer([.info()])
        #expect(failure(peer) == nil)
        let received = peer.received()
        #expect(received.count == 1)
        #expect(received[0].text.contains("org.varlink.service.GetInfo"))
        #expect(received[0].descriptors == 0)
        #expect(received[0].uid == getuid())
    }

    @Test(.enabled(if: isRoot, "only root can answer as another uid"))
    func `an impostor of another uid gets no descriptor`() throws {
        let peer = try ScriptedPeer([.info(uid: 4242)])
        let list = try twoDescriptors()
        let error = failure(peer) { connection throws(ClientError) in
            try connection.add(
                AddRequest(transaction: "t", descriptors: [.pidfd, .maps]), list)
        }
        #expect(error?.status == .wrongPeer)
        #expect(error?.description.contains("uid 4242") == true)
        #expect(error?.description.contains("uid \(getuid())") == true)
        #expect(peer.received().map(\.descriptors) == [0])
    }

    @Test(.enabled(if: isRoot, "only root can claim another uid"))
    func `root speaks as the uid of the daemon, and believes nobody else`() throws {
        let peer = try ScriptedPeer([.info(uid: 4242)], expecting: 4242)
        #expect(failure(peer) == nil)
        #expect(peer.received().map(\.uid) == [4242])
    }

    @Test(.enabled(if: isRoot, "only root can answer as another uid"), arguments: [65534, 4242])
    func `a later reply of another uid ends it`(uid: UInt32) throws {
        let peer = try ScriptedPeer([.info(), .reply(#"{"parameters":{"sessions":[]}}"#, uid: uid)])
        let error = failure(peer) { connection throws(ClientError) in _ = try connection.list() }
        #expect(error?.status == .wrongPeer)
    }

    @Test(.enabled(if: isRoot, "only root can answer as another uid"))
    func `one reply of two senders ends it`() throws {
        let text = Array(#"{"parameters":{"sessions":[]}}"#.utf8) + [0]
        let step = PeerStep(parts: [
            (Array(text[..<9]), nil), (Array(text[9...]), 4242),
        ])
        let error = failure(try ScriptedPeer([.info(), step])) { connection throws(ClientError) in
            _ = try connection.list()
        }
        #expect(error?.status == .wrongPeer)
    }

    @Test(.enabled(if: isRoot, "only root can answer as another uid"))
    func `the overflow uid is nobody's, even if it is the target's`() throws {
        let peer = try ScriptedPeer([.info(uid: 65534)], expecting: 65534)
        #expect(failure(peer)?.status == .wrongPeer)
    }

    @Test(.enabled(if: !isRoot, "root may claim every uid"))
    func `a user who may not become the uid is told what that needs`() throws {
        let error = failure(try ScriptedPeer([.info()], expecting: 0))
        #expect(error?.status == .noPermission)
        #expect(error?.description.contains("CAP_SETUID") == true)
    }

    @Test func `a peer that closes is one sentence`() throws {
        #expect(failure(try ScriptedPeer([.close]))?.status == .unavailable)
        let peer = try ScriptedPeer([.info(), .close])
        let error = failure(peer) { connection throws(ClientError) in _ = try connection.list() }
        #expect(error?.status == .unavailable)
    }

    @Test func `a peer that says nothing is not waited for without end`() throws {
        let error = failure(try ScriptedPeer([.silence]))
        #expect(error?.status == .unavailable)
        #expect(error?.description.contains("did not answer") == true)
    }

    @Test(arguments: [
        "hello", "", "[]", "1", #"{"parameters":1}"#, #"{"parameters":{}}"#,
        #"{"parameters":{"interfaces":"x"}}"#, #"{"error":1}"#, "{", "\u{FEFF}{}",
    ])
    func `a peer that does not speak Varlink is no daemon`(text: String) throws {
        #expect(failure(try ScriptedPeer([.reply(text)]))?.status == .wrongPeer)
    }

    @Test func `a service without the interface is named`() throws {
        let step = PeerStep.reply(
            #"{"parameters":{"product":"other","interfaces":["org.varlink.service"]}}"#)
        let error = failure(try ScriptedPeer([step]))
        #expect(error?.status == .wrongPeer)
        #expect(error?.description.contains("other") == true)
        #expect(error?.description.contains("too old") == true)
    }

    @Test func `an error instead of an introduction is that of another program`() throws {
        let step = PeerStep.reply(
            #"{"error":"org.varlink.service.MethodNotFound","parameters":{"method":"x"}}"#)
        #expect(failure(try ScriptedPeer([step]))?.status == .wrongPeer)
    }

    @Test func `a reply above the limit is not taken in`() throws {
        let long = PeerStep(parts: [
            (Array(repeating: UInt8(ascii: " "), count: ControlInterface.maximumReplySize + 1), nil)
        ])
        let error = failure(try ScriptedPeer([.info(), long])) { connection throws(ClientError) in
            _ = try connection.list()
        }
        #expect(error?.status == .wrongPeer)
        #expect(error?.description.contains("\(ControlInterface.maximumReplySize)") == true)
    }

    @Test(arguments: [1, 3])
    func `descriptors that nobody asked for are closed and refused`(count: Int) throws {
        let step = PeerStep.reply(#"{"parameters":{"sessions":[]}}"#, descriptors: count)
        let error = failure(try ScriptedPeer([.info(), step])) { connection throws(ClientError) in
            _ = try connection.list()
        }
        #expect(error?.status == .wrongPeer)
    }

    @Test(arguments: [0, 1])
    func `a recording must be a descriptor of a regular file`(count: Int) throws {
        let session = #"""
            {"parameters":{"session":{"session":"s","pid":1,"command":"c","uid":0,"state":"ended",\#
            "events":[],"kernel":"mode","lifetime":"detached","startedAt":0,\#
            "elapsedNanoseconds":0,"threads":0,"descriptors":0,"samples":0,"lost":0,"bytes":0,\#
            "losses":{"ring":0,"kernel":0,"service":0,"throttles":0,"throttledNanoseconds":0,\#
            "gaps":0,"gapNanoseconds":0}}}}
            """#
        let step = PeerStep.reply(session, descriptors: count)
        let error = failure(try ScriptedPeer([.info(), step])) { connection throws(ClientError) in
            _ = try connection.fetch("s")
        }
        #expect(error?.status == .wrongPeer)
    }

    @Test(arguments: [
        (
            "PermissionDenied", #"{"rule":"uid-is-own","reason":"R.","ownUid":5}"#,
            Client.ExitStatus.noPermission
        ),
        ("LimitExceeded", #"{"limit":"l","value":2,"maximum":1,"reason":"R."}"#, .failure),
        ("NoSuchSession", #"{"session":"s"}"#, .notFound),
        ("AttachFailed", #"{"reason":"R."}"#, .failure),
        ("Unheard", "{}", .wrongPeer),
        ("NoSuchSession", "{}", .wrongPeer),
    ])
    func `each of the daemon's errors has its exit status`(
        name: String, parameters: String, status: Client.ExitStatus
    ) throws {
        let step = PeerStep.reply(
            #"{"error":"io.profilerd.Control.\#(name)","parameters":\#(parameters)}"#)
        let error = failure(try ScriptedPeer([.info(), step])) { connection throws(ClientError) in
            _ = try connection.commit("t")
        }
        #expect(error?.status == status)
        #expect(error?.refusal != nil)
    }

    @Test func `as many descriptors as a message can carry go with their call`() throws {
        let peer = try ScriptedPeer([.info(), .reply(#"{"parameters":{}}"#)])
        var list = DescriptorList()
        for _ in 0..<ControlInterface.maximumDescriptorsPerMessage {
            list.append(try OwnedDescriptor.open("/dev/null", for: .reading))
        }
        let declarations = (0..<list.count).map {
            DescriptorDeclaration.event(
                EventDescriptor(
                    event: 15, cpu: 4095, tid: 4_194_304 - Int32($0), ownsRing: true, isLate: true))
        }
        let error = failure(peer) { connection throws(ClientError) in
            try connection.add(
                AddRequest(
                    transaction: "t", descriptors: declarations,
                    threads: [TargetThread(tid: 1, name: "t")]), list)
        }
        #expect(error == nil)
        #expect(peer.received().map(\.descriptors) == [0, 253])
    }

    @Test func `a request above the limit is not sent`() throws {
        let peer = try ScriptedPeer([.info()])
        let error = failure(peer) { connection throws(ClientError) in
            _ = try connection.commit(String(repeating: "x", count: 70_000))
        }
        #expect(error?.status == .usage)
        #expect(peer.received().count == 1)
    }

    @Test func `replies that came together are taken one by one`() throws {
        let one = #"{"continues":true,"parameters":{}}"#
        let step = PeerStep(parts: [(Array("\(one)\0\(one)\0{}\0".utf8), nil)])
        let peer = try ScriptedPeer([.info(), step])
        var kinds: [Bool] = []
        let error = failure(peer) { connection throws(ClientError) in
            try connection.callForMany(.monitor, [:])
            while kinds.count < 3 {
                if let answer = try connection.nextReply() { kinds.append(answer.continues) }
            }
        }
        #expect(error == nil)
        #expect(kinds == [true, true, false])
    }

    @Test func `no socket is none, and a file is no socket`() throws {
        let directory = TemporaryDirectory()
        let missing = DaemonInstance(path: "\(directory.path)/none", uid: getuid())
        #expect(try ControlConnection.open(missing) == nil)
        let file = DaemonInstance(path: "/etc/passwd", uid: getuid())
        let error = #expect(throws: ClientError.self) {
            _ = try ControlConnection.open(file) == nil
        }
        #expect(error?.status == .unavailable)
    }

    @Test func `a socket that nobody listens on any more says how to start its daemon`() throws {
        let directory = TemporaryDirectory()
        let path = "\(directory.path)/gone"
        do { _ = try UnixSocket.listening(at: path) }
        let error = #expect(throws: ClientError.self) {
            _ = try ControlConnection.open(DaemonInstance(path: path, uid: getuid())) == nil
        }
        #expect(error?.status == .unavailable)
        #expect(error?.description.contains("profilerd --listen \(path)") == true)
    }
}

import ControlProtocol
import Glibc
import LinuxSystem
import SocketCredentials
import Systemd
import TestSupport
import Testing
import Varlink

@testable import Daemon

/// A connection over a socket pair on a real loop, and the client's end of it.
private final class Fixture: ConnectionOwner {
    let loop: EventLoop
    let pair: ClientEnd
    private let turns: Turns
    private let patience: Patience
    private var made: Connection?
    private(set) var frames: [String] = []
    private(set) var violations: [FrameViolation] = []
    private(set) var closings = 0
    private(set) var overdue: [Awaited] = []
    /// What is done with a frame, besides noting it.
    var onFrame: (Connection, String) -> Void = { _, _ in }
    var welcomes = true
    /// Microseconds that it takes to say so.
    var welcomeTime: UInt32 = 0

    init(
        frameLimit: Int = 1024, limits: Limits = Limits { $0.requestsPerSecondPerUID = 1_000_000 }
    ) throws {
        loop = try EventLoop()
        let ends = try UnixSocket.pair()
        let socket = ends.first
        try socket.setPassCredentials()
        try socket.descriptor.setNonBlocking()
        try ends.second.descriptor.setNonBlocking()
        pair = ClientEnd(ends.second)
        turns = try Turns(ledger: PeerLedger(ownUID: 1, limits: limits), loop: loop)
        var isOverdue: (Connection, Awaited) -> Void = { _, _ in }
        patience = try Patience(deadline: limits.authenticationDeadline, loop: loop) {
            connection, awaited, _ in isOverdue(connection, awaited)
        }
        let connection = Connection(
            number: 1, socket: socket, frameLimit: frameLimit, owner: self, turns: turns,
            patience: patience)
        made = connection
        isOverdue = { [unowned self] connection, awaited in
            overdue.append(awaited)
            connection.close()
        }
        try connection.start(on: loop)
    }

    var connection: Connection {
        guard let made else { preconditionFailure("made by init") }
        return made
    }

    func handle(_ frame: consuming Frame, on connection: Connection) {
        let text = String(decoding: frame.bytes, as: UTF8.self)
        frames.append(text)
        onFrame(connection, text)
    }

    func violate(_ violation: FrameViolation, on connection: Connection) {
        violations.append(violation)
        connection.send(Reply(error: "violation"))
    }

    func isWelcome(_ writer: Credentials?) -> Bool {
        usleep(welcomeTime)
        return welcomes
    }

    func closed(_ connection: Connection) { closings += 1 }

    /// Lets the loop run until `condition` holds, or as long as it may take to see that nothing
    /// happens; a loop runs once.
    func run(milliseconds: Int64 = 100, until condition: (() -> Bool)? = nil) throws {
        let end = try loop.addTimer { [loop] in loop.stop() }
        end.arm(after: condition == nil ? .milliseconds(milliseconds) : .seconds(20))
        let ticking = try repeating(loop) { [loop] in if condition?() == true { loop.stop() } }
        try loop.run()
        ticking.cancel()
    }
}

/// The client's end.
private final class ClientEnd {
    private var socket: UnixSocket?
    /// What has been read so far.
    private(set) var bytes: [UInt8] = []
    private var chunk = [UInt8](repeating: 0, count: 1 << 18)

    init(_ socket: consuming UnixSocket) { self.socket = consume socket }

    func send(_ text: String, descriptors: Int = 0) {
        switch socket {
        case .none: break
        case .some(let socket):
            let list = nullDescriptors(descriptors)
            _ = try? socket.send(Array(text.utf8)[...], with: list)
        }
    }

    func endWriting() {
        switch socket {
        case .none: break
        case .some(let socket): shutdown(socket.descriptor.rawValue, CInt(SHUT_WR))
        }
    }

    func close() { socket = nil }

    /// Takes everything that can be read now, and closes what comes along.
    func read() {
        switch socket {
        case .none: break
        case .some(let socket):
            while case let count = Glibc.read(socket.descriptor.rawValue, &chunk, chunk.count),
                count > 0
            { bytes += chunk[..<count] }
        }
    }

    /// How many descriptors come with the next message.
    func receiveDescriptors() throws -> Int {
        switch socket {
        case .none: return 0
        case .some(let socket):
            switch try socket.receive(appendingTo: &bytes, limit: 4096) {
            case .message(let message): return message.descriptors.count
            default: return 0
            }
        }
    }

    /// The replies so far.
    var replies: [String] {
        read()
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}

/// A reply that fills a socket's buffer some times over.
private let large = Reply(["x": .string(String(repeating: "x", count: 1 << 20))])

struct ConnectionTests {
    @Test func `frames are handled in their order and answered in it`() throws {
        let fixture = try Fixture()
        fixture.onFrame = { connection, text in connection.send(Reply(["t": .string(text)])) }
        fixture.pair.send("a\0b\0")
        fixture.pair.send("c\0")
        try fixture.run { fixture.frames.count == 3 }
        #expect(fixture.frames == ["a", "b", "c"])
        #expect(
            fixture.pair.replies
                == ["a", "b", "c"].map { "{\"parameters\":{\"t\":\"\($0)\"}}" })
        #expect(fixture.closings == 0)
    }

    @Test func `no frame is handled after the end, though it has come`() throws {
        let fixture = try Fixture()
        fixture.onFrame = { connection, text in
            connection.send(Reply())
            if text == "b" { connection.end() }
        }
        fixture.pair.send("a\0b\0c\0")
        fixture.pair.send("d\0")
        try fixture.run { fixture.closings == 1 }
        #expect(fixture.frames == ["a", "b"])
        #expect(fixture.closings == 1)
        #expect(fixture.pair.replies.count == 2)
    }

    @Test func `a handler may close its own connection`() throws {
        let fixture = try Fixture()
        fixture.onFrame = { connection, _ in
            connection.close()
            connection.send(Reply())
            connection.end()
            connection.close()
        }
        fixture.pair.send("a\0b\0")
        try fixture.run { fixture.closings == 1 }
        #expect(fixture.frames == ["a"])
        #expect(fixture.closings == 1)
        #expect(fixture.pair.replies.isEmpty)
    }

    @Test func `a violation is told once, after what came before it`() throws {
        let fixture = try Fixture(frameLimit: 4)
        fixture.onFrame = { connection, _ in connection.send(Reply()) }
        fixture.pair.send("a\0toolong\0b\0")
        fixture.pair.send("c\0")
        try fixture.run { fixture.closings == 1 }
        #expect(fixture.frames == ["a"])
        #expect(fixture.violations == [.oversized(limit: 4)])
        #expect(fixture.pair.replies.count == 2)
        #expect(fixture.pair.replies.last?.contains("violation") == true)
    }

    @Test func `what is queued is sent before the connection ends`() throws {
        let fixture = try Fixture()
        fixture.onFrame = { connection, _ in connection.send(large) }
        fixture.pair.send("a\0b\0")
        fixture.pair.endWriting()
        let reader = try repeating(fixture.loop) { [fixture] in fixture.pair.read() }
        try fixture.run { fixture.closings == 1 }
        reader.cancel()
        fixture.pair.read()
        #expect(fixture.pair.bytes.count > 2 << 20)
    }

    @Test func `an ending connection whose peer does not read costs no round of the loop`() throws {
        let fixture = try Fixture()
        fixture.connection.send(large)
        fixture.connection.end()
        fixture.pair.send("a\0b\0c\0")
        fixture.pair.send("d\0")
        let before = threadSeconds()
        try fixture.run(milliseconds: 400)
        #expect(threadSeconds() - before < 0.2)
        #expect(fixture.closings == 0 && fixture.frames.isEmpty)
    }

    @Test func `a peer that goes away while it is written to ends it`() throws {
        let fixture = try Fixture()
        fixture.onFrame = { connection, _ in
            connection.send(large)
            connection.end()
        }
        fixture.pair.send("a\0")
        let away = try fixture.loop.addTimer { [fixture] in fixture.pair.close() }
        away.arm(after: .milliseconds(30))
        try fixture.run { fixture.closings == 1 }
        #expect(fixture.closings == 1)
    }

    @Test func `a peer that never reads is disconnected`() throws {
        let fixture = try Fixture()
        for _ in 0..<10 { fixture.connection.send(large) }
        #expect(fixture.connection.isClosed)
        #expect(fixture.closings == 1)
    }

    @Test func `descriptors that nobody takes are bounded`() throws {
        let fixture = try Fixture()
        fixture.connection.send(large)
        var count = 0
        while !fixture.connection.isClosed, count < 1000 {
            fixture.connection.send(Reply(), nullDescriptors(1))
            count += 1
        }
        #expect(count < 100)
    }

    @Test func `delivered is called when all of the reply is the kernel's, or never`() throws {
        let fixture = try Fixture()
        var delivered: [Int] = []
        fixture.connection.send(Reply(), nullDescriptors(1)) { delivered.append(1) }
        #expect(delivered == [1])
        fixture.connection.send(large) { delivered.append(2) }
        fixture.connection.send(Reply(), nullDescriptors(1)) { delivered.append(3) }
        #expect(delivered == [1])
        fixture.connection.close()
        fixture.connection.send(Reply()) { delivered.append(4) }
        #expect(delivered == [1])
        #expect(try fixture.pair.receiveDescriptors() == 1)
    }

    @Test func `delivered may send and close`() throws {
        let fixture = try Fixture()
        fixture.connection.send(Reply(["a": 1])) { [fixture] in
            fixture.connection.send(Reply(["b": 2])) { fixture.connection.close() }
            fixture.connection.send(Reply(["c": 3]))
        }
        #expect(fixture.pair.replies == [#"{"parameters":{"a":1}}"#, #"{"parameters":{"b":2}}"#])
        #expect(fixture.closings == 1)
    }

    @Test func `many short replies behind a full socket are sent in their order`() throws {
        let fixture = try Fixture()
        fixture.connection.send(large)
        for index in 0..<20_000 { fixture.connection.send(Reply(["i": .int(Int64(index))])) }
        let last = Array("{\"parameters\":{\"i\":19999}}\0".utf8)
        try fixture.run {
            fixture.pair.read()
            return fixture.pair.bytes.suffix(last.count).elementsEqual(last)
        }
        let replies = fixture.pair.replies.dropFirst()
        #expect(replies.count == 20_000)
        let wrong = replies.enumerated().first { $1 != "{\"parameters\":{\"i\":\($0)}}" }
        #expect(wrong?.offset == nil)
    }

    @Test func `one that asks without end does not keep others waiting`() throws {
        let fixture = try Fixture()
        // Each frame uses up its turn.
        fixture.onFrame = { _, _ in usleep(300) }
        fixture.pair.send(String(repeating: "x\0", count: 1000))
        var seen: [Int] = []
        let other = try Pipe()
        let ready = try fixture.loop.addIO(other.reader, .readable) { [fixture] _ in
            seen.append(fixture.frames.count)
            other.take()
            if fixture.frames.count < 1000 { other.put() }
        }
        other.put()
        try fixture.run { fixture.frames.count == 1000 }
        ready.cancel()
        // It had its turn between one frame and the next, or the one after that.
        let gaps = zip(seen, seen.dropFirst()).map { $1 - $0 }
        #expect(
            seen.count > 400 && gaps.allSatisfy { $0 <= 3 }, "\(seen.count), \(gaps.max() ?? 0)")
    }

    @Test func `who asks more than a second's share waits, and loses nothing`() throws {
        let fixture = try Fixture(limits: Limits { $0.requestsPerSecondPerUID = 100 })
        fixture.pair.send(String(repeating: "x\0", count: 120))
        let before = threadSeconds()
        let started = ContinuousClock.now
        try fixture.run { fixture.frames.count == 120 }
        let elapsed = ContinuousClock.now - started
        #expect(elapsed > .milliseconds(150) && elapsed < .seconds(5))
        #expect(threadSeconds() - before < 0.1)
        #expect(fixture.violations.isEmpty && fixture.closings == 0)
    }

    @Test func `who has no credit and goes away is closed when it has some`() throws {
        let fixture = try Fixture(limits: Limits { $0.requestsPerSecondPerUID = 20 })
        fixture.pair.send(String(repeating: "x\0", count: 25))
        fixture.pair.close()
        try fixture.run { fixture.closings == 1 }
        #expect(fixture.frames.count == 25)
    }

    @Test(arguments: [
        ("", Awaited.authentication), ("x\0", .authentication), ("y", .authentication),
    ])
    func `who is not authenticated is waited for no longer than the deadline`(
        text: String, awaited: Awaited
    ) throws {
        let fixture = try Fixture(limits: Limits { $0.authenticationDeadline = .milliseconds(200) })
        if !text.isEmpty { fixture.pair.send(text) }
        let started = ContinuousClock.now
        try fixture.run { fixture.closings == 1 }
        #expect(fixture.overdue == [awaited])
        #expect(ContinuousClock.now - started > .milliseconds(190))
    }

    @Test func `who is authenticated may be silent, but not in the middle of a frame`() throws {
        let fixture = try Fixture(limits: Limits { $0.authenticationDeadline = .milliseconds(200) })
        fixture.onFrame = { connection, _ in connection.isAuthenticated = true }
        fixture.pair.send("x\0")
        let later = try fixture.loop.addTimer { [fixture] in fixture.pair.send("y") }
        later.arm(after: .milliseconds(500))
        let started = ContinuousClock.now
        try fixture.run { fixture.closings == 1 }
        #expect(fixture.overdue == [.rest])
        #expect(ContinuousClock.now - started > .milliseconds(690))
    }

    @Test func `the time of a frame begins with it, and a byte now and then does not stop it`()
        throws
    {
        let fixture = try Fixture(limits: Limits { $0.authenticationDeadline = .milliseconds(300) })
        fixture.onFrame = { connection, _ in connection.isAuthenticated = true }
        fixture.pair.send("x\0y")
        var count = 0
        // Whole frames at first, each with a beginning behind it; then drops of one.
        let drops = try repeating(fixture.loop, milliseconds: 50) { [fixture] in
            count += 1
            fixture.pair.send(count < 16 ? "\0y" : "z")
        }
        try fixture.run { fixture.closings == 1 }
        drops.cancel()
        #expect(fixture.overdue == [.rest])
        #expect(fixture.frames.count == 16)
        #expect((17...24).contains(count), "\(count)")
    }

    @Test func `bytes that come as a turn ends do not begin the time of a frame anew`() throws {
        let fixture = try Fixture(limits: Limits { $0.authenticationDeadline = .milliseconds(300) })
        fixture.onFrame = { connection, _ in connection.isAuthenticated = true }
        // Longer than a turn; it is asked before each reception, since there are descriptors.
        fixture.welcomeTime = 500
        fixture.pair.send("x\0")
        fixture.pair.send("y", descriptors: 1)
        let drops = try repeating(fixture.loop, milliseconds: 50) { [fixture] in
            fixture.pair.send("z")
        }
        try fixture.run { fixture.closings == 1 }
        drops.cancel()
        #expect(fixture.frames == ["x"])
        #expect(fixture.overdue == [.rest])
    }

    @Test func `who does not read is not read from, and is waited for no longer either`() throws {
        let fixture = try Fixture(limits: Limits { $0.authenticationDeadline = .milliseconds(200) })
        fixture.onFrame = { connection, _ in
            connection.isAuthenticated = true
            connection.send(large)
        }
        fixture.pair.send("a\0b\0c\0")
        try fixture.run { fixture.closings == 1 }
        #expect(fixture.frames == ["a"])
        #expect(fixture.overdue == [.reader])
    }

    @Test func `who reads slowly gets everything`() throws {
        let fixture = try Fixture(limits: Limits { $0.authenticationDeadline = .milliseconds(300) })
        fixture.onFrame = { connection, _ in
            connection.isAuthenticated = true
            connection.send(large)
        }
        fixture.pair.send("a\0b\0c\0")
        let reader = try repeating(fixture.loop, milliseconds: 100) { [fixture] in
            fixture.pair.read()
        }
        try fixture.run { fixture.pair.bytes.count > 3 << 20 }
        reader.cancel()
        #expect(fixture.frames == ["a", "b", "c"] && fixture.overdue.isEmpty)
    }

    @Test(arguments: [true, false])
    func `descriptors of a frame that will be denied are not kept until its end`(
        isWelcome: Bool
    ) async throws {
        let fixture = try Fixture()
        fixture.welcomes = isWelcome
        let before = openDescriptors()
        fixture.pair.send("x", descriptors: 5)
        try fixture.run(milliseconds: 50)
        #expect(openDescriptors() - before == (isWelcome ? 5 : 0))
    }

    @Test func `no descriptor is left by frames, violations and closings`() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptors()
            for (text, descriptors) in [
                ("a\0", 3), ("a", 3), ("toolongtoolong\0", 3), ("a\0bcdefghijkl", 3), ("\0\0", 3),
            ] {
                let fixture = try Fixture(frameLimit: 8)
                fixture.onFrame = { connection, _ in connection.send(large, nullDescriptors(2)) }
                fixture.pair.send(text, descriptors: descriptors)
                try fixture.run(milliseconds: 20)
                fixture.connection.close()
            }
            demandEqual(openDescriptors(), before)
        }
    }
}

/// One byte that can be read or not.
private final class Pipe {
    let reader: OwnedDescriptor
    private let writer: OwnedDescriptor

    init() throws {
        let ends = try UnixSocket.pair()
        reader = try ends.first.descriptor.duplicate()
        writer = try ends.second.descriptor.duplicate()
    }

    func put() { _ = write(writer.rawValue, "x", 1) }

    func take() {
        var byte: UInt8 = 0
        _ = Glibc.read(reader.rawValue, &byte, 1)
    }
}

/// Calls `body` again and again as long as the result lives.
private func repeating(
    _ loop: EventLoop, milliseconds: Int64 = 10, _ body: @escaping () -> Void
) throws -> TimerSource {
    var again: TimerSource?
    let tick = try loop.addTimer {
        body()
        again?.arm(after: .milliseconds(milliseconds))
    }
    again = tick
    tick.arm(after: .milliseconds(1))
    return tick
}

/// The processor time of the calling thread.
private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

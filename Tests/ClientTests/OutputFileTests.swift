import Glibc
import LinuxSystem
import Testing

@testable import Client

extension OutputFile {
    mutating func write(_ bytes: [UInt8]) throws(ClientError) {
        try write(bytes) { _ throws(ClientError) in }
    }
}

struct OutputFileTests {
    private let directory = TemporaryDirectory()
    private let nobody = InvokingUser(realUID: getuid()) { _ in nil }

    private func write(_ text: String, to path: String, isSecret: Bool = false) throws {
        var file = try OutputFile(path, for: nobody)
        try file.write(Array(text.utf8))
        try file.publish(isSecret: isSecret)
    }

    @Test func `a file appears whole`() throws {
        let path = "\(directory.path)/report.html"
        var file = try OutputFile(path, for: nobody)
        try file.write(Array("one ".utf8))
        #expect(directory.names.isEmpty)
        try file.write(Array("two".utf8))
        try file.publish(isSecret: false)
        #expect(contents(of: path) == "one two")
        #expect(directory.names == ["report.html"])
    }

    @Test func `what had the name before is replaced at once`() throws {
        let path = "\(directory.path)/report.html"
        try write("old", to: path)
        try write("new", to: path)
        #expect(contents(of: path) == "new")
        #expect(directory.names == ["report.html"])
    }

    @Test func `a file that is given up leaves nothing`() throws {
        do {
            var file = try OutputFile("\(directory.path)/x", for: nobody)
            try file.write([1])
        }
        #expect(directory.names.isEmpty)
    }

    @Test func `kernel addresses are for the owner alone`() throws {
        try write("", to: "\(directory.path)/a", isSecret: true)
        #expect(try FileFacts(path: "\(directory.path)/a").permissions == 0o600)
    }

    @Test func `a device is written to and stays what it is`() throws {
        try write("text", to: "/dev/null")
        #expect(try FileFacts(path: "/dev/null").kind == .other)
    }

    @Test func `standard output by another name is standard output`() throws {
        for path in ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            #expect(try OutputFile(path, for: nobody).path == nil)
        }
    }

    @Test func `a link stays, and the file that it leads to is replaced`() throws {
        directory.makeDirectories("far")
        let (file, link) = ("\(directory.path)/far/real", "\(directory.path)/link")
        try write("old", to: file)
        #expect(symlink("far/real", link) == 0)
        try write("new", to: link)
        #expect(contents(of: file) == "new")
        #expect(try FileFacts(of: .open(link, for: .reference)).kind == .symbolicLink)
        #expect(directory.names == ["far", "link"])
    }

    @Test func `a link to nothing is refused and stays`() throws {
        let link = "\(directory.path)/link"
        #expect(symlink("\(directory.path)/nothing", link) == 0)
        let error = #expect(throws: ClientError.self) { try write("new", to: link) }
        #expect(error?.status == .cannotCreate)
        #expect(error?.description.contains("leads to no file") == true)
        #expect(directory.names == ["link"])
    }

    @Test func `a link to a device is written to`() throws {
        let link = "\(directory.path)/link"
        #expect(symlink("/dev/null", link) == 0)
        try write("text", to: link)
        #expect(directory.names == ["link"])
        #expect(try FileFacts(path: "/dev/null").kind == .other)
    }

    @Test(.enabled(if: isRoot, "only root can make another user's link"))
    func `somebody else's link in a directory for all is not followed`() throws {
        let shared = "\(directory.path)/shared"
        directory.makeDirectories("shared")
        chmod(shared, 0o1777)
        let file = "\(directory.path)/mine"
        try write("old", to: file)
        #expect(symlink(file, "\(shared)/link") == 0)
        #expect(lchown("\(shared)/link", 4242, 4242) == 0)
        let error = #expect(throws: ClientError.self) { try write("new", to: "\(shared)/link") }
        #expect(error?.status == .cannotCreate)
        #expect(contents(of: file) == "old")
    }

    @Test(.timeLimit(.minutes(1)))
    func `a FIFO without a reader is refused at once, and one with a reader is written to`() throws
    {
        let path = "\(directory.path)/fifo"
        #expect(mkfifo(path, 0o600) == 0)
        let error = #expect(throws: ClientError.self) { try write("text", to: path) }
        #expect(error?.status == .cannotCreate)
        #expect(error?.description.contains("nobody who reads") == true)

        let reader = OwnedDescriptor(adopting: open(path, O_RDONLY | O_NONBLOCK))
        try write("text", to: path)
        #expect(try reader.readSome(16) == Array("text".utf8))
        #expect(directory.names == ["fifo"])
    }

    @Test func `whoever reads slowly is waited for piece by piece`() throws {
        let path = "\(directory.path)/fifo"
        #expect(mkfifo(path, 0o600) == 0)
        let reader = OwnedDescriptor(adopting: open(path, O_RDONLY | O_NONBLOCK))
        var file = try OutputFile(path, for: nobody)
        let bytes = (0..<(1 << 18)).map { UInt8(truncatingIfNeeded: $0 * 7) }
        var received: [UInt8] = []
        try file.write(bytes) { stream throws(ClientError) in
            var set = WaitSet()
            set.add(stream, for: .writing)
            let isFull = (try? set.wait(until: Deadline(after: .zero)))?.isEmpty == true
            if isFull { received += (try? reader.readSome(1 << 14)) ?? [] }
        }
        try file.publish(isSecret: false)
        while let rest = try? reader.readSome(1 << 16), !rest.isEmpty { received += rest }
        #expect(received == bytes)
    }

    @Test func `what goes to a terminal cannot act on it, whoever wrote it`() throws {
        let (terminal, path) = try pseudoTerminal()
        // Or the terminal would hang up.
        let keeper = try OwnedDescriptor.open(path, for: .reading)
        try write("a\u{1B}[2Jb\u{9B}31m\u{202E}c \u{FC}\n", to: path)
        let shown = String(decoding: try terminal.descriptor.readSome(4096), as: UTF8.self)
        #expect(shown == "a\\u{1B}[2Jb\\u{9B}31m\\u{202E}c \u{FC}\r\n")
        withExtendedLifetime(keeper) {}
    }

    @Test func `no room is one sentence`() throws {
        let error = #expect(throws: ClientError.self) { try write("text", to: "/dev/full") }
        #expect(error?.status == .cannotCreate)
        #expect(error?.description.contains("no room") == true)
    }

    @Test(arguments: ["/missing/x.html", "/", "/."])
    func `a place that cannot be is refused before anything is done`(name: String) {
        let error = #expect(throws: ClientError.self) {
            _ = try OutputFile(directory.path + name, for: nobody).path
        }
        #expect(error?.status == .cannotCreate)
    }

    @Test(.enabled(if: isRoot, "only root can act as another user"))
    func `a directory that the user may not write to is refused though root may`() async {
        // The effective ids are the whole process'.
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            let user = InvokingUser(realUID: 0) { _ in "4242" }
            let error = #expect(throws: ClientError.self) {
                _ = try OutputFile("\(directory.path)/x", for: user).path
            }
            #expect(error?.status == .cannotCreate)
            #expect(geteuid() == 0)
            #expect(getegid() == 0)
        }
    }

    @Test(.enabled(if: isRoot, "only root can act as another user"))
    func `with sudo the file is the user's`() async {
        await #expect(processExitsWith: .success) {
            let directory = TemporaryDirectory()
            chown(directory.path, 4242, 4343)
            let user = InvokingUser(realUID: 0) { $0 == "SUDO_UID" ? "4242" : "4343" }
            var file = try OutputFile("\(directory.path)/x", for: user)
            try file.publish(isSecret: false)
            let facts = try FileFacts(path: "\(directory.path)/x")
            #expect(facts.uid == 4242)
            #expect(facts.gid == 4343)
            #expect(geteuid() == 0)
        }
    }
}

/// The controlling end of a pseudo-terminal and the path of the other (pty(7)). Swift's view of libc
/// lacks the calls.
private func pseudoTerminal() throws -> (TerminalEnd, path: String) {
    typealias Call = @convention(c) (CInt) -> CInt
    typealias Name = @convention(c) (CInt) -> UnsafePointer<CChar>?
    func call(_ name: String) throws -> Call {
        unsafeBitCast(try #require(dlsym(nil, name)), to: Call.self)
    }
    let number = try call("posix_openpt")(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
    let end = TerminalEnd(OwnedDescriptor(adopting: number))
    guard try call("grantpt")(number) == 0, try call("unlockpt")(number) == 0 else {
        throw SystemCallError("unlockpt", .badFileDescriptor)
    }
    let name = unsafeBitCast(try #require(dlsym(nil, "ptsname")), to: Name.self)
    return (end, String(cString: try #require(name(number))))
}

private final class TerminalEnd {
    let descriptor: OwnedDescriptor
    init(_ descriptor: consuming OwnedDescriptor) { self.descriptor = descriptor }
}

// Programs in other languages that the library is checked against. Their scripts are in
// Tests/Peers.

import Glibc
import LinuxSystem
import SocketCredentials
import TestSupport

/// An interpreter where Debian installs it.
enum Interpreter: String, CaseIterable {
    case ruby = "/usr/bin/ruby"
    case python = "/usr/bin/python3"

    var isInstalled: Bool { access(rawValue, X_OK) == 0 }

    var options: [String] {
        switch self {
        case .ruby: ["--disable-gems"]
        case .python: ["-I", "-B"]
        }
    }
}

/// A script of Tests/Peers that runs, with what it writes.
struct PeerProgram: ~Copyable {
    private var child: ChildProcess
    private let output: OwnedDescriptor
    private var unread: [UInt8] = []

    var processID: Int32 { child.processID }

    /// Starts a script with `input` to read.
    ///
    /// - Parameter socket: what it has as descriptor 3.
    init(
        _ interpreter: Interpreter, _ script: String, _ arguments: [String] = [],
        input: String = "", socket: consuming OwnedDescriptor? = nil
    ) throws {
        let pipe = try Pipe()
        let memory = memoryFile(named: "input")
        try memory.writeAll(Array(input.utf8))
        var descriptors = DescriptorList()
        descriptors.append(try memory.reopenedForReading())
        descriptors.append(try pipe.writer.duplicate())
        descriptors.append(OwnedDescriptor(adopting: fcntl(2, F_DUPFD_CLOEXEC, 3)))
        if let socket { descriptors.append(socket) }
        let plan = ChildPlan(
            .named(interpreter.rawValue),
            arguments: [interpreter.rawValue] + interpreter.options + [Self.path(of: script)]
                + arguments,
            environment: ["PATH=/usr/bin:/bin", "TZ=UTC", "LC_ALL=C.UTF-8"])
        child = try ChildProcess.start(plan, descriptors: descriptors)
        output = pipe.takeReader()
    }

    /// The lines it writes until it ends, but for those that were read before; nil where it did
    /// not end well.
    mutating func lines() throws -> [String]? {
        while try read() {}
        guard try child.wait() == .exited(0) else { return nil }
        return unread.split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The next line it writes; nil where it writes no more.
    mutating func line() throws -> String? {
        while true {
            if let end = unread.firstIndex(of: 0x0a) {
                defer { unread.removeFirst(end + 1) }
                return String(decoding: unread[..<end], as: UTF8.self)
            }
            guard try read() else { return nil }
        }
    }

    private mutating func read() throws -> Bool {
        let chunk = try output.readSome(65536)
        unread += chunk
        return !chunk.isEmpty
    }

    private static func path(of script: String, file: String = #filePath) -> String {
        let parts = file.split(separator: "/").dropLast(2)
        return "/" + parts.joined(separator: "/") + "/Peers/" + script
    }
}

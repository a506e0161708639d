import CLinux
import Glibc
import SystemPackage

/// A child of the test, killed and reaped when its owner lets go of it.
final class RunningProgram {
    let processID: Int32
    private let input: CInt
    private let output: CInt

    /// Starts `TestProgram` and waits until its threads run.
    convenience init(_ arguments: String...) throws {
        try self.init(path: try Self.testProgram(), arguments)
        try awaitLine("ready")
    }

    /// Starts `TestProgram`.
    convenience init(starting arguments: String...) throws {
        try self.init(path: try Self.testProgram(), arguments)
    }

    private static func testProgram() throws -> String {
        let directory = try readLink("/proc/self/exe").split(separator: "/").dropLast()
        return "/" + directory.joined(separator: "/") + "/TestProgram"
    }

    /// Starts the program at `path`, with pipes for its standard input and output.
    init(path: String, _ arguments: [String]) throws {
        let toChild = try FileDescriptor.pipe()
        let fromChild = try FileDescriptor.pipe()
        for end in [toChild.writeEnd, fromChild.readEnd, toChild.readEnd, fromChild.writeEnd] {
            _ = clinux_fcntl(end.rawValue, F_SETFD, CLong(FD_CLOEXEC))
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, toChild.readEnd.rawValue, 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild.writeEnd.rawValue, 1)
        var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        defer { for argument in argv { free(argument) } }
        var processID: pid_t = 0
        let error = posix_spawn(&processID, path, &actions, nil, &argv, Glibc.environ)
        try toChild.readEnd.close()
        try fromChild.writeEnd.close()
        input = toChild.writeEnd.rawValue
        output = fromChild.readEnd.rawValue
        self.processID = processID
        if error != 0 { throw Errno(rawValue: error) }
    }

    deinit {
        // The end of its input ends it even where this user may not kill it any more.
        close(input)
        close(output)
        kill(processID, SIGKILL)
        waitpid(processID, nil, 0)
    }

    /// Sends the byte that the program waits for.
    func go() throws {
        _ = try FileDescriptor(rawValue: input).writeAll([10])
    }

    /// Reads the program's output up to `line`.
    func awaitLine(_ line: String) throws { _ = try read(to: "\(line)\n") }

    /// Reads the next line, which comes without its end.
    func nextLine() throws -> String { String(try read(to: "\n").dropLast()) }

    private func read(to end: String) throws -> String {
        var text: [UInt8] = []
        while !String(decoding: text, as: UTF8.self).hasSuffix(end) {
            var byte: [UInt8] = [0]
            let count = try byte.withUnsafeMutableBytes {
                try FileDescriptor(rawValue: output).read(into: $0)
            }
            if count == 0 { throw Errno.brokenPipe }
            text += byte
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Waits until the program has ended, and leaves it a zombie.
    func awaitEnd() {
        var information = siginfo_t()
        waitid(P_PID, id_t(processID), &information, WEXITED | WNOWAIT)
    }
}

func readLink(_ path: String) throws -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    if count < 0 { throw Errno(rawValue: clinux_errno()) }
    return String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

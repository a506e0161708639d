// A program that a test starts: its process, its output, its end. It is killed and reaped when its
// owner lets go of it, by its own number and never by a name.

import CLinux
import Glibc
import SystemPackage
import Testing

/// How a program ended.
enum Ending: Equatable {
    case exited(Int32)
    case killed(Int32)
}

/// A child of the test.
final class Running {
    let processID: Int32
    private let input: FileDescriptor
    private let outputPath: String
    private let errorPath: String
    private var ending: Ending?

    /// Starts the program at `path`.
    ///
    /// - Parameters:
    ///   - user: whom it runs as; nil is as the test. It becomes them through setpriv(1), which
    ///     executes the program in its own process.
    ///   - keepsInput: its standard input is a pipe that stays open; else it has ended.
    ///   - environment: all that it has, beside what a sanitizer's runtime is told.
    init(
        _ path: String, _ arguments: [String], as user: TestUser? = nil, keepsInput: Bool = false,
        environment: [String: String] = [:], in scratch: Scratch
    ) throws {
        var command = [path] + arguments
        if let user, user.uid != geteuid() {
            command =
                [
                    "/usr/bin/setpriv", "--reuid=\(user.uid)", "--regid=\(user.gid)",
                    // A test that is killed takes its daemon along.
                    "--clear-groups", "--pdeathsig", "KILL", "--",
                ] + command
        }
        outputPath = scratch.newPath("output")
        errorPath = scratch.newPath("errors")
        let pipe = try FileDescriptor.pipe()
        defer { try? pipe.readEnd.close() }
        for end in [pipe.readEnd, pipe.writeEnd] {
            _ = clinux_fcntl(end.rawValue, F_SETFD, CLong(FD_CLOEXEC))
        }
        input = pipe.writeEnd
        var environment = environment
        environment["PATH"] = environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        // Leaks are looked for in the test's own process: that takes ptrace(2) and execve(2), which
        // the daemon forbids itself. What is freed is kept from use for a while, and of that less
        // than in the test's: the daemon has a budget of memory.
        if let options = getenv("ASAN_OPTIONS") {
            environment["ASAN_OPTIONS"] =
                String(cString: options) + ":detect_leaks=0:quarantine_size_mb=4"
        }
        processID = try Self.spawn(
            command, environment.map { "\($0)=\($1)" }, input: pipe.readEnd.rawValue,
            output: outputPath, errors: errorPath)
        if !keepsInput { try closeInput() }
    }

    deinit {
        if ending == nil {
            kill(processID, SIGKILL)
            waitpid(processID, nil, 0)
        }
        try? closeInput()
    }

    private static func spawn(
        _ command: [String], _ environment: [String], input: CInt, output: String, errors: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 1, output, flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, flags, 0o600)
        // Whatever else this process has open, close-on-exec or not, is none of theirs; closing
        // what is not open is no error here.
        for number in entries(of: "/proc/self/fd").compactMap({ CInt($0) }) where number > 2 {
            posix_spawn_file_actions_addclose(&actions, number)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var argv: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in argv + envp { free(text) } }
        var processID: pid_t = 0
        let error = posix_spawn(&processID, command[0], &actions, &attributes, &argv, &envp)
        if error != 0 {
            throw Failure("\(command[0]) cannot be started: \(Errno(rawValue: error))")
        }
        return processID
    }

    /// Sends a byte to the program.
    func go() throws { _ = try input.writeAll([10]) }

    private var isInputClosed = false

    func closeInput() throws {
        if isInputClosed { return }
        isInputClosed = true
        try input.close()
    }

    func send(_ signal: Int32) { kill(processID, signal) }

    /// Stops all of its threads, and returns when they have stopped.
    func suspend() throws {
        send(SIGSTOP)
        var status: Int32 = 0
        guard waitpid(processID, &status, WUNTRACED) == processID, status & 0xFF == 0x7F else {
            throw Failure("process \(processID) did not stop")
        }
    }

    /// What it has written so far.
    var output: String { (try? String(decoding: readFile(outputPath), as: UTF8.self)) ?? "" }
    var errors: String { (try? String(decoding: readFile(errorPath), as: UTF8.self)) ?? "" }

    /// Whether it has ended, and how.
    func poll() -> Ending? {
        if let ending { return ending }
        var status: Int32 = 0
        guard waitpid(processID, &status, WNOHANG) == processID else { return nil }
        ending = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
        return ending
    }

    /// Waits for its end.
    @discardableResult
    func wait(seconds: Double = 30, _ location: SourceLocation = #_sourceLocation) throws -> Ending
    {
        try eventually("the end of process \(processID)", seconds: seconds, location) { poll() }
    }
}

/// What a program that has ended left.
struct Finished {
    let ending: Ending
    let output: String
    let errors: String
}

/// Why a test cannot go on.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits until `condition` has a value.
func eventually<Value>(
    _ what: String, seconds: Double = 10, _ location: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Value?
) throws -> Value {
    let end = secondsOfClock() + seconds
    while true {
        if let value = try condition() { return value }
        if secondsOfClock() > end {
            Issue.record("\(what) did not come within \(seconds) s", sourceLocation: location)
            throw Failure("\(what) did not come within \(seconds) s")
        }
        usleep(2_000)
    }
}

/// Waits until `condition` holds.
func eventually(
    _ what: String, seconds: Double = 10, _ location: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) throws {
    try eventually(what, seconds: seconds, location) { try condition() ? () : nil }
}

/// CLOCK_MONOTONIC in seconds.
func secondsOfClock() -> Double {
    var time = timespec()
    clock_gettime(clinux_clock_monotonic(), &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

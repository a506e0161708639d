// A daemon of its own for each test, and the client to drive it with. When the test's body is
// over, whatever it did, the daemon must be as it was: no session, no descriptor more than at the
// beginning, nothing in its state directory; and it must end in good order.

import Glibc
import LinuxSystem
import Recording
import Testing
import Varlink

final class World {
    let scratch: Scratch
    let user: TestUser
    let socket: String
    let state: String
    /// A directory for outputs, of the user whom the client runs as.
    let outputs: String
    /// The daemon's configuration file.
    let configuration: String
    private(set) var daemon: Running
    private(set) var descriptorsAtRest = 0
    /// What the recordings are on, where it is small.
    private var stateRoom: TemporaryFileSystem?
    private var quotaRoom: QuotaFileSystem?

    /// - Parameters:
    ///   - socket: where the daemon listens; nil is a place in the scratch directory.
    ///   - manager: what the daemon takes for its service manager.
    ///   - limits: of the daemon, as prlimit(1) takes them.
    ///   - stateSize: the recordings are on a file system of so many KiB; only for root.
    ///   - quota: they have a quota of so many KiB; only for root.
    ///   - existing: where recordings are; nil is a directory of its own.
    init(
        user: TestUser = .shared, configuration: String = "", socket: String? = nil,
        manager: ScriptedManager? = nil, limits: [String] = [], stateSize: Int? = nil,
        quota: Int? = nil, state existing: String? = nil, environment: [String: String] = [:]
    ) throws {
        scratch = try Scratch()
        self.user = user
        self.socket = try socket ?? scratch.directory("run", of: user) + "/control.sock"
        let scratch = scratch
        quotaRoom = try quota.map {
            try QuotaFileSystem(in: scratch, kibibytes: $0, of: user)
        }
        state = try existing ?? quotaRoom?.path ?? scratch.directory("state", of: user)
        let path = state
        stateRoom = try stateSize.map {
            try TemporaryFileSystem(at: path, kibibytes: $0, isMade: true, of: user)
        }
        outputs = try scratch.directory("outputs", of: .own, mode: 0o755)
        let file = scratch.newPath("configuration")
        self.configuration = file
        try writeFile(file, configuration)
        let command =
            (limits.isEmpty ? [] : [installed("prlimit") ?? ""] + limits) + [
                Binaries.shared.profilerd, "--listen", self.socket, "--state-directory", state,
                "--config", file,
            ]
        daemon = try Running(
            command[0], Array(command.dropFirst()), as: user,
            environment: environment.merging(
                manager.map { ["NOTIFY_SOCKET": $0.path] } ?? [:]
            ) { first, _ in first },
            in: scratch)
        try eventually("the daemon's answer") {
            if let ending = daemon.poll() { throw Failure("profilerd \(ending): \(daemon.errors)") }
            guard fileExists(self.socket), var client = try? RawClient(self.socket) else {
                return false
            }
            return try client.call("org.varlink.service.GetInfo", claiming: user).error == nil
        }
        descriptorsAtRest = try settledDescriptors()
    }

    deinit {
        stateRoom = nil
        quotaRoom = nil
    }

    /// Runs a test in a world of its own, and checks what it leaves.
    static func run(
        user: TestUser = .shared, configuration: String = "", socket: String? = nil,
        limits: [String] = [], _ location: SourceLocation = #_sourceLocation,
        _ body: (World) throws -> Void
    ) throws {
        let world = try World(
            user: user, configuration: configuration, socket: socket, limits: limits)
        do {
            try body(world)
        } catch {
            Issue.record("the daemon said: \(world.daemon.errors)", sourceLocation: location)
            throw error
        }
        try world.checkNothingIsLeft(location)
    }

    private func checkNothingIsLeft(_ location: SourceLocation) throws {
        // A test that ended its daemon looked itself.
        if daemon.poll() != nil { return }
        try eventually("an idle daemon with its \(descriptorsAtRest) descriptors", location) {
            descriptorCount() == descriptorsAtRest
        }
        var client = try RawClient(socket)
        let reply = try client.call("io.profilerd.Control.List", claiming: user)
        #expect(reply.parameters["sessions"] == .array([]), sourceLocation: location)
        #expect(entries(of: state) == [], sourceLocation: location)
        daemon.send(SIGTERM)
        #expect(try daemon.wait() == .exited(0), sourceLocation: location)
    }

    /// The daemon's open descriptors.
    func descriptorCount() -> Int { entries(of: "/proc/\(daemon.processID)/fd").count }

    /// Connections to the daemon: its sockets without the one that listens.
    var connectionCount: Int {
        entries(of: "/proc/\(daemon.processID)/fd").count {
            linkTarget("/proc/\(daemon.processID)/fd/\($0)").hasPrefix("socket:")
        } - 1
    }

    /// Their number once the connection that asked has gone.
    private func settledDescriptors() throws -> Int {
        try eventually("a daemon without connections") {
            connectionCount == 0 ? descriptorCount() : nil
        }
    }

    /// Tells the daemon to end, and waits until it has.
    func endDaemon() throws -> Ending {
        daemon.send(SIGTERM)
        return try daemon.wait()
    }
}

// MARK: - The client

extension World {
    /// Starts profilerctl, with the daemon's socket if it takes one.
    func startClient(
        _ arguments: [String], as user: TestUser? = nil, environment: [String: String] = [:]
    ) throws -> Running {
        try Running(
            Binaries.shared.profilerctl, arguments, as: user, environment: environment, in: scratch)
    }

    /// Runs profilerctl to its end. The socket is put behind the subcommand.
    @discardableResult
    func client(
        _ arguments: String..., as user: TestUser? = nil, environment: [String: String] = [:]
    ) throws -> Finished {
        let running = try startClient(
            withSocket(arguments), as: user, environment: environment)
        let ending = try running.wait(seconds: 60)
        return Finished(ending: ending, output: running.output, errors: running.errors)
    }

    /// `arguments` with `--socket` behind the subcommand; `report` knows no daemon.
    func withSocket(_ arguments: [String]) -> [String] {
        guard let subcommand = arguments.first, subcommand != "report" else { return arguments }
        return [subcommand, "--socket", socket] + arguments.dropFirst()
    }

    /// Runs profilerctl, which must succeed.
    @discardableResult
    func succeed(
        _ arguments: String..., as user: TestUser? = nil, environment: [String: String] = [:],
        _ location: SourceLocation = #_sourceLocation
    ) throws -> Finished {
        let running = try startClient(withSocket(arguments), as: user, environment: environment)
        let ending = try running.wait(seconds: 60, location)
        guard ending == .exited(0) else {
            Issue.record(
                "profilerctl \(arguments.joined(separator: " ")): \(ending), \(running.errors)",
                sourceLocation: location)
            throw Failure("profilerctl failed")
        }
        return Finished(ending: ending, output: running.output, errors: running.errors)
    }

    /// Starts a session that goes on without the client.
    func startSession(_ arguments: String...) throws -> String {
        let running = try startClient(withSocket(["start"] + arguments))
        guard try running.wait() == .exited(0) else { throw Failure(running.errors) }
        return String(running.output.dropLast())
    }

    /// A path in the directory of outputs.
    func output(_ name: String) -> String { "\(outputs)/\(name)" }
}

// MARK: - What is profiled

extension World {
    /// Starts TestProgram as the daemon's user and waits until its threads run.
    func target(_ arguments: String..., as user: TestUser? = nil) throws -> Running {
        let program = try Running(
            Binaries.shared.testProgram, arguments, as: user ?? self.user, keepsInput: true,
            in: scratch)
        try eventually("TestProgram's threads") {
            if let ending = program.poll() { throw Failure("TestProgram \(ending)") }
            return program.output.hasPrefix("ready\n")
        }
        return program
    }
}

/// What a symbolic link says; empty where it is none.
func linkTarget(_ path: String) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink(path, &buffer, buffer.count)
    return String(
        decoding: buffer.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

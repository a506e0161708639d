// An instance of the installed daemon under the real service manager, profilerd@UID, and the installed
// client to drive it with. Tests/Harness/soak.sh has made both, and the account.

import ControlProtocol
import Glibc
import Testing

@testable import Client

/// The system instance of one user.
final class InstalledInstance {
    let user: TestUser
    let scratch: Scratch
    let service: String
    let socket: String
    /// Where its recordings are.
    let state: String

    init(of user: TestUser) throws {
        self.user = user
        scratch = try Scratch()
        service = "profilerd@\(user.uid).service"
        socket = "/run/profilerd/\(user.uid)/control.sock"
        state = "/var/lib/profilerd/\(user.uid)"
    }

    /// The sessions as the daemon tells of them, by name; asked again where the daemon died meanwhile.
    func sessions() throws -> [String: SessionStatus] {
        let instance = DaemonInstance(path: socket, uid: user.uid)
        var last: (any Error)?
        for _ in 0..<20 {
            do {
                guard var connection = try ControlConnection.open(instance) else {
                    throw Failure("there is no socket \(socket)")
                }
                let statuses = try connection.list()
                return Dictionary(uniqueKeysWithValues: statuses.map { ($0.session, $0) })
            } catch {
                last = error
                usleep(100_000)
            }
        }
        throw Failure("the daemon does not tell of its sessions: \(last.map { "\($0)" } ?? "")")
    }
}

// MARK: - The service manager

extension InstalledInstance {
    /// Calls systemctl(1) for the service.
    @discardableResult
    func manage(_ words: String...) throws -> String {
        let command = try Running(
            installed("systemctl") ?? "", words + [service], in: scratch)
        guard try command.wait(seconds: 60) == .exited(0) else {
            throw Failure("systemctl \(words.joined(separator: " ")): \(command.errors)")
        }
        return String(command.output.dropLast())
    }

    func property(_ name: String) throws -> String {
        try manage("show", "--value", "--property=\(name)")
    }

    /// The daemon; 0 where none runs.
    func mainProcess() throws -> Int32 { Int32(try property("MainPID")) ?? 0 }

    /// Waits until another process than `previous` is the daemon, and ready.
    func awaitDaemon(after previous: Int32) throws -> Int32 {
        var found: Int32 = 0
        do {
            try wait("the next daemon", seconds: 20) {
                found = try mainProcess()
                let state = try property("ActiveState")
                if state == "failed" { throw Failure("the unit has failed") }
                return found != 0 && found != previous && state == "active"
            }
        } catch {
            let words = try ["ActiveState", "SubState", "Result", "NRestarts"].map {
                "\($0)=\(try property($0))"
            }
            throw Failure("\(error): \(words.joined(separator: " "))")
        }
        return found
    }
}

/// Waits until `condition` holds, and throws where it does not come to hold.
///
/// `eventually` records an issue as well; where a soak waits, it is the soak that says what failed.
func wait(_ what: String, seconds: Double, _ condition: () throws -> Bool) throws {
    let end = secondsOfClock() + seconds
    while try !condition() {
        if secondsOfClock() > end { throw Failure("\(what) did not come within \(seconds) s") }
        usleep(10_000)
    }
}

// MARK: - The client

extension InstalledInstance {
    /// Starts profilerctl.
    func startClient(_ arguments: [String]) throws -> Running {
        try Running(installed("profilerctl") ?? "", arguments, in: scratch)
    }

    /// Runs profilerctl to its end.
    func client(_ arguments: String...) throws -> Finished {
        let client = try startClient(arguments)
        let ending = try client.wait(seconds: 60)
        return Finished(ending: ending, output: client.output, errors: client.errors)
    }

    /// Runs profilerctl, which must succeed.
    @discardableResult
    func succeed(_ arguments: String...) throws -> String { try succeed(arguments) }

    @discardableResult
    func succeed(_ arguments: [String]) throws -> String {
        let client = try startClient(arguments)
        guard try client.wait(seconds: 60) == .exited(0) else {
            throw Failure(
                "profilerctl \(arguments.joined(separator: " ")): \(client.poll() as Any) \(client.errors)"
            )
        }
        return client.output
    }

    /// Starts TestProgram as the user.
    func target(_ arguments: String...) throws -> Running {
        let program = try Running(
            Binaries.shared.testProgram, arguments, as: user, keepsInput: true, in: scratch)
        try eventually("TestProgram's threads") {
            if let ending = program.poll() { throw Failure("TestProgram \(ending)") }
            return program.output.hasPrefix("ready\n")
        }
        return program
    }
}

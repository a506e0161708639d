import CLinux
import Glibc
import LinuxSystem
import Testing

@testable import Systemd

/// Runs `body` in a process that was activated with the socket `number`, as its number 3. A child
/// that was forked from this one and has no other thread: those of the runtime, of the testing
/// library and of a sanitizer have a number 3 of their own. The exit test fails where the body does.
private func activated(
    with number: CInt, name: String? = "control", pid: pid_t? = nil, _ body: () throws -> Void
) {
    let child = clinux_fork()
    if child == 0 {
        guard number == 3 || dup2(number, 3) == 3 else { _exit(2) }
        if number != 3 { close(number) }
        setenv("LISTEN_FDS", "1", 1)
        setenv("LISTEN_PID", "\(pid ?? getpid())", 1)
        if let name { setenv("LISTEN_FDNAMES", name, 1) }
        do { try body() } catch { _exit(3) }
        _exit(0)
    }
    var status: CInt = 0
    demand(waitpid(child, &status, 0) == child && status == 0, "the child ended with \(status)")
}

private func listenerError(named name: String = "control") -> ListenDescriptorsError? {
    do {
        var passed = try ListenDescriptors.receive()
        _ = try passed.takeListener(named: name)
        return nil
    } catch {
        return error
    }
}

@Suite struct ListenDescriptorsTests {
    @Test func `a process that was not activated has none`() throws {
        let names = try ListenDescriptors.receive().names
        #expect(names.isEmpty)
    }

    @Test func `an activated listener is taken, closed on exec, and named`() async {
        await #expect(processExitsWith: .success) {
            let path = temporaryDirectory() + "/control.sock"
            activated(with: boundSocket(SOCK_STREAM, at: path, listening: true)) {
                var passed = try ListenDescriptors.receive()
                demand(passed.names == ["control"], "the name")
                let listener = try passed.takeListener(named: "control")
                demand(passed.isEmpty, "taken once")
                demand(listener.rawValue == 3, "the number")
                demand(fcntl(3, F_GETFD) & FD_CLOEXEC != 0, "close-on-exec")
                demand(getenv("LISTEN_FDS") == nil, "the environment is cleared")
                demand(getenv("LISTEN_PID") == nil, "the environment is cleared")
                let client = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
                demand(withUnixAddress(path) { connect(client, $0, $1) } == 0, "it listens")
            }
        }
    }

    @Test func `a single descriptor without a name counts as the listener`() async {
        await #expect(processExitsWith: .success) {
            let path = temporaryDirectory() + "/control.sock"
            activated(with: boundSocket(SOCK_STREAM, at: path, listening: true), name: nil) {
                demand(listenerError() == nil, "it is taken")
            }
        }
    }

    @Test func `descriptors meant for another process are left alone`() async {
        await #expect(processExitsWith: .success) {
            let path = temporaryDirectory() + "/control.sock"
            activated(with: boundSocket(SOCK_STREAM, at: path, listening: true), pid: 1) {
                let passed = try ListenDescriptors.receive()
                demand(passed.isEmpty, "none is ours")
                demand(fcntl(3, F_GETFD) != -1, "the descriptor is still open")
            }
        }
    }

    @Test func `another name is refused, with the names that came`() async {
        await #expect(processExitsWith: .success) {
            let path = temporaryDirectory() + "/control.sock"
            activated(with: boundSocket(SOCK_STREAM, at: path, listening: true), name: "other") {
                demand(listenerError() == .noneNamed("control", passed: ["other"]), "refused")
                demand(fcntl(3, F_GETFD) == -1, "closed")
            }
        }
    }

    @Test func `a datagram socket is refused and closed`() async {
        await #expect(processExitsWith: .success) {
            activated(with: boundSocket(SOCK_DGRAM, at: temporaryDirectory() + "/control.sock")) {
                demand(listenerError() == .notStreamSocket(name: "control"), "refused")
                demand(fcntl(3, F_GETFD) == -1, "closed")
            }
        }
    }

    @Test func `an internet socket is refused`() async {
        await #expect(processExitsWith: .success) {
            let number = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
            demand(listen(number, 1) == 0, "it listens")
            activated(with: number) {
                demand(listenerError() == .notUnixSocket(name: "control"), "refused")
            }
        }
    }

    @Test func `a file is refused`() async {
        await #expect(processExitsWith: .success) {
            activated(with: open("/dev/null", O_RDONLY)) {
                demand(listenerError() == .notUnixSocket(name: "control"), "refused")
            }
        }
    }

    @Test func `a connection of Accept=yes is refused`() async {
        await #expect(processExitsWith: .success) {
            var pair: [CInt] = [-1, -1]
            demand(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0, "a pair")
            activated(with: pair[0]) {
                demand(listenerError() == .notListening(name: "control"), "refused")
            }
        }
    }

    @Test func `a malformed environment is an error with a full sentence`() async {
        await #expect(processExitsWith: .success) {
            setenv("LISTEN_PID", "\(getpid())", 1)
            setenv("LISTEN_FDS", "many", 1)
            let text = listenerError()?.description ?? ""
            demand(text.hasPrefix("The service manager's LISTEN_FDS"), text)
        }
    }
}

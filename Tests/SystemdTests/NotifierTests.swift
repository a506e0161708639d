import CLinux
import Glibc
import LinuxSystem
import Testing

@testable import Systemd

@Suite struct NotifierTests {
    @Test func `without a manager nothing happens`() throws {
        try #require(getenv("NOTIFY_SOCKET") == nil)
        try Notifier().ready(status: "ready")
    }

    @Test func `the manager reads the state, and a status stays one line`() async {
        await #expect(processExitsWith: .success) {
            let path = temporaryDirectory() + "/notify"
            let manager = boundSocket(SOCK_DGRAM, at: path)
            setenv("NOTIFY_SOCKET", path, 1)
            func next() -> String {
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = recv(manager, &buffer, buffer.count, CInt(MSG_DONTWAIT))
                return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            }
            let notifier = Notifier()
            try notifier.ready(status: "no session\nREADY=0")
            let first = next()
            demand(first == "READY=1\nSTATUS=no session READY=0", first)
            try notifier.status("1 session")
            demand(next() == "STATUS=1 session", "the status")
            try notifier.stopping(status: "ends")
            demand(next() == "STOPPING=1\nSTATUS=ends", "stopping")
            try notifier.watchdog()
            demand(next() == "WATCHDOG=1", "the watchdog")
        }
    }

    @Test func `a manager that has gone is an error`() async {
        await #expect(processExitsWith: .success) {
            setenv("NOTIFY_SOCKET", temporaryDirectory() + "/gone", 1)
            do {
                try Notifier().stopping(status: "")
                demand(false, "an error")
            } catch let error as SystemCallError {
                demand(error.call == "sd_notify", "\(error)")
            }
        }
    }
}

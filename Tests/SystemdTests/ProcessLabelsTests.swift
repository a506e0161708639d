import CLinux
import Glibc
import LinuxSystem
import Testing

@testable import Systemd

struct ProcessLabelsTests {
    @Test func `the own process has the executable that it runs`() throws {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(
            decoding: buffer.prefix(max(count, 0)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        #expect(ProcessLabels(of: getpid()).executable == path)
    }

    @Test(arguments: [0, -1, .min, .max] as [Int32])
    func `what is no process has no label, and is not the caller`(pid: Int32) {
        let labels = ProcessLabels(of: pid)
        #expect(labels.executable == nil)
        #expect(labels.unit == nil)
        #expect(labels.userUnit == nil)
    }

    @Test(
        arguments: [
            ("/system.slice/cron.service", "cron.service", nil),
            ("/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", nil),
            ("/user.slice/user-1000.slice/session-3.scope", "session-3.scope", nil),
            (
                "/user.slice/user-1000.slice/user@1000.service/app.slice/x.service",
                "user@1000.service", "x.service"
            ),
            (
                "/user.slice/user-1000.slice/user@1000.service/init.scope", "user@1000.service",
                "init.scope"
            ),
            ("/user.slice/user-1000.slice/user@1000.service", "user@1000.service", nil),
            ("/system.slice/x.service/payload/y.service", "x.service", nil),
            ("/system.slice/_cgroup.service", "cgroup.service", nil),
            ("/system.slice", nil, nil), ("/", nil, nil), ("", nil, nil), (nil, nil, nil),
            ("/docker/0123", nil, nil), ("/.service", nil, nil), ("/../x.service", nil, nil),
        ] as [(String?, String?, String?)])
    func `units are those that the control group names`(
        path: String?, unit: String?, userUnit: String?
    ) {
        let names = UnitNames(controlGroup: path)
        #expect(names.system == unit)
        #expect(names.user == userUnit)
    }

    @Test func `reloading is told with the time that the manager compares`() async {
        await #expect(processExitsWith: .success) {
            let path = temporaryDirectory() + "/notify"
            let manager = boundSocket(SOCK_DGRAM, at: path)
            setenv("NOTIFY_SOCKET", path, 1)
            try Notifier().reloading(at: 1_234_567_899)
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = recv(manager, &buffer, buffer.count, CInt(MSG_DONTWAIT))
            let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            demand(text == "RELOADING=1\nMONOTONIC_USEC=1234567", text)
        }
    }
}

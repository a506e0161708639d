import Glibc
import SystemPackage
import Testing

@testable import LinuxSystem

struct ChildProcessTests {
    /// Runs a shell with three descriptors; returns what it wrote and how it ended.
    private func output(of script: String, _ change: (inout ChildPlan) -> Void = { _ in })
        throws -> (text: String, end: ChildEnd?)
    {
        let pipe = try Pipe()
        var list = DescriptorList()
        list.append(try OwnedDescriptor.open("/dev/null", for: .reading))
        list.append(try pipe.writer.duplicate())
        list.append(try pipe.writer.duplicate())
        let reader = pipe.takeReader()
        var plan = ChildPlan(
            .named("/bin/sh"), arguments: ["sh", "-c", script],
            environment: ["PATH=/usr/bin:/bin"])
        change(&plan)
        var child = try ChildProcess.start(plan, descriptors: list)
        list = DescriptorList()
        var bytes: [UInt8] = []
        while true {
            let chunk = try reader.readSome(4096)
            if chunk.isEmpty { break }
            bytes += chunk
        }
        return (String(decoding: bytes, as: UTF8.self), try child.wait())
    }

    @Test func `a child runs with its arguments and its environment alone`() throws {
        let (text, end) = try output(of: "env | sort; exit 7") {
            $0.environment.append("NAME=value")
        }
        #expect(text.contains("NAME=value"))
        #expect(!text.contains("HOME="))
        #expect(end == .exited(7))
    }

    @Test func `a child has its descriptors and no other`() throws {
        let leak = open("/dev/zero", O_RDONLY)
        defer { close(leak) }
        let (text, _) = try output(of: "ls -l /proc/self/fd | grep -c -e zero -e socket -e event")
        #expect(text == "0\n")
    }

    @Test func `a confined child can gain nothing`() throws {
        let (text, _) = try output(
            of: "cat /proc/self/status; ulimit -c; ulimit -f; exec 2>&1; echo x > /dev/tty"
        ) { $0.isConfined = true }
        for line in [
            "CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000",
            "CapAmb:\t0000000000000000", "NoNewPrivs:\t1",
        ] {
            #expect(text.contains(line))
        }
        #expect(text.contains("\n0\n0\n"))
        // /dev/tty: no terminal, or none in this test at all.
        #expect(text.contains("/dev/tty"))
    }

    @Test(.enabled(if: getuid() == 0, "only root can become another user"))
    func `a confined child of root is another user for good`() throws {
        let (text, _) = try output(of: "cat /proc/self/status") {
            $0.identity = UserIdentity(uid: 4242, gid: 4343, groups: [4343, 4444])
            $0.isConfined = true
        }
        #expect(text.contains("Uid:\t4242\t4242\t4242\t4242"))
        #expect(text.contains("Gid:\t4343\t4343\t4343\t4343"))
        #expect(text.contains("Groups:\t4343 4444"))
        #expect(text.contains("CapBnd:\t0000000000000000"))
    }

    @Test(.enabled(if: getuid() == 0, "root's execve gives capabilities back"))
    func `a confined child that stays root has no capability either`() throws {
        let (text, _) = try output(of: "cat /proc/self/status") { $0.isConfined = true }
        #expect(text.contains("CapEff:\t0000000000000000"))
        #expect(text.contains("CapBnd:\t0000000000000000"))
    }

    @Test(arguments: [
        ("/nonexistent", Errno.noSuchFileOrDirectory), ("/etc/passwd", .permissionDenied),
        ("/etc", .permissionDenied), ("/dev/null", .permissionDenied),
    ])
    func `a program that cannot be executed is reported with its errno`(
        name: String, errno: Errno
    ) throws {
        let plan = ChildPlan(
            .named(name), arguments: [name], environment: ["PATH=/usr/bin:/bin"])
        do {
            _ = try ChildProcess.start(plan)
            Issue.record("it was started")
        } catch {
            #expect(error.isOfProgram)
            #expect(error.error.errno == errno)
        }
    }

    @Test(.enabled(if: getuid() != 0, "root may become anybody"))
    func `another user than the own is reported as such`() {
        var plan = ChildPlan(.named("/bin/true"), arguments: ["true"], environment: [])
        plan.identity = UserIdentity(uid: 0, gid: 0, groups: [])
        do {
            _ = try ChildProcess.start(plan)
            Issue.record("it was started")
        } catch {
            #expect(error.step == .groups)
        }
    }

    @Test func `a child that waits does nothing until it is let go`() throws {
        var plan = ChildPlan(.named("/bin/sh"), arguments: ["sh", "-c", "exit 3"], environment: [])
        plan.waits = true
        var child = try ChildProcess.start(plan)
        #expect(try child.wait(until: Deadline(after: .milliseconds(50))) == nil)
        let path = try OwnedDescriptor.open("/proc/\(child.processID)/exe", for: .reading)
        #expect(try path.kindLink() != "/bin/sh")
        try child.letGo()
        #expect(try child.wait() == .exited(3))
        #expect(try child.wait() == .exited(3))
    }

    @Test func `a child that is never let go ends with its owner`() throws {
        let number: Int32
        do {
            var plan = ChildPlan(.named("/bin/sleep"), arguments: ["sleep", "60"], environment: [])
            plan.waits = true
            number = try ChildProcess.start(plan).processID
        }
        #expect(kill(number, 0) == -1)
    }

    @Test func `a child that is killed says by what`() throws {
        let plan = ChildPlan(.named("/bin/sleep"), arguments: ["sleep", "60"], environment: [])
        var child = try ChildProcess.start(plan)
        child.send(.terminate)
        #expect(try child.wait() == .killed(signal: SIGTERM))
    }
}

import Glibc
import LinuxSystem
import TestSupport
import Testing

@testable import PerfRing

struct OnlineCPUsTests {
    @Test(
        arguments: [
            ("0\n", [0]), ("0-3\n", [0, 1, 2, 3]), ("0,2-3,7", [0, 2, 3, 7]),
            ("", nil), ("\n", nil), ("3-1", nil), ("a", nil), ("1-2-3", nil), ("-1", nil),
            ("0-99999999", nil),
        ] as [(String, [Int32]?)])
    func `the kernel's list format`(text: String, cpus: [Int32]?) {
        #expect(OnlineCPUs.parse(text) == cpus)
    }
}

/// Machines that are not this one, as directories.
struct OfflineCPUsTests {
    private static let machines: [([String: String], online: [Int32]?, offline: [Int32])] = [
        (["online": "0-3\n", "offline": "\n", "present": "0-3\n"], [0, 1, 2, 3], []),
        (["online": "0,2-3\n", "offline": "1\n", "present": "0-3\n"], [0, 2, 3], [1]),
        // Of 128 that it could have it has four.
        (["online": "0,3\n", "offline": "1-2,4-127\n", "present": "0-3\n"], [0, 3], [1, 2]),
        (["online": "0-1\n"], [0, 1], []), (["offline": "1\n", "present": "0-1\n"], nil, [1]),
        (["online": "\n", "offline": "x\n", "present": "0-1\n"], nil, []),
        (["online": "0\n", "offline": "1\n", "present": "\n"], [0], []),
    ]

    @Test(arguments: machines)
    func `what is online is opened, and what is offline is named`(
        files: [String: String], online: [Int32]?, offline: [Int32]
    ) throws {
        let path = temporaryDirectory()
        defer {
            for name in files.keys { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        for (name, text) in files {
            let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            #expect(write(file, text, text.utf8.count) == text.utf8.count)
            close(file)
        }
        let directory = try SystemDirectory(path)
        #expect((try? OnlineCPUs.read(directory)) == online)
        #expect(OnlineCPUs.offline(directory) == offline)
    }

    @Test(
        arguments: [
            ([], ""), ([1], "1"), ([1, 2], "1-2"), ([0, 2, 3, 4, 7], "0,2-4,7"),
        ] as [([Int32], String)])
    func `CPUs are written as the kernel writes them`(cpus: [Int32], text: String) {
        #expect(OnlineCPUs.text(cpus) == text)
        if !cpus.isEmpty { #expect(OnlineCPUs.parse(text) == cpus) }
    }

    @Test func `a CPU that goes while events are opened is named with the others`() throws {
        var plan = try EventPlan(OpeningOptions(), of: .process(1))
        plan.note(.cpusOffline([5]))
        plan.note(.threadListUnsettled)
        for cpu: Int32 in [3, 4, 3] { plan.noteOffline(cpu) }
        #expect(plan.notes == [.threadListUnsettled, .cpusOffline([3, 4, 5])])
        #expect(
            plan.notes.last?.description
                == "CPUs 3-5 of this machine are offline: what runs there later is not recorded.")
    }
}

struct ProcessStatusTests {
    private static let text = """
        Name:\ta: b\\n)
        Umask:\t0022
        State:\tS (sleeping)
        Tgid:\t42
        Pid:\t43
        Uid:\t1000\t1001\t1002\t4294967294
        Gid:\t5\t6\t7\t8

        """

    @Test func `the fields of a status`() throws {
        let status = try #require(ProcessStatus(Self.text))
        #expect(status.name == "a: b\\n)")
        #expect(status.processID == 42)
        #expect(status.userIDs == [1000, 1001, 1002, 4_294_967_294])
        #expect(status.groupIDs == [5, 6, 7, 8])
    }

    @Test(arguments: ["Name", "Tgid", "Uid", "Gid"])
    func `a status without a field is none`(field: String) {
        let lines = Self.text.split(separator: "\n").filter { !$0.hasPrefix(field) }
        #expect(ProcessStatus(lines.joined(separator: "\n")) == nil)
    }

    @Test(arguments: [
        ("2 (kthreadd) S 0 0 0 0 -1 2129984 0 0", true),
        ("2 (a) S 0 0 0 0 -1 0) S 0 0 0 0 -1 4194560 0", false),
        ("2 (kthreadd) S 0 0", false), ("", false),
    ])
    func `kernel threads are told by their flags`(text: String, expected: Bool) {
        #expect(isKernelThread(stat: text) == expected)
    }
}

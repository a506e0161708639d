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

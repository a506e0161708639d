import PerfRecords
import Testing

private let trailer = RecordBuilder.trailer

/// A mapping's words up to its name.
private func mapping(_ file: [UInt64]) -> [UInt64] {
    [20 | 21 << 32, 0x40_0000, 0x2000, 0x1000] + file + [5 | 2 << 32]
}

struct RecordBodyTests {
    @Test func `a mapping with an inode`() throws {
        let body = mapping([8 | 1 << 32, 4_711, 3]) + RecordBuilder.name("/usr/bin/true") + trailer
        guard case .mapping(let record)? = try decodeOne(.mmap2, misc: 2, body) else {
            Issue.record("no mapping")
            return
        }
        #expect(record.processID == 20)
        #expect(record.threadID == 21)
        #expect(record.start == 0x40_0000)
        #expect(record.length == 0x2000)
        #expect(record.fileOffset == 0x1000)
        #expect(record.file == .inode(major: 8, minor: 1, inode: 4_711, generation: 3))
        #expect(record.protection == 5)
        #expect(record.flags == 2)
        #expect(record.path == "/usr/bin/true")
        #expect(record.origin.processID == 7)
        #expect(record.origin.threadID == 8)
        #expect(record.origin.time == 99)
        #expect(record.origin.identifier == 55)
    }

    @Test(arguments: [0, 8, 16, 20])
    func `a mapping with a build ID`(count: Int) throws {
        // Size byte, three reserved bytes, then bytes 1 to 20.
        let words: [UInt64] = [
            UInt64(count) | 0x0403_0201 << 32, 0x0c0b_0a09_0807_0605, 0x1413_1211_100f_0e0d,
        ]
        let body = mapping(words) + RecordBuilder.name("x") + trailer
        guard case .mapping(let record)? = try decodeOne(.mmap2, misc: 1 << 14, body) else {
            Issue.record("no mapping")
            return
        }
        #expect(record.file == .buildID((0..<count).map { UInt8($0 + 1) }))
    }

    @Test(arguments: [21, 255] as [UInt8])
    func `a build ID longer than its field is refused`(count: UInt8) {
        let body = mapping([UInt64(count), 0, 0]) + RecordBuilder.name("x") + trailer
        #expect(throws: RecordError(.buildID(count: count), .mmap2, offset: 0)) {
            try decodeOne(.mmap2, misc: 1 << 14, body)
        }
    }

    @Test(arguments: [("", false), ("1234567", false), ("12345678", true), ("ä\u{1F600}", true)])
    func `a thread's name, and whether an exec gave it`(name: String, isExec: Bool) throws {
        let body = [1 | 2 << 32] + RecordBuilder.name(name) + trailer
        guard case .comm(let record)? = try decodeOne(.comm, misc: isExec ? 1 << 13 : 0, body)
        else {
            Issue.record("no name")
            return
        }
        #expect(record.name == name)
        #expect(record.isExec == isExec)
        #expect(record.processID == 1)
        #expect(record.threadID == 2)
    }

    @Test func `a name without an end is refused`() {
        #expect(throws: RecordError(.unterminatedName, .comm, offset: 0)) {
            try decodeOne(.comm, [1, 0x4141_4141_4141_4141] + trailer)
        }
    }

    @Test(arguments: [RecordType.fork, .exit])
    func `a task's begin and end`(type: RecordType) throws {
        let body = [10 | 9 << 32, 12 | 11 << 32, 1_234] + trailer
        let task: TaskRecord
        switch try decodeOne(type, body) {
        case .fork(let record) where type == .fork: task = record
        case .exit(let record) where type == .exit: task = record
        default:
            Issue.record("no task")
            return
        }
        #expect(task.processID == 10)
        #expect(task.parentProcessID == 9)
        #expect(task.threadID == 12)
        #expect(task.parentThreadID == 11)
        #expect(task.time == 1_234)
    }

    @Test func `losses of both kinds`() throws {
        guard case .lost(let lost)? = try decodeOne(.lost, [55, 17] + trailer),
            case .lostSamples(let samples)? = try decodeOne(.lostSamples, [18] + trailer)
        else {
            Issue.record("no loss")
            return
        }
        #expect(lost.count == 17)
        #expect(samples.count == 18)
        #expect(samples.origin.identifier == 55)
    }

    @Test func `throttling and its end`() throws {
        guard case .throttle(let stop)? = try decodeOne(.throttle, [5, 6, 7] + trailer),
            case .unthrottle(let go)? = try decodeOne(.unthrottle, [8, 9, 7] + trailer)
        else {
            Issue.record("no throttling")
            return
        }
        #expect(stop.time == 5)
        #expect(stop.identifier == 6)
        #expect(go.time == 8)
        #expect(go.identifier == 9)
    }

    /// Each type's shortest whole body, trailer included.
    @Test(arguments: [
        (RecordType.mmap2, 8 + 1 + 3), (.comm, 1 + 1 + 3), (.fork, 3 + 3), (.exit, 3 + 3),
        (.lost, 2 + 3), (.lostSamples, 1 + 3), (.throttle, 2 + 3), (.unthrottle, 2 + 3),
    ])
    func `every shorter record is refused`(type: RecordType, wholeCount: Int) throws {
        for count in 0..<wholeCount {
            #expect(throws: RecordError.self, "\(count) words") {
                try decodeOne(type, [UInt64](repeating: 0, count: count))
            }
        }
        let record = try decodeOne(type, [UInt64](repeating: 0, count: wholeCount))
        #expect(record != nil)
    }
}

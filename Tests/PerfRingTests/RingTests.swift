import CLinux
import Glibc
import LinuxSystem
import PerfRecords
import PerfRing
import SystemPackage
import Testing

/// An event of this process that is disabled, so that nobody but the test writes its ring.
private func openEvent() throws -> OwnedDescriptor {
    let attributes = PerfEventAttributes(
        type: 1, config: 0, rate: .period(1_000_000), wakeupWatermark: 4096)
    return try PerfEvent.open(attributes, threadID: getpid(), cpu: 0)
}

/// A second mapping of a ring's control page, as whoever holds the descriptor can have.
private func forge(_ event: borrowing OwnedDescriptor, head: UInt64, pages: Int) throws {
    let mapping = try Mapping(event, count: (1 + pages) * Int(getpagesize()))
    mapping.storeRelease(head, at: 1024)
}

@Suite(.enabled(if: cannotOpenEvents == nil, "perf_event_open needs root here"))
struct RingTests {
    @Test(arguments: [-1, 0, 3, 6, 1 << 17])
    func `a number of pages that is no power of two is refused`(pages: Int) throws {
        let event = try openEvent()
        let error = #expect(throws: RingError.self) { try holdRing(event, pages) }
        #expect(error == .pageCount(pages))
    }

    @Test func `descriptors of other files are refused before they are mapped`() throws {
        let process = try ProcessDescriptor(processID: getpid())
        let error = #expect(throws: RingError.self) { try holdRing(process.descriptor, 1) }
        guard case .notAPerfEvent? = error else {
            Issue.record("\(error as Any)")
            return
        }
    }

    @Test func `a size that is not the first mapping's is EINVAL`() throws {
        let event = try openEvent()
        let first = try holdRing(event, 2)
        let error = #expect(throws: RingError.self) { try holdRing(event, 4) }
        #expect(error == .system(SystemCallError("mmap", .invalidArgument)))
        _ = first
    }

    @Test func `an empty ring gives nothing`() throws {
        let ring = try holdRing(openEvent(), 1)
        #expect(try ring.copyOut() == 0)
    }

    @Test(
        arguments: [
            (4, .unaligned(4)), (4104, .headBeyondRing(unread: 4104, ringSize: 4096)),
            (UInt64.max - 7, .headBeyondRing(unread: UInt64.max - 7, ringSize: 4096)),
            // The data pages are zero: a record of size 0.
            (8, .recordSize(0, position: 0)), (4096, .recordSize(0, position: 0)),
        ] as [(UInt64, RingViolation)])
    func `a forged data_head is a violation`(head: UInt64, violation: RingViolation) throws {
        let event = try openEvent()
        let ring = try holdRing(event, 1)
        try forge(event, head: head, pages: 1)
        #expect(throws: violation) { try ring.copyOut() }
    }

    @Test func `a data_head that runs backwards is a violation`() throws {
        let program = try RunningProgram("spin", "1")
        var options = OpeningOptions()
        options.events = [.cpuClock]
        options.rate = .period(200_000)
        let target = try TargetOpener(options).open(processID: program.processID)
        try target.enable()
        usleep(50_000)
        try target.disable()
        for (index, placement) in target.placements.enumerated() where placement.isRingOwner {
            try target.descriptors.withDescriptor(at: index) { event in
                let ring = try holdRing(event, target.dataPages)
                let count = try ring.copyOut()
                if count == 0 { return }
                try forge(event, head: 0, pages: target.dataPages)
                #expect(throws: RingViolation.headRanBackwards(from: UInt64(count) * 8, to: 0)) {
                    try ring.copyOut()
                }
            }
        }
    }

    @Test func `a forged data_tail in front of data_head is a violation`() throws {
        let event = try openEvent()
        let first = try holdRing(event, 1)
        let mapping = try Mapping(event, count: 2 * Int(getpagesize()))
        mapping.storeRelease(64, at: 1032)
        let ring = try holdRing(event, 1)
        #expect(throws: RingViolation.headRanBackwards(from: 64, to: 0)) { try ring.copyOut() }
        mapping.storeRelease(63, at: 1032)
        #expect(throws: RingError.violation(.unaligned(63))) { try holdRing(event, 1) }
        #expect(try first.copyOut() == 0)
    }

    @Test(
        arguments: [
            (1032, 64, { @Sendable _ in .tailMoved(from: 0, to: 64) }),
            (1032, .max, { @Sendable _ in .tailMoved(from: 0, to: .max) }),
            (1040, 0, { @Sendable page in .dataMoved(offset: 0, size: 8 * page) }),
            (1048, 1 << 40, { @Sendable page in .dataMoved(offset: page, size: 1 << 40) }),
        ] as [(Int, UInt64, @Sendable (UInt64) -> RingViolation)])
    func `words that only the reader or nobody writes are not believed when they change`(
        offset: Int, value: UInt64, violation: @Sendable (UInt64) -> RingViolation
    ) throws {
        let program = try RunningProgram("spin", "1")
        var options = OpeningOptions()
        options.events = [.cpuClock]
        options.rate = .period(200_000)
        options.dataPages = 8
        let target = try TargetOpener(options).open(processID: program.processID)
        try target.enable()
        usleep(50_000)
        try target.disable()
        for (index, placement) in target.placements.enumerated() where placement.isRingOwner {
            try target.descriptors.withDescriptor(at: index) { event in
                let ring = try holdRing(event, 8)
                let mapping = try Mapping(event, count: 9 * Int(getpagesize()))
                let head = mapping.loadAcquire(at: 1024)
                mapping.storeRelease(value, at: offset)
                if head == 0 { return }
                #expect(throws: violation(UInt64(getpagesize()))) { try ring.copyOut() }
            }
        }
    }

    @Test func `what was copied and not released is not given out twice`() throws {
        let program = try RunningProgram("spin", "1")
        var options = OpeningOptions()
        options.events = [.cpuClock]
        options.rate = .period(100_000)
        options.dataPages = 8
        let target = try TargetOpener(options).open(processID: program.processID)
        let drain = try TargetDrain(target)
        try target.enable()
        // More than both rings have room for, so that at least one wraps.
        for _ in 0..<300 where drain.drained.samples.count < 2_000 {
            usleep(5_000)
            try drain.drain()
        }
        try target.disable()
        try drain.drain()
        let samples = drain.drained.samples.map(\.sample)
        #expect(samples.count >= 2_000)
        #expect(drain.drained.lostCount == 0)
        #expect(Set(samples.map(\.time)).count == samples.count)
        let size = samples.reduce(0) { $0 + 48 + $1.callchain.count * 8 }
        #expect(size > target.placements.filter(\.isRingOwner).count * 8 * Int(getpagesize()))
    }
}

/// A ring in a box, for closures.
private final class HeldRing {
    private var ring: Ring
    private var buffer: [UInt64] = []

    init(_ ring: consuming Ring) { self.ring = ring }

    func copyOut() throws -> Int {
        try ring.copyOut(into: &buffer, maximumWords: Ring.longestRecord)
    }
}

private func holdRing(_ event: borrowing OwnedDescriptor, _ pages: Int) throws -> HeldRing {
    HeldRing(try Ring(mapping: event, dataPages: pages))
}

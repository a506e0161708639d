import ControlProtocol
import LinuxSystem
import PerfRing
import TestSupport
import Testing

@testable import Sessions

@Suite(.enabled(if: isRoot, needsPerf))
struct EventTableTests {
    @Test func `a record's number leads to the event's kind and thread`() throws {
        let target = try PerfTarget()
        var table = EventTable()
        var numbers: [UInt64] = []
        for index in 0..<5 {
            let event = try PerfTarget.open(target.pid)
            numbers.append(try PerfEvent.identifier(of: event))
            table.append(
                event,
                EventDescriptor(
                    event: index, cpu: 0, tid: target.pid + Int32(index), ownsRing: index == 0,
                    isLate: index == 4))
        }
        try table.identify()
        for (index, number) in numbers.enumerated() {
            let identity = table.identity(of: number)
            #expect(identity?.kind == UInt32(index))
            #expect(identity?.threadID == target.pid + Int32(index))
        }
        for number in [0, numbers[0] - 1, numbers[4] + 100_000, .max] {
            let identity = table.identity(of: number)
            #expect(identity == nil)
        }
        let (count, rings) = (table.count, table.ringCount)
        #expect(count == 5 && rings == 1)
        let late = table.lateThreads
        #expect(late == [target.pid + 4])
        table.forgetLateThread(target.pid + 4)
        let left = table.lateThreads
        #expect(left.isEmpty)
    }

    @Test func `numbers far apart are found too`() throws {
        let target = try PerfTarget()
        var table = EventTable()
        let first = try PerfTarget.open(target.pid)
        let low = try PerfEvent.identifier(of: first)
        table.append(
            first, EventDescriptor(event: 0, cpu: 0, tid: 1, ownsRing: true, isLate: false))
        for _ in 0..<1200 { _ = try PerfTarget.open(target.pid) }
        let last = try PerfTarget.open(target.pid)
        let high = try PerfEvent.identifier(of: last)
        table.append(
            last, EventDescriptor(event: 1, cpu: 0, tid: 2, ownsRing: false, isLate: false))
        try table.identify()
        let kinds = [low, high, low + 1].map { table.identity(of: $0)?.kind }
        #expect(kinds == [0, 1, nil])
    }

    @Test func `an empty table has nobody`() throws {
        var table = EventTable()
        try table.identify()
        let identity = table.identity(of: 0)
        #expect(identity == nil)
    }
}

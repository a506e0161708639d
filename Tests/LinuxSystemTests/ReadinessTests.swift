import Testing

@testable import LinuxSystem

struct ReadinessTests {
    @Test func `a deadline that has passed ends a wait at once`() throws {
        let pipe = try Pipe()
        var set = WaitSet()
        set.add(pipe.reader, for: .reading)
        #expect(try set.wait(until: Deadline(after: .zero)) == [])
        #expect(Deadline(after: .seconds(-5)).hasPassed)
        #expect(!Deadline(after: .seconds(60)).hasPassed)
        #expect(!Deadline.never.hasPassed)
    }

    @Test func `what is ready is named by its place`() throws {
        let first = try Pipe()
        let second = try Pipe()
        var set = WaitSet()
        set.add(first.reader, for: .reading)
        set.add(second.reader, for: .reading)
        set.add(first.writer, for: .writing)
        #expect(try set.wait() == [2])
        try second.writer.writeAll([1])
        #expect(try set.wait() == [1, 2])
        #expect(try second.reader.readSome(10) == [1])
    }

    @Test func `an end is something to read`() throws {
        let reader = try Pipe().takeReader()
        var set = WaitSet()
        set.add(reader, for: .reading)
        #expect(try set.wait() == [0])
        #expect(try reader.readSome(10) == [])
    }
}

import Testing

@testable import Recording

private func code(
    _ pid: UInt32, _ start: UInt64, _ path: String, length: UInt64 = 0x1000, at time: UInt64 = 0
) -> MemoryMapping {
    MemoryMapping(
        time: time, pid: pid, tid: pid, start: start, length: length, fileOffset: 0, protection: 5,
        flags: 2, path: path)
}

private func name(
    _ pid: UInt32, _ tid: UInt32, _ name: String, isExec: Bool = false, at time: UInt64 = 0
) -> Comm {
    Comm(time: time, pid: pid, tid: tid, isExec: isExec, name: name)
}

private func task(
    _ pid: UInt32, _ tid: UInt32, of parent: UInt32, at time: UInt64 = 0
) -> TaskChange {
    TaskChange(time: time, pid: pid, parentPid: parent, tid: tid, parentTid: parent)
}

extension CarriedState {
    /// What a bucket would say, sorted: names, and mappings with their addresses.
    fileprivate func said() throws -> [String] {
        var state = self
        state.settle(before: .max)
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        state.restate(at: 77, in: &writer)
        try writer.commit()
        var reader = try scratch.reader()
        return try reader.readAll().compactMap { entry in
            switch entry {
            case .comm(let comm): "\(comm.pid)/\(comm.tid) \(comm.name)"
            case .mapping(let map):
                "\(map.pid) \(map.start)+\(map.length)@\(map.fileOffset) \(map.path)"
            case .session(let facts): facts.first { $0.key == SessionKey.note }.map { _ in "note" }
            default: nil
            }
        }.sorted()
    }
}

struct CarriedStateTests {
    @Test func `names and code of those who live are said again`() throws {
        var state = CarriedState(limit: 1 << 20)
        state.note(session: [SessionFact(SessionKey.session, "s")])
        state.note(session: [SessionFact(SessionKey.note, "of its time")])
        state.note(event: .cpuClock)
        state.note(.comm(name(1, 1, "main")))
        state.note(.comm(name(1, 2, "worker")))
        state.note(.mapping(code(1, 0x1000, "/bin/a")))
        #expect(try state.said() == ["1 4096+4096@0 /bin/a", "1/1 main", "1/2 worker"])
        state.note(.exit(task(1, 2, of: 1)))
        #expect(try state.said() == ["1 4096+4096@0 /bin/a", "1/1 main"])
        state.note(.exit(task(1, 1, of: 1)))
        #expect(try state.said() == [])
    }

    @Test func `a mapping over another leaves what is beside it`() throws {
        var state = CarriedState(limit: 1 << 20)
        state.note(.mapping(code(1, 0x1000, "/a", length: 0x3000)))
        state.note(.mapping(code(1, 0x2000, "/b")))
        #expect(
            try state.said() == [
                "1 12288+4096@8192 /a", "1 4096+4096@0 /a", "1 8192+4096@0 /b",
            ])
    }

    @Test func `a child has its parent's code until it executes another`() throws {
        var state = CarriedState(limit: 1 << 20)
        state.note(.comm(name(1, 1, "main")))
        state.note(.mapping(code(1, 0x1000, "/bin/a")))
        state.note(.fork(task(2, 2, of: 1)))
        #expect(
            try state.said() == [
                "1 4096+4096@0 /bin/a", "1/1 main", "2 4096+4096@0 /bin/a", "2/2 main",
            ])
        state.note(.fork(task(2, 3, of: 2)))
        state.note(.comm(name(2, 2, "other", isExec: true)))
        #expect(try state.said() == ["1 4096+4096@0 /bin/a", "1/1 main", "2/2 other"])
        state.note(.exit(task(2, 2, of: 1)))
        #expect(try state.said() == ["1 4096+4096@0 /bin/a", "1/1 main"])
    }

    @Test func `who has too much is bounded, and that is said`() throws {
        var state = CarriedState(limit: 1 << 20)
        state.note(.comm(name(1, 1, "main")))
        state.note(.mapping(code(1, 0x1000, "/bin/a")))
        for number in 2..<40_000 as Range<UInt32> {
            state.note(.fork(task(1, number, of: 1)))
            state.note(.mapping(code(1, UInt64(number) << 16, "/jit/\(number)")))
        }
        let said = try state.said()
        #expect(said.count > 5000 && said.count < 40_000 && said.contains("note"))
        #expect(said.contains("1 4096+4096@0 /bin/a") && said.contains("1/1 main"))
        // A bucket has no more of it than that.
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        state.settle(before: .max)
        state.restate(at: 1, in: &writer)
        try writer.commit()
        #expect(writer.committedBytes < 1 << 20)
        // Those who go make room.
        for number in 2..<40_000 as Range<UInt32> { state.note(.exit(task(1, number, of: 1))) }
        state.note(.mapping(code(1, 0x7000_0000_0000, "/late")))
        #expect(try state.said().contains { $0.hasSuffix("/late") })
    }
    /// The rings of two CPUs, emptied one after the other: what came later is found first.
    @Test func `who is born on another CPU is not mistaken`() throws {
        var state = CarriedState(limit: 1 << 20)
        state.note(.comm(name(1, 1, "main", at: 1)))
        state.note(.mapping(code(1, 0x1000, "/bin/a", at: 1)))
        state.settle(before: 5)
        // One that named itself, one that has ended, one that executed something else.
        state.note(.comm(name(1, 2, "worker", at: 7)))
        state.note(.exit(task(1, 3, of: 1, at: 8)))
        state.note(.comm(name(4, 4, "other", isExec: true, at: 8)))
        state.note(.mapping(code(4, 0x1000, "/bin/b", at: 9)))
        state.note(.fork(task(1, 2, of: 1, at: 6)))
        state.note(.fork(task(1, 3, of: 1, at: 6)))
        state.note(.fork(task(4, 4, of: 1, at: 6)))
        #expect(
            try state.said() == [
                "1 4096+4096@0 /bin/a", "1/1 main", "1/2 worker", "4 4096+4096@0 /bin/b",
                "4/4 other",
            ])
    }

    @Test func `what waits for its time is said as it came`() throws {
        var state = CarriedState(limit: 1 << 20)
        state.note(.comm(name(1, 1, "main", at: 1)))
        state.note(.comm(name(1, 1, "late", at: 9)))
        state.settle(before: 5)
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        state.restate(at: 5, in: &writer)
        try writer.commit()
        var reader = try scratch.reader()
        let comms = try reader.readAll().compactMap { entry in
            if case .comm(let comm) = entry { "\(comm.time) \(comm.name)" } else { nil }
        }
        #expect(comms == ["5 main", "9 late"])
    }

    @Test func `who has gone unseen is forgotten where there are many`() throws {
        var state = CarriedState(limit: 2048)
        for pid in 1..<100 as Range<UInt32> { state.note(.comm(name(pid, pid, "\(pid)"))) }
        state.settle(before: .max)
        let isIncomplete = state.processes.isIncomplete
        #expect(isIncomplete)
        state.removeGone { $0 == 7 }
        #expect(try state.said() == ["7/7 7", "note"])
        // All that there is fits again.
        state.note(.comm(name(200, 200, "new")))
        state.removeGone { _ in true }
        #expect(try state.said() == ["200/200 new", "7/7 7"])
    }
}

import Testing

@testable import Recording

private func code(
    _ pid: UInt32, _ start: UInt64, _ path: String, length: UInt64 = 0x1000
) -> MemoryMapping {
    MemoryMapping(
        time: 0, pid: pid, tid: pid, start: start, length: length, fileOffset: 0, protection: 5,
        flags: 2, path: path)
}

private func name(
    _ pid: UInt32, _ tid: UInt32, _ name: String, isExec: Bool = false
) -> Comm {
    Comm(time: 0, pid: pid, tid: tid, isExec: isExec, name: name)
}

private func task(_ pid: UInt32, _ tid: UInt32, of parent: UInt32) -> TaskChange {
    TaskChange(time: 0, pid: pid, parentPid: parent, tid: tid, parentTid: parent)
}

extension CarriedState {
    /// What a bucket would say, sorted: names, and mappings with their addresses.
    fileprivate func said() throws -> [String] {
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        restate(at: 77, in: &writer)
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
        var state = CarriedState()
        state.note(session: [SessionFact(SessionKey.session, "s")])
        state.note(session: [SessionFact(SessionKey.note, "of its time")])
        state.note(event: .cpuClock)
        state.note(name(1, 1, "main"))
        state.note(name(1, 2, "worker"))
        state.note(code(1, 0x1000, "/bin/a"))
        #expect(try state.said() == ["1 4096+4096@0 /bin/a", "1/1 main", "1/2 worker"])
        state.note(exit: task(1, 2, of: 1))
        #expect(try state.said() == ["1 4096+4096@0 /bin/a", "1/1 main"])
        state.note(exit: task(1, 1, of: 1))
        #expect(try state.said() == [] && state.size == 0)
    }

    @Test func `a mapping over another leaves what is beside it`() throws {
        var state = CarriedState()
        state.note(code(1, 0x1000, "/a", length: 0x3000))
        state.note(code(1, 0x2000, "/b"))
        #expect(
            try state.said() == [
                "1 12288+4096@8192 /a", "1 4096+4096@0 /a", "1 8192+4096@0 /b",
            ])
    }

    @Test func `a child has its parent's code until it executes another`() throws {
        var state = CarriedState()
        state.note(name(1, 1, "main"))
        state.note(code(1, 0x1000, "/bin/a"))
        state.note(fork: task(2, 2, of: 1))
        #expect(
            try state.said() == [
                "1 4096+4096@0 /bin/a", "1/1 main", "2 4096+4096@0 /bin/a", "2/2 main",
            ])
        state.note(fork: task(2, 3, of: 2))
        state.note(name(2, 2, "other", isExec: true))
        #expect(try state.said() == ["1 4096+4096@0 /bin/a", "1/1 main", "2/2 other"])
        state.note(exit: task(2, 2, of: 1))
        #expect(try state.said() == ["1 4096+4096@0 /bin/a", "1/1 main"])
    }

    @Test func `who has too much is bounded, and that is said`() throws {
        var state = CarriedState()
        state.note(name(1, 1, "main"))
        state.note(code(1, 0x1000, "/bin/a"))
        for number in 2..<40_000 as Range<UInt32> {
            state.note(fork: task(1, number, of: 1))
            state.note(code(1, UInt64(number) << 16, "/jit/\(number)"))
        }
        #expect(state.size <= CarriedState.most && state.isIncomplete)
        let said = try state.said()
        #expect(said.count > 5000 && said.count < 40_000 && said.contains("note"))
        #expect(said.contains("1 4096+4096@0 /bin/a") && said.contains("1/1 main"))
        // A bucket has no more of it than that.
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        state.restate(at: 1, in: &writer)
        try writer.commit()
        #expect(writer.committedBytes < CarriedState.most)
        // Those who go make room.
        for number in 2..<40_000 as Range<UInt32> { state.note(exit: task(1, number, of: 1)) }
        state.note(code(1, 0x7000_0000_0000, "/late"))
        #expect(try state.said().contains { $0.hasSuffix("/late") })
    }
}

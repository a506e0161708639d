import Recording
import Symbols
import Testing

@testable import Reports

/// The stacks are the outermost function first, as folded stacks show them.
struct ProfileTests {
    let server = "/usr/bin/server"
    let symbols = TestSymbols.functions(["main", "work", "leaf"], in: "/usr/bin/server")

    @Test func `a return address is looked up one byte before, a leaf exactly`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            writer.name("server")
            writer.map(server, at: 0x1000)
            // 0x1020 begins `work`, and is where the call in `main` returns to.
            writer.sample([0x1020, 0x1020])
        }
        #expect(try Profile(reader, symbols).foldedLines == ["server;main;work 1"])
    }

    @Test func `a file offset is relative to the mapping's`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            writer.name("server")
            writer.map(server, at: 0x7000_0000, offset: 0x30)
            writer.sample([0x7000_0004])
        }
        #expect(try Profile(reader, symbols).foldedLines == ["server;leaf 1"])
    }

    @Test func `inlined functions come before their caller and are marked`() throws {
        var symbols = symbols
        symbols.names[server]?[4] = [
            SourceFrame(function: "inlined", file: "a.c", line: 7, isInlined: true),
            SourceFrame(function: "outer", mangledName: "_Zouter", file: "a.c", line: 9),
        ]
        let reader = try recording { writer in
            writer.appendSession()
            writer.name("server")
            writer.map(server, at: 0)
            writer.sample([0x41, 0x12])
        }
        #expect(try Profile(reader, symbols).foldedLines == ["server;main;outer;inlined_[i] 1"])
    }

    @Test func `what has no name is told by what is known`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            writer.map(server, at: 0x1000)
            writer.map("[vdso]", at: 0x3000)
            writer.map("//anon", at: 0x4000)
            for address in [0x1F01, 0x3001, 0x4001, 0x5001] as [UInt64] { writer.sample([address]) }
        }
        #expect(
            try Profile(reader, symbols).foldedLines == [
                "thread 10;server+0xf01 1", "thread 10;[vdso] 1", "thread 10;[unknown] 2",
            ])
    }

    @Test func `kernel mode without kernel addresses is one kernel frame`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            writer.name("server")
            writer.map(server, at: 0x1000)
            writer.sample([0x1010], isKernel: true)
            writer.sample([], isKernel: true)
            writer.sample([], isKernel: false)
        }
        let lines = try Profile(reader, symbols).foldedLines
        #expect(lines == ["server;main;[kernel]_[k] 1", "server;[kernel]_[k] 1", "server 1"])
    }

    @Test func `kernel frames are named, the nameless ones are one, the user frame below is exact`()
        throws
    {
        let kernel: UInt64 = 0xFFFF_8000_0000_1000
        var symbols = symbols
        symbols.kernel = [kernel: "do_syscall", kernel + 0xFF: "vfs_read"]
        let reader = try recording { writer in
            writer.appendSession()
            writer.name("server")
            writer.map(server, at: 0x1000)
            writer.sample([kernel, 0x1020], isKernel: true)
            writer.sample([kernel + 7, kernel + 0x100, 0x1020], isKernel: true)
            writer.sample([kernel + 8, kernel + 9, 0x1020], isKernel: true)
        }
        #expect(
            try Profile(reader, symbols).foldedLines == [
                "server;work;do_syscall_[k] 1", "server;work;vfs_read_[k];[kernel]_[k] 1",
                "server;work;[kernel]_[k] 1",
            ])
    }

    @Test func `mappings and names hold from their time on, whatever the file's order`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            writer.sample([0x1010], time: 50)
            writer.sample([0x1010], time: 150)
            writer.map("/usr/lib/new.so", at: 0x1000, time: 100)
            writer.name("after", time: 120)
            writer.map(server, at: 0x1000, time: 10)
            writer.name("before", time: 20)
        }
        let lines = try Profile(reader, symbols).foldedLines
        #expect(lines == ["before;main 1", "after;new.so+0x10 1"])
    }

    @Test func `what is left of a mapping keeps its place in the file`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            writer.name("server")
            writer.map(server, at: 0x1000, length: 0x40)
            writer.map("/usr/lib/new.so", at: 0x1010, length: 0x10, offset: 0x500)
            for address in [0x1012, 0x1022, 0x1008] as [UInt64] { writer.sample([address]) }
        }
        #expect(
            try Profile(reader, symbols).foldedLines == [
                "server;new.so+0x502 1", "server;work 1", "server;server+0x8 1",
            ])
    }

    @Test func `a fork copies the mappings and the name, an exec drops them`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            writer.name("server")
            writer.map(server, at: 0x1000)
            writer.append(
                fork: TaskChange(time: 20, pid: 11, parentPid: 10, tid: 11, parentTid: 10))
            writer.append(
                fork: TaskChange(time: 20, pid: 10, parentPid: 10, tid: 12, parentTid: 10))
            writer.sample([0x1010], time: 30, tid: 11, pid: 11)
            writer.sample([0x1010], time: 30, tid: 12)
            writer.name("child", tid: 11, pid: 11, time: 40, isExec: true)
            writer.sample([0x1010], time: 50, tid: 11, pid: 11)
            writer.sample([0x1010], time: 50)
        }
        #expect(
            try Profile(reader, symbols).foldedLines == [
                "server;main 3", "child;[unknown] 1",
            ])
    }

    @Test func `a stack deeper than any kernel collects is cut, and its samples count`() throws {
        let deep = 5_000
        let reader = try recording { writer in
            writer.appendSession()
            writer.map(server, at: 0x1000)
            for depth in [deep, deep - 1, 10] {
                writer.sample([UInt64](repeating: 0x1012, count: depth))
            }
        }
        let profile = Profile(reader, symbols)
        let depths = try profile.foldedLines.map { $0.split(separator: ";").count - 1 }
        #expect(depths.max() == 1_024)
        #expect(profile.sampleCount(ofEvent: 0) == 3)
        #expect(try profile.text(.folded).contains(";[truncated] 2\n"))
    }

    @Test func `a recording without an end says so`() throws {
        let reader = try recording(isSealed: false) { writer in
            writer.appendSession()
            writer.sample([0x1010])
        }
        let profile = Profile(reader)
        #expect(profile.session.notes.count == 1)
        #expect(profile.sampleCount(ofEvent: 0) == 1)
    }

    @Test func `lost samples, throttling and gaps are counted, duplicates are not`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            for (cause, count) in [(LostCause.ring, 5), (.daemon, 2), (.duplicate, 100)] {
                writer.append(
                    Lost(time: 1, cpu: 0, event: 0, count: UInt64(count), cause: cause))
            }
            writer.append(Throttle(time: 1, cpu: 0, isThrottled: true, event: 0))
            writer.append(Throttle(time: 2, cpu: 0, isThrottled: false, event: 0))
            writer.append(Gap(start: 5, end: 25, cause: .daemonRestarted))
        }
        let losses = Profile(reader).losses
        #expect(losses.count == 7)
        #expect(losses.throttleCount == 1)
        #expect(losses.throttledNanoseconds == 1)
        #expect(losses.gapNanoseconds == 20)
    }
}

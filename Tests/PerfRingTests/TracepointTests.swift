import Glibc
import LinuxSystem
import PerfRecords
import PerfRing
import Testing

/// A tracefs, mounted in the mount namespace of a child where the machine has none.
private final class TracingFileSystem {
    let directory: String
    private let holder: RunningProgram

    init() throws {
        let script = "mount -t tracefs tracefs /sys/kernel/tracing && echo ready && read line"
        holder = try RunningProgram(path: "/usr/bin/unshare", ["-m", "/bin/sh", "-c", script])
        try holder.awaitLine("ready")
        directory = "/proc/\(holder.processID)/root/sys/kernel/tracing"
    }
}

@Suite(.enabled(if: cannotOpenEvents == nil, "perf_event_open needs root here"), .serialized)
struct TracepointTests {
    private func getppid(_ tracing: TracingFileSystem) throws -> EventSelection {
        try EventSelection(
            named: "syscalls:sys_enter_getppid", tracingDirectories: [tracing.directory])
    }

    @Test func `a tracepoint samples every occurrence`() throws {
        let tracing = try TracingFileSystem()
        var options = OpeningOptions()
        options.events = [try getppid(tracing)]
        let program = try RunningProgram("calls", "4", "250")
        let target = try TargetOpener(options).open(processID: program.processID)
        let drain = try TargetDrain(target)
        try target.enable()
        try program.go()
        try program.awaitLine("done")
        try drain.drain()
        #expect(drain.drained.samples.count == 1_000)
        #expect(drain.drained.lostCount == 0)
        #expect(drain.drained.samples.allSatisfy { $0.sample.period == 1 })
        #expect(Set(drain.drained.samples.map(\.sample.threadID)).count == 4)
    }

    @Test func `what a full ring loses is counted`() throws {
        let tracing = try TracingFileSystem()
        var options = OpeningOptions()
        options.events = [try getppid(tracing)]
        options.dataPages = 1
        let program = try RunningProgram("pinned", "1", "5000")
        let target = try TargetOpener(options).open(processID: program.processID)
        let drain = try TargetDrain(target)
        try target.enable()
        try program.go()
        try program.awaitLine("done")
        try drain.drain()
        // A loss is told in front of the CPU's next record that finds room: an exit, here.
        kill(program.processID, SIGKILL)
        program.awaitEnd()
        try drain.drain()
        let exits = drain.drained.others.filter { if case .exit = $0 { true } else { false } }
        #expect(drain.drained.samples.count < 200)
        #expect(drain.drained.lostCount > 4_000)
        // The kernel's own count has it all, also where no record tells of it.
        var counted: (calls: UInt64, lost: UInt64) = (0, 0)
        for index in target.placements.indices {
            let reading = try target.descriptors.withDescriptor(at: index) {
                try PerfEvent.reading(of: $0)
            }
            counted.calls += reading?.value ?? 0
            counted.lost += reading?.lost ?? 0
        }
        #expect(counted.calls == 5_000)
        #expect(counted.lost >= drain.drained.lostCount)
        #expect(UInt64(drain.drained.samples.count) + counted.lost >= 5_000)
        #expect(
            drain.drained.samples.count + Int(drain.drained.lostCount) + exits.count >= 5_000)
    }
}

struct EventSelectionTests {
    @Test(
        arguments: [
            ("cpu-clock", 1, 0), ("task-clock", 1, 1), ("page-faults", 1, 2),
            ("context-switches", 1, 3), ("cpu-migrations", 1, 4), ("cycles", 0, 0),
            ("instructions", 0, 1), ("cache-misses", 0, 3), ("branch-misses", 0, 5),
        ] as [(String, UInt32, UInt64)])
    func `names are those of perf`(name: String, type: UInt32, config: UInt64) throws {
        let event = try EventSelection(named: name)
        #expect(event.type == type)
        #expect(event.config == config)
        #expect(event.name == name)
        #expect(!event.fallsBackToClock)
    }

    @Test(arguments: ["", "cpu-clocks", ":", "sched:", ":x", "a:b:c", "../..:x", "a:../b", "a:b/c"])
    func `other names are refused`(name: String) {
        #expect(throws: EventSelectionError.unknown(name)) { try EventSelection(named: name) }
    }

    @Test func `a tracepoint without tracefs says how to mount it`() throws {
        let error = try #require(throws: EventSelectionError.self) {
            try EventSelection(named: "sched:sched_switch", tracingDirectories: ["/nowhere"])
        }
        #expect(error == .tracingFileSystemMissing("sched:sched_switch"))
        #expect(error.description.contains("mount -t tracefs tracefs /sys/kernel/tracing"))
    }

    @Test(.enabled(if: cannotOpenEvents == nil, "mounting tracefs needs root"))
    func `a tracepoint that is not there is named`() throws {
        let tracing = try TracingFileSystem()
        #expect(throws: EventSelectionError.noSuchTracepoint("sched:no_such")) {
            try EventSelection(
                named: "sched:no_such", tracingDirectories: ["/nowhere", tracing.directory])
        }
    }
}

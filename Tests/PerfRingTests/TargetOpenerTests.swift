import CLinux
import Glibc
import LinuxSystem
import PerfRecords
import PerfRing
import SystemPackage
import Testing

/// Options for a sampling rate that gives many samples in a short test.
private func options(_ events: [EventSelection] = [.cpuClock]) -> OpeningOptions {
    var options = OpeningOptions()
    options.events = events
    options.rate = .period(200_000)
    return options
}

@Suite(.enabled(if: cannotOpenEvents == nil, "perf_event_open needs root here"), .serialized)
struct TargetOpenerTests {
    @Test func `the threads of a spinning process are sampled under their own numbers`() throws {
        let program = try RunningProgram("spin", "3")
        let target = try TargetOpener(options()).open(processID: program.processID)
        #expect(target.threads.count == 4)
        #expect(target.threads[0].threadID == program.processID)
        #expect(target.threads.allSatisfy { $0.name == "TestProgram" && !$0.isLate })
        #expect(target.identity.userID == 0)
        #expect(target.identity.name == "TestProgram")
        let drained = try target.sample(milliseconds: 300)

        #expect(drained.samples.count > 300)
        let threads = Set(target.threads.map(\.threadID))
        var identifiers: [UInt64: EventPlacement] = [:]
        for (index, placement) in target.placements.enumerated() {
            let identifier = try target.descriptors.withDescriptor(at: index) {
                try PerfEvent.identifier(of: $0)
            }
            identifiers[identifier] = placement
        }
        for (sample, callchain) in drained.samples {
            #expect(sample.processID == program.processID)
            #expect(threads.contains(sample.threadID))
            #expect(identifiers[sample.identifier]?.threadID == sample.threadID)
            #expect(sample.period == 200_000)
            #expect(sample.isKernelMode || callchain.count > 1)
        }
        #expect(Set(drained.samples.map(\.sample.threadID)).count >= 3)
    }

    @Test func `times are of CLOCK_MONOTONIC`() throws {
        let program = try RunningProgram("spin", "1")
        let target = try TargetOpener(options()).open(processID: program.processID)
        let before = monotonicNanoseconds()
        let drained = try target.sample(milliseconds: 50)
        let after = monotonicNanoseconds()
        #expect(!drained.samples.isEmpty)
        #expect(drained.samples.allSatisfy { before...after ~= $0.sample.time })
    }

    @Test func `kernel-mode samples carry no kernel address`() throws {
        let program = try RunningProgram("system", "1")
        let target = try TargetOpener(options()).open(processID: program.processID)
        let drained = try target.sample(milliseconds: 200)
        #expect(drained.samples.filter(\.sample.isKernelMode).count > 20)
        for (_, callchain) in drained.samples {
            let kernel = callchain.filter { $0 >> 63 == 1 && !CallchainContext.isMarker($0) }
            #expect(kernel == [])
            #expect(!callchain.contains(CallchainContext.kernel.rawValue))
        }
        #expect(drained.samples.contains { $0.callchain.count > 2 })
    }

    @Test func `kernel frames come when they are asked for`() throws {
        var options = options()
        options.includesKernelFrames = true
        let program = try RunningProgram("system", "1")
        let target = try TargetOpener(options).open(processID: program.processID)
        let drained = try target.sample(milliseconds: 100)
        let kernel = drained.samples.filter(\.sample.isKernelMode)
        #expect(kernel.count > 10)
        #expect(kernel.allSatisfy { $0.callchain.first == CallchainContext.kernel.rawValue })
    }

    @Test func `two hundred threads are more descriptors than a message holds`() throws {
        let program = try RunningProgram("sleep", "200")
        let target = try TargetOpener(options()).open(processID: program.processID)
        let cpus = try OnlineCPUs.read()
        #expect(target.threads.count == 201)
        #expect(target.descriptors.count == 201 * cpus.count)
        #expect(target.placements.count == target.descriptors.count)
        let owners = target.placements.filter(\.isRingOwner)
        #expect(owners.map(\.cpu) == cpus)
        #expect(owners.allSatisfy { $0.threadID == program.processID && $0.event == 0 })
        try target.enable()
    }

    @Test func `new threads inherit, and are announced`() throws {
        let program = try RunningProgram("churn", "1")
        let target = try TargetOpener(options()).open(processID: program.processID)
        let drained = try target.sample(milliseconds: 100)
        let opened = Set(target.threads.map(\.threadID))
        let forks = drained.others.compactMap {
            if case .fork(let task) = $0 { task.threadID } else { nil }
        }
        #expect(forks.contains { !opened.contains($0) })
        #expect(drained.others.contains { if case .exit = $0 { true } else { false } })
    }

    @Test func `an exec is reported with its name and mappings with build IDs`() throws {
        let program = try RunningProgram("exec", "1")
        let target = try TargetOpener(options()).open(processID: program.processID)
        #expect(target.notes == [])
        let drain = try TargetDrain(target)
        try target.enable()
        try program.go()
        try program.awaitLine("ready")
        try drain.drain()
        let names = drain.drained.others.compactMap {
            if case .comm(let comm) = $0, comm.isExec { comm.name } else { nil }
        }
        #expect(names == ["TestProgram"] || names == ["exe"])
        let paths = drain.drained.others.compactMap { record -> String? in
            guard case .mapping(let mapping) = record, case .buildID(let bytes) = mapping.file
            else { return nil }
            return bytes.count == 20 ? mapping.path : nil
        }
        #expect(paths.contains { $0.hasSuffix("/TestProgram") })
        #expect(paths.contains { $0.contains("libc") })
    }

    @Test func `a command's events start with its exec`() throws {
        var options = options()
        options.enablesOnExec = true
        let program = try RunningProgram("exec", "1")
        let target = try TargetOpener(options).open(processID: program.processID)
        let drain = try TargetDrain(target)
        usleep(20_000)
        try drain.drain()
        #expect(drain.drained.samples.isEmpty)
        try program.go()
        try program.awaitLine("ready")
        usleep(100_000)
        try drain.drain()
        #expect(drain.drained.samples.count > 50)
    }

    @Test func `without a counter for cycles the clock is sampled, and the result says so`() throws
    {
        let program = try RunningProgram("spin", "1")
        let target = try TargetOpener().open(processID: program.processID)
        if target.events[0].selection.name == "cycles" { return }
        #expect(target.events[0].selection == .cpuClock)
        guard case .counterUnavailable("cycles", "cpu-clock", _)? = target.notes.first else {
            Issue.record("no note: \(target.notes)")
            return
        }
        #expect(target.events[0].attributes.rate == .frequency(99))
    }

    @Test func `several events share each CPU's ring`() throws {
        let program = try RunningProgram("spin", "1")
        let events = [EventSelection.cpuClock, try EventSelection(named: "task-clock")]
        let target = try TargetOpener(options(events)).open(processID: program.processID)
        #expect(target.placements.filter(\.isRingOwner).allSatisfy { $0.event == 0 })
        #expect(target.events.map(\.attributes.reportsTasks) == [true, false])
        let drained = try target.sample(milliseconds: 100)
        var eventOf: [UInt64: Int] = [:]
        for (index, placement) in target.placements.enumerated() {
            let identifier = try target.descriptors.withDescriptor(at: index) {
                try PerfEvent.identifier(of: $0)
            }
            eventOf[identifier] = placement.event
        }
        #expect(Set(drained.samples.map { eventOf[$0.sample.identifier] }) == [0, 1])
    }

    @Test func `the pidfd and the mappings are the process's`() throws {
        let program = try RunningProgram("sleep", "1")
        let target = try TargetOpener(options()).open(processID: program.processID)
        #expect(try target.maps.kindLink() == "/proc/\(program.processID)/maps")
        #expect(try !target.pidfd.hasExited())
        kill(program.processID, SIGKILL)
        program.awaitEnd()
        #expect(try target.pidfd.hasExited())
    }
}

func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(clinux_clock_monotonic(), &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

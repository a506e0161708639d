import CLinux
import Glibc
import LinuxSystem
import PerfRing
import SystemPackage
import Testing

/// Opens `processID` and gives the error.
private func refusal(_ processID: Int32, _ options: OpeningOptions = OpeningOptions())
    -> OpeningError?
{
    do throws(OpeningError) {
        _ = try TargetOpener(options).open(processID: processID)
        return nil
    } catch {
        return error
    }
}

@Suite(.enabled(if: cannotOpenEvents == nil, "perf_event_open needs root here"), .serialized)
struct OpeningRefusalTests {
    @Test(arguments: [0, -1, Int32.max, Int32.min])
    func `numbers of no process`(processID: Int32) {
        #expect(refusal(processID) == .noSuchProcess(processID))
    }

    @Test func `a thread of the kernel`() throws {
        let name = try SystemDirectory("/proc/2").text(of: "comm")
        try #require(name == "kthreadd\n")
        #expect(refusal(2) == .kernelThread(2, name: "kthreadd"))
    }

    @Test func `a process that has ended`() throws {
        let program = try RunningProgram("exit", "1", "0")
        program.awaitEnd()
        #expect(refusal(program.processID) == .zombie(program.processID, name: "TestProgram"))
    }

    @Test func `a thread that is not its process's first`() throws {
        let program = try RunningProgram("sleep", "1")
        let names = try SystemDirectory("/proc/\(program.processID)").entries(of: "task")
        let threadID = try #require(names.compactMap { Int32($0) }.max())
        #expect(threadID != program.processID)
        #expect(
            refusal(threadID) == .notAProcess(threadID: threadID, processID: program.processID))
    }

    @Test func `a process of several users`() throws {
        let program = try RunningProgram("mixed", "1")
        let id = program.processID
        #expect(refusal(id) == .mixedIdentity(id, userIDs: [65533, 0, 0, 0]))
    }

    @Test func `a frequency above the kernel's limit names the setting`() throws {
        let text = try SystemDirectory("/proc/sys/kernel").text(of: "perf_event_max_sample_rate")
        let limit = try #require(UInt64(text.dropLast()))
        var options = OpeningOptions()
        options.rate = .frequency(limit + 1)
        let error = try #require(refusal(getpid(), options))
        #expect(error == .frequencyTooHigh(limit + 1, limit: limit))
        #expect(error.description.contains("kernel.perf_event_max_sample_rate, which is \(limit)"))
        #expect(
            error.description.contains("sysctl kernel.perf_event_max_sample_rate=\(limit + 1)"))
    }

    @Test(arguments: [.frequency(0), .period(0), .period(1 << 63)] as [SamplingRate])
    func `rates that are none`(rate: SamplingRate) throws {
        var options = OpeningOptions()
        options.rate = rate
        guard case .invalidRate? = refusal(getpid(), options) else {
            Issue.record("opened")
            return
        }
    }

    @Test(arguments: [0, -1, 3, 1 << 17])
    func `rings that are none`(dataPages: Int) {
        var options = OpeningOptions()
        options.dataPages = dataPages
        #expect(refusal(getpid(), options) == .invalidPageCount(dataPages))
    }

    @Test func `an event that the machine lacks`() throws {
        var options = OpeningOptions()
        options.events = [try EventSelection(named: "branch-misses")]
        guard let error = refusal(getpid(), options) else { return }
        guard case .eventUnsupported("branch-misses", _) = error else {
            Issue.record("\(error)")
            return
        }
    }

    @Test func `a process that ends meanwhile is no target, and none of it stays open`() async {
        await #expect(processExitsWith: .success) {
            var endings = 0
            for delay in 0..<60 {
                let program = try RunningProgram("exit", "100", "\(delay * 100)")
                do throws(OpeningError) {
                    _ = try TargetOpener().open(processID: program.processID)
                } catch {
                    endings += 1
                    let id = program.processID
                    #expect(error == .exited(id) || error == .zombie(id, name: "TestProgram"))
                }
            }
            #expect(endings > 0)
            #expect(try openTargetFiles() == [])
        }
    }

    @Test func `the soft limit of descriptors is raised, the hard one is an error`() async {
        await #expect(processExitsWith: .success) {
            let program = try RunningProgram("sleep", "200")
            try setDescriptorLimit(soft: 60, hard: 900)
            _ = try TargetOpener().open(processID: program.processID)
            try setDescriptorLimit(soft: 60, hard: 60)
            #expect(refusal(program.processID) == .tooManyDescriptors(limit: 60))
        }
    }

    @Test func `a user without privilege gets user mode, and is told`() async throws {
        let paranoid = try SystemDirectory("/proc/sys/kernel").text(of: "perf_event_paranoid")
        try #require(paranoid == "2\n", "the test is written for this setting")
        await #expect(processExitsWith: .success) {
            let foreign = try RunningProgram("spin", "1")
            let own = try RunningProgram("user", "65533")
            #expect(clinux_setresgid(65533, 65533, 65533) == 0)
            #expect(clinux_setresuid(65533, 65533, 65533) == 0)
            var options = OpeningOptions()
            options.events = [.cpuClock]
            options.rate = .period(500_000)
            let target = try TargetOpener(options).open(processID: own.processID)
            #expect(
                target.notes == [.kernelModeExcluded(event: "cpu-clock", paranoid: "2")])
            let drained = try target.sample(milliseconds: 100)
            #expect(drained.samples.count > 20)
            #expect(drained.samples.allSatisfy { !$0.sample.isKernelMode })

            guard case .permissionDenied(_, _, "2")? = refusal(foreign.processID) else {
                throw ExitTestFailure("another user's process was opened")
            }
            options.includesKernelFrames = true
            guard case .permissionDenied(_, _, "2")? = refusal(own.processID, options) else {
                throw ExitTestFailure("kernel frames were given to a user without privilege")
            }
            options.includesKernelFrames = false
            options.dataPages = 1 << 14
            guard case .ringMemory(1 << 14, _)? = refusal(own.processID, options) else {
                throw ExitTestFailure("64 MiB a CPU were locked")
            }
        }
    }
}

/// What of a target's is open in this process.
private func openTargetFiles() throws -> [String] {
    let directory = try SystemDirectory("/proc/self")
    return try directory.entries(of: "fd").compactMap { try? readLink("/proc/self/fd/\($0)") }
        .filter { $0.contains("perf_event") || $0.contains("pidfd") || $0.hasSuffix("/maps") }
}

private func setDescriptorLimit(soft: UInt, hard: UInt) throws {
    var limit = rlimit(rlim_cur: soft, rlim_max: hard)
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    if setrlimit(resource, &limit) != 0 { throw Errno(rawValue: errno) }
}

private struct ExitTestFailure: Error {
    let text: String
    init(_ text: String) { self.text = text }
}

// Rings that are too small on purpose, and what is said of it everywhere.

import Glibc
import PerfRing
import Recording
import Testing
import Varlink

extension IntegrationTests {
    /// What is lost is counted, and said.
    @Suite(.serialized, .enabled(if: isRoot, "\(needsRoot)"))
    struct LossTests {}
}

extension IntegrationTests.LossTests {
    @Test func `with one page at ten thousand a second, recorded and lost are what was counted`()
        throws
    {
        // A machine that is busy, or is a virtual one whose time is stolen, takes fewer samples than
        // its clock counts: of several runs one must come within the hundredth.
        var shares: [Double] = []
        while shares.count < 5, !shares.contains(where: { abs($0 - 1) <= 0.01 }) {
            try World.run { world in
                var options = OpeningOptions()
                options.events = [.cpuClock]
                options.rate = .frequency(10_000)
                let run = try record(options, in: world)
                #expect(run.losses.lost > 0 && run.samples > 0)
                shares.append(Double(run.samples + run.losses.lost) * 100_000 / Double(run.counted))
            }
        }
        print("recorded and lost, of what was counted: \(shares)")
        #expect(abs((shares.last ?? 0) - 1) <= 0.01, "\(shares)")
    }

    @Test func `of an event whose every occurrence is a sample, none is unaccounted for`() throws {
        try World.run { world in
            var options = OpeningOptions()
            options.events = [try EventSelection(named: "page-faults")]
            let run = try record(options, in: world)
            #expect(run.losses.lost > 0)
            #expect(run.samples + run.losses.lost == run.counted)
        }
    }

    @Test func `what the kernel throttles is counted, with its time`() throws {
        let setting = "/proc/sys/kernel/perf_event_max_sample_rate"
        let before = try readText(setting)
        defer { try? writeFile(setting, before) }
        // A period has no frequency that could be refused.
        try writeFile(setting, "1000\n")
        try World.run(configuration: "[budget]\ncpu = \"unlimited\"\n") { world in
            let program = try world.target("hot", "1")
            let path = world.output("throttled.recording")
            try world.succeed(
                "record", "--pid", "\(program.processID)", "--event", "cpu-clock", "--period",
                "20000", "--duration", "1s", "--output", path)
            let losses = try Recorded(path).losses
            #expect(losses.throttles > 10, "\(losses)")
            #expect((1..<2_000_000_000).contains(losses.throttledNanoseconds), "\(losses)")
            let table = world.output("throttled.txt")
            try world.succeed("report", path, "--output", table)
            #expect(try readText(table).contains("throttled \(losses.throttles) times for"))
        }
    }

    @Test func `what is drained and has no place in the recording is counted as lost`() throws {
        let configuration = "[policy.limits]\nrecording-size = \"256 KiB\"\n"
        try World.run(configuration: configuration) { world in
            let program = try world.target("faults", "2")
            var options = OpeningOptions()
            options.events = [try EventSelection(named: "page-faults")]
            let target = try HandedTarget(program.processID, options)
            var client = try RawClient(world.socket)
            let session = try target.handOver(to: &client, claiming: world.user)
            try eventually("the end of the session") {
                let list = try client.call("io.profilerd.Control.List", claiming: world.user)
                guard case .array(let sessions)? = list.parameters["sessions"],
                    case .object(let status)? = sessions.first
                else { throw Failure("no session: \(list)") }
                return status["state"] == .string("ended")
            }
            let path = world.output("full.recording")
            let stop = try world.client("stop", session, "--output", path)
            #expect(stop.ending == .exited(1))
            let table = try world.succeed("report", path, "--format", "table").output
            #expect(table.contains("not recorded by the daemon "), "\(table)")
            let recorded = try Recorded(path)
            #expect(recorded.isSealed && recorded.end?.reason == .sizeLimit)
            let counted = try target.reading()
            let accounted = (recorded.end?.samples ?? 0) + (recorded.end?.lost ?? 0)
            // The program ran on while its events were stopped: `HandedTarget.disable` says more.
            #expect(accounted <= counted.value && accounted + 8 >= counted.value)
            #expect(recorded.end?.samples == UInt64(recorded.samples.count))
        }
    }

    private struct Run {
        var samples: UInt64
        var losses: LossTotals
        /// In the event's unit.
        var counted: UInt64
    }

    /// Records for a second with rings of one page, and a daemon that is stopped half of the time.
    private func record(_ options: OpeningOptions, in world: World) throws -> Run {
        let program = try world.target("faults", "2")
        var options = options
        options.dataPages = 1
        let target = try HandedTarget(program.processID, options)
        var client = try RawClient(world.socket)
        let session = try target.handOver(to: &client, claiming: world.user)
        for _ in 0..<5 {
            world.daemon.send(SIGSTOP)
            usleep(100_000)
            world.daemon.send(SIGCONT)
            usleep(100_000)
        }
        let status = try world.succeed("status").output
        #expect(status.contains("\(session) lost: ring full "), "\(status)")
        let recorded = try stop(session, program, in: world)
        #expect(recorded.end?.samples == UInt64(recorded.samples.count))
        #expect(recorded.end?.lost == recorded.losses.lost)
        let counted = try target.reading()
        #expect(recorded.losses.ring == counted.lost)
        return Run(
            samples: UInt64(recorded.samples.count), losses: recorded.losses,
            counted: counted.value)
    }

    /// Ends the session so that no record tells of its rings' last losses.
    private func stop(
        _ session: String, _ program: Running, in world: World
    ) throws -> Recorded {
        let path = world.output("it.recording")
        defer { unlink(path) }
        world.daemon.send(SIGSTOP)
        usleep(50_000)
        let stop = try world.startClient(world.withSocket(["stop", session, "--output", path]))
        usleep(100_000)
        try program.suspend()
        world.daemon.send(SIGCONT)
        #expect(try stop.wait() == .exited(0), "\(stop.errors)")
        #expect(stop.errors.contains(" samples were lost beside "), "\(stop.errors)")
        #expect(stop.errors.contains("ring full "), "\(stop.errors)")
        let recorded = try Recorded(path)
        try checkReports(world, lost: recorded.losses.lost)
        return recorded
    }

    /// Every report has the same losses, and so has what `report` says.
    private func checkReports(_ world: World, lost: UInt64) throws {
        let recording = world.output("it.recording")
        let folded = try world.succeed("report", recording, "--format", "folded")
        #expect(folded.output.contains("\n[lost] \(lost)\n"))
        #expect(folded.errors.contains("\(lost) samples were lost beside "), "\(folded.errors)")
        let table = try world.succeed("report", recording, "--format", "table").output
        let row = table.split(separator: "\n").last { $0.contains("[lost]") }
        #expect(row?.contains(" % ") == true, "\(table)")
        let page = try world.succeed("report", recording, "--format", "html").output
        #expect(page.contains(#""lostOfEvents":[{"count":\#(lost),"#))
    }
}

import Glibc
import Recording
import Testing

extension IntegrationTests {
    /// Programs of many threads, and threads that come while they are being attached.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct ThreadTests {}
}

extension IntegrationTests.ThreadTests {
    @Test func `two hundred threads are attached, and one that starts later is there, too`() throws
    {
        try World.run { world in
            let program = try world.target("late", "200")
            let session = try world.startSession(
                "--pid", "\(program.processID)", "--frequency", "999")
            var client = try RawClient(world.socket)
            let list = try client.call("io.profilerd.Control.List", claiming: world.user)
            guard case .array(let sessions)? = list.parameters["sessions"],
                case .object(let status)? = sessions.first,
                case .int(let descriptors)? = status["descriptors"]
            else { throw Failure("no session: \(list)") }
            // A message holds 253 of them.
            #expect(descriptors >= 201)
            #expect(descriptors % 201 == 0)

            try program.go()
            try waitForSamples(world)
            let recording = world.output("late.recording")
            try eventually("thirty samples") {
                try world.succeed("fetch", session, "--output", recording)
                return try Recorded(recording).samples.count >= 30
            }
            try world.succeed("stop", session, "--output", recording)
            let recorded = try Recorded(recording)
            #expect(Set(recorded.names.map(\.tid)).count >= 201)
            let latecomers = Set(recorded.names.filter { $0.name == "latecomer" }.map(\.tid))
            #expect(latecomers.count == 1)
            #expect(latecomers.allSatisfy { recorded.samplesByThread[$0, default: 0] >= 30 })

            let folded = Folded(
                try world.succeed("report", recording, "--format", "folded").output)
            #expect(folded.hottest == "late_work")
            #expect(folded.lines.contains { $0.frames.first == "latecomer" })
        }
    }

    /// A thread that is born while its process is attached may get events of its own and inherit
    /// its creator's: the samples of one moment must be there once.
    @Test func `threads born during the attach have no sample twice`() throws {
        try World.run { world in
            let births = 20
            let program = try world.target("late", "200")
            let period: UInt64 = 1_000_000
            let client = try world.startClient(
                world.withSocket([
                    "start", "--pid", "\(program.processID)", "--event", "cpu-clock", "--period",
                    "\(period)",
                ]))
            // The first thread has its event, the last of the two hundred not yet: now.
            try awaitFirstEvent(of: client)
            for _ in 0..<births { try program.go() }
            #expect(try client.wait() == .exited(0), "\(client.errors)")
            let session = String(client.output.dropLast())
            try eventually("all of its threads") {
                entries(of: "/proc/\(program.processID)/task").count == 201 + births
            }
            let begin = secondsOfClock()
            try eventually("a second") { secondsOfClock() - begin > 1 }
            let recording = world.output("births.recording")
            try world.succeed("stop", session, "--output", recording)
            program.send(SIGSTOP)

            let recorded = try Recorded(recording)
            #expect(recorded.samplesByThread.count >= births)
            var expected = 0.0
            for (thread, samples) in recorded.samplesByThread {
                let path = "/proc/\(program.processID)/task/\(thread)/schedstat"
                guard let word = try readText(path).split(separator: " ").first,
                    let nanoseconds = UInt64(word)
                else { throw Failure("\(path) cannot be read") }
                let most = Double(nanoseconds) / Double(period)
                expected += most
                #expect(Double(samples) < most * 1.3 + 5, "thread \(thread)")
            }
            #expect(Double(recorded.samples.count) < expected * 1.1)
            #expect(Double(recorded.samples.count) > expected * 0.3)
        }
    }
}

/// Waits until a client has opened its first perf event; without a pause, for the next come soon.
private func awaitFirstEvent(of client: Running) throws {
    let directory = "/proc/\(client.processID)/fd"
    let begin = secondsOfClock()
    while secondsOfClock() - begin < 10 {
        let hasEvent = entries(of: directory).contains {
            linkTarget("\(directory)/\($0)") == "anon_inode:[perf_event]"
        }
        if hasEvent { return }
    }
    throw Failure("no event was opened within 10 s: \(client.errors)")
}

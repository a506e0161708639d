// A CPU goes and comes back while a session records. That is done to the machine itself, so it is
// only done where somebody has asked for it.

import Glibc
import Testing

private let processor = 1
private let setting = "/sys/devices/system/cpu/cpu\(processor)/online"
private let isAsked = getenv("PROFILERD_OFFLINE_CPU") != nil

extension IntegrationTests {
    @Suite(
        .serialized,
        .enabled(
            if: isAsked,
            "takes CPU \(processor) of this machine away for a second: set PROFILERD_OFFLINE_CPU"),
        .enabled(if: isRoot && access(setting, W_OK) == 0, "cannot take a CPU away: \(setting)"))
    struct OfflineProcessorTests {}
}

extension IntegrationTests.OfflineProcessorTests {
    private func withoutProcessor(_ body: () throws -> Void) throws {
        try writeFile(setting, "0\n")
        defer { try? writeFile(setting, "1\n") }
        try body()
    }

    /// The samples of the CPU in what the session has recorded so far.
    private func samples(of session: String, in world: World) throws -> Int {
        let path = world.output("now.recording")
        try world.succeed("fetch", session, "--output", path)
        return try Recorded(path).samples.count { $0.cpu == UInt32(processor) }
    }

    @Test func `a CPU that goes and comes back is recorded before and after`() throws {
        try World.run { world in
            let program = try world.target("hot", "2")
            let session = try world.startSession(
                "--pid", "\(program.processID)", "--frequency", "999")
            func count() throws -> Int { try samples(of: session, in: world) }
            try eventually("samples of the CPU") { try count() > 0 }
            try withoutProcessor {
                let gone = try count()
                usleep(300_000)
                #expect(try count() == gone)
            }
            let before = try count()
            try eventually("samples of the CPU that is back") { try count() > before }
            let path = world.output("cpu.recording")
            try world.succeed("stop", session, "--output", path)
            let recorded = try Recorded(path)
            #expect(recorded.isSealed && recorded.end?.reason == .stopped)
        }
    }

    @Test func `a CPU that is offline at the beginning is left out with a word`() throws {
        try World.run { world in
            let program = try world.target("hot", "2")
            try withoutProcessor {
                let finished = try world.succeed(
                    "record", "--pid", "\(program.processID)", "--duration", "300ms", "--frequency",
                    "999", "--output", world.output("one.recording"))
                #expect(finished.errors.contains("CPU \(processor) of this machine is offline"))
            }
            let recorded = try Recorded(world.output("one.recording"))
            #expect(!recorded.samples.isEmpty)
            #expect(recorded.samples.allSatisfy { $0.cpu != UInt32(processor) })
        }
    }
}

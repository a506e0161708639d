import Glibc
import LinuxSystem
import Recording
import Testing

extension IntegrationTests {
    /// The client itself, held up at the very place where its target may end and another process
    /// take the number: between the pidfd and the first perf_event_open(2).
    @Suite(
        .serialized, .enabled(if: isRoot, "needs root: processes get a number of one's choice"),
        .enabled(if: installed("strace") != nil, "needs strace"))
    struct ReusedNumberTests {}
}

extension IntegrationTests.ReusedNumberTests {
    @Test func `a recording is of the process that was named, or there is none`() throws {
        try World.run(user: .own) { world in
            // One process after the other under one number, each for up to 1.2 s.
            let program = try Running(
                Binaries.shared.testProgram, ["recycle", "1", "1200000"], keepsInput: true,
                in: world.scratch)
            try eventually("the number") { program.output.hasSuffix("ready\n") }
            let line = program.output.split(separator: "\n").first ?? ""
            let number = try #require(Int32(line.dropFirst("number ".count)))
            var (recorded, refused) = (0, 0)
            for round in 0..<12 {
                let output = world.output("round-\(round).recording")
                let client = try heldUp(
                    ["record", "--pid", "\(number)", "--duration", "100ms", "--output", output],
                    world)
                let ending = try client.wait()
                if ending == .exited(0) {
                    recorded += 1
                    let recording = try Recorded(output)
                    // A process that has not named itself yet has its parent's name.
                    let command = recording.facts["target.command"] ?? ""
                    let names = recording.names.map(\.name) + [command]
                    let own = Set(names).subtracting(["TestProgram"])
                    #expect(own.count <= 1 && own.allSatisfy { $0.hasPrefix("g") }, "\(names)")
                } else {
                    refused += 1
                    #expect(ending == .exited(66), "\(client.errors)")
                    #expect(!fileExists(output))
                }
            }
            #expect(refused > 0, "\(recorded) were recorded")
        }
    }

    /// A client whose first perf_event_open(2) takes half a second to begin.
    private func heldUp(_ arguments: [String], _ world: World) throws -> Running {
        try Running(
            installed("strace") ?? "",
            [
                "-f", "-q", "-o", "/dev/null", "-e", "trace=perf_event_open", "-e",
                "inject=perf_event_open:delay_enter=500000:when=1", Binaries.shared.profilerctl,
            ] + world.withSocket(arguments), in: world.scratch)
    }
}

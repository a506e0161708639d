import Glibc
import Testing
import Varlink

extension IntegrationTests {
    /// One recording in every format.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct FormatTests {}
}

extension IntegrationTests.FormatTests {
    @Test func `every format has the same samples and the same hottest function`() throws {
        try World.run { world in
            let program = try world.target("hot", "2")
            let recording = world.output("cpu.recording")
            try world.succeed(
                "record", "--pid", "\(program.processID)", "--duration", "700ms", "-F", "499",
                "--output", recording)
            for suffix in ["folded", "pb.gz", "txt", "html"] {
                try world.succeed(
                    "report", recording, "--output", world.output("cpu.\(suffix)"))
            }
            let total = try Recorded(recording).samples.count
            #expect(total > 50)
            let folded = Folded(try readText(world.output("cpu.folded")))
            #expect(folded.total == total)
            #expect(folded.hottest == "hot_path")

            let table = try readText(world.output("cpu.txt"))
            #expect(samples(inTable: table) == total)
            #expect(firstRow(of: table)?.contains("hot_path") == true)

            #expect(try samples(inPage: readText(world.output("cpu.html"))) == total)
        }
    }

    @Test(.enabled(if: installed("go") != nil, "needs go tool pprof: go is not installed"))
    func `go tool pprof reads the profile, and agrees`() throws {
        try World.run { world in
            let program = try world.target("hot", "2")
            let session = try world.startSession("--pid", "\(program.processID)", "-F", "499")
            try waitForSamples(world)
            let begin = secondsOfClock()
            try eventually("half a second") { secondsOfClock() - begin > 0.5 }
            let recording = world.output("cpu.recording")
            let profile = world.output("cpu.pb.gz")
            try world.succeed("stop", session, "--output", recording)
            try world.succeed("report", recording, "--output", profile)

            let top = try pprof(world, "-top", profile)
            let rows = top.split(separator: "\n").drop { !$0.contains("flat%") }.dropFirst()
            #expect(rows.first?.contains("hot_path") == true, "\(top)")

            let raw = try pprof(world, "-raw", profile)
            let values = raw.split(separator: "\n").drop { !$0.hasPrefix("Samples:") }
                .prefix { !$0.hasPrefix("Locations") }
                .compactMap { line in
                    line.split(separator: ":").first?.split(separator: " ").first.flatMap {
                        Int($0)
                    }
                }
            #expect(values.reduce(0, +) == (try Recorded(recording).samples.count), "\(raw)")
        }
    }

    private func pprof(_ world: World, _ option: String, _ profile: String) throws -> String {
        let go = try Running(
            installed("go") ?? "go", ["tool", "pprof", option, profile],
            environment: ["HOME": world.scratch.path, "PPROF_TMPDIR": world.scratch.path],
            in: world.scratch)
        #expect(try go.wait(seconds: 60) == .exited(0), "\(go.errors)")
        return go.output
    }

    /// The number before the word "samples" in a table's second line.
    private func samples(inTable table: String) -> Int? {
        let line = table.split(separator: "\n").first { $0.contains(" samples,") } ?? ""
        guard let end = line.firstRange(of: " samples,")?.lowerBound else { return nil }
        let digits = line[..<end].reversed().prefix { $0.isNumber || $0 == " " }.reversed()
        return Int(String(digits.filter { $0.isNumber }))
    }

    /// The sum of the samples in the data of a flame graph's page.
    private func samples(inPage page: String) throws -> Int {
        let begin = "<script type=\"application/json\" id=\"data\">"
        guard let start = page.firstRange(of: begin)?.upperBound,
            let end = page[start...].firstRange(of: "</script>")?.lowerBound,
            case .object(let data) = try JSONValue(decoding: Array(page[start..<end].utf8)),
            case .string(let values)? = data["values"]
        else { throw Failure("the page has no data") }
        var numbers: [Int] = []
        var number = 0
        var shift = 0
        for digit in values {
            let value = try digitValue(digit)
            number |= (value & 31) << shift
            shift += 5
            if value & 32 == 0 {
                numbers.append(number)
                (number, shift) = (0, 0)
            }
        }
        // Node, thread, event, samples, weight.
        return stride(from: 3, to: numbers.count, by: 5).reduce(0) { $0 + numbers[$1] }
    }

    private func digitValue(_ digit: Character) throws -> Int {
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        guard let index = alphabet.firstIndex(of: digit) else { throw Failure("digit \(digit)") }
        return alphabet.distance(from: alphabet.startIndex, to: index)
    }
}

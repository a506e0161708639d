import Glibc
import Recording
import Symbols
import Testing

@testable import Reports

/// Large made-up profiles, to look at and to measure: REPORTS_EXAMPLES names a directory for them.
struct ExampleReports {
    static let directory = getenv("REPORTS_EXAMPLES").map { String(cString: $0) }

    @Test(
        .enabled(if: directory != nil, "set REPORTS_EXAMPLES to a directory to write examples"),
        arguments: [0, 10, 1_000, 100_000])
    func `examples of a size`(sampleCount: Int) throws {
        let clock = ContinuousClock()
        var timings: [String] = []
        let reader = try Self.recording(sampleCount: sampleCount)
        var profile: Profile?
        let building = clock.measure { profile = Profile(reader, Self.symbols) }
        timings.append("profile \(building)")
        let built = try #require(profile)
        for format in ReportFormat.allCases where format != .recording {
            var bytes: [UInt8] = []
            let time = try clock.measure { bytes = try Report.render(built, as: format) }
            timings.append("\(format.rawValue) \(time) \(bytes.count) bytes")
            try Self.write(bytes, to: "\(sampleCount)" + format.ending)
        }
        print(sampleCount, "samples:", timings.joined(separator: "; "))
    }

    @Test(.enabled(if: directory != nil, "set REPORTS_EXAMPLES to a directory to write examples"))
    func `an example of hostile names`() throws {
        let name = "</script><img src=x onerror=alert(1)>\u{1B}[31m\u{202E}"
        let reader = try ReportsTests.recording { writer in
            writer.appendSession(command: name)
            writer.name(name)
            writer.map("/" + name, at: 0x1000)
            writer.sample([0x1010])
        }
        let profile = Profile(reader, TestSymbols.functions([name], in: "/" + name))
        try Self.write(Report.render(profile, as: .flameGraph), to: "hostile.html")
    }

    static func write(_ bytes: [UInt8], to name: String) throws {
        let path = try #require(directory) + "/" + name
        let file = try #require(fopen(path, "w"))
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
    }

    /// A service with worker threads, deep stacks, inlining and system calls.
    static func recording(sampleCount: Int) throws -> RecordingReader {
        var generator = Generator(state: 42)
        return try ReportsTests.recording { writer in
            writer.appendSession(command: "/usr/bin/orders-service --config /etc/orders.toml")
            let threads = ["orders-service", "worker-1", "worker-2", "worker-3", "io", "gc"]
            for (index, name) in threads.enumerated() {
                writer.name(name, tid: UInt32(10 + index))
            }
            for (index, module) in modules.enumerated() {
                writer.map(module.path, at: UInt64(index + 1) << 32, length: 1 << 24)
            }
            writer.map("[vdso]", at: 0x7FFF_0000_0000)
            for index in 0..<sampleCount {
                let thread = min(generator.next(threads.count), generator.next(threads.count))
                let isKernel = generator.next(6) == 0
                writer.sample(
                    generator.stack(thread: thread), time: UInt64(index) * 1_000_000,
                    tid: UInt32(10 + thread),
                    isKernel: isKernel, weight: 1_001_001)
            }
            if sampleCount > 10 {
                let lost = UInt64(sampleCount / 60)
                writer.append(Lost(time: 5, cpu: 1, event: 0, count: lost, cause: .ring))
            }
        }
    }

    static let modules: [(path: String, functions: Int)] = [
        ("/usr/bin/orders-service", 900), ("/usr/lib/libc.so.6", 200),
        ("/usr/lib/libstdc++.so.6", 300), ("/usr/lib/libcrypto.so.3", 150),
        ("/usr/lib/libpq.so.5", 120), ("/usr/lib/libz.so.1", 30), ("//anon", 20),
    ]

    static let symbols: TestSymbols = {
        var symbols = TestSymbols()
        var generator = Generator(state: 7)
        for module in modules where module.path.hasPrefix("/usr") {
            for index in 1...UInt64(module.functions) {
                let name = generator.name(index)
                let frame = SourceFrame(
                    function: name, mangledName: "_Z\(index)", file: "src/part\(index % 40).cc",
                    line: UInt32(index))
                let inlined = SourceFrame(
                    function: generator.name(index + 7), file: "src/inline.h", line: 3,
                    isInlined: true)
                symbols.names[module.path, default: [:]][index] =
                    index % 9 == 0 ? [inlined, frame] : index % 23 == 0 ? [] : [frame]
            }
        }
        return symbols
    }()
}

/// A small generator of numbers that are the same on every run.
private struct Generator {
    var state: UInt64

    mutating func next(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % bound
    }

    /// Innermost first. What a function calls follows from the function, and each has a favourite,
    /// so that paths merge as a real program's do.
    mutating func stack(thread: Int) -> [UInt64] {
        let limit = 8 + next(20) + (next(60) == 0 ? 60 : 0)
        var addresses = [Self.address(module: 1, function: 3)]
        var module = 0
        var function = thread + 1
        while addresses.count < limit {
            addresses.append(Self.address(module: module, function: function))
            let choice = min(next(7), next(7), next(7), next(7))
            if next(40) == 0 { break }
            let mixed = Self.mixed(module &* 7919 &+ function &* 31 &+ choice)
            if addresses.count > 4, mixed % 4 == 0 {
                module = [0, 2, 1, 3, 4, 5, 6][mixed / 4 % 7]
            }
            function = mixed / 32 % ExampleReports.modules[module].functions + 1
        }
        return addresses.reversed()
    }

    private static func address(module: Int, function: Int) -> UInt64 {
        UInt64(module + 1) << 32 | UInt64(function) << 4 | 5
    }

    private static func mixed(_ number: Int) -> Int {
        Int(truncatingIfNeeded: (UInt64(number) &* 0x9E37_79B9_7F4A_7C15) >> 33)
    }

    mutating func name(_ index: UInt64) -> String {
        let verbs = ["parse", "encode", "compare", "lookup", "insert", "flush", "hash", "read"]
        let nouns = ["Order", "Customer", "Index", "Buffer", "Session", "Row", "Key", "Token"]
        let verb = verbs[next(verbs.count)]
        let noun = nouns[next(nouns.count)]
        switch next(4) {
        case 0: return "orders::\(noun)Store::\(verb)\(noun)(std::string_view, unsigned long)"
        case 1: return "specialized \(noun).\(verb)<A>(_: A) throws -> [\(noun)]"
        case 2: return "\(verb)_\(noun.lowercased())_\(index)"
        default: return "std::vector<\(noun), std::allocator<\(noun)>>::\(verb)_\(index)()"
        }
    }
}

import FoundationEssentials
import PprofProto
import Recording
import Testing

@testable import Reports

/// What every format has to say alike.
struct ReportTests {
    private static let symbols = TestSymbols.functions(["main", "work", "leaf"], in: "/bin/a")

    /// 7 samples of three stacks in two threads, 3 lost.
    private static func profile() throws -> Profile {
        let reader = try recording { writer in
            writer.appendSession()
            writer.name("a")
            writer.name("pool", tid: 11)
            writer.map("/bin/a", at: 0x1000)
            for _ in 0..<4 { writer.sample([0x1020, 0x1015]) }
            writer.sample([0x1030, 0x1025, 0x1015], tid: 11, weight: 3_000_000)
            writer.sample([0x1010], tid: 11, isKernel: true)
            writer.sample([0x1010], tid: 11, isKernel: true, weight: 0)
            writer.append(Lost(time: 1, cpu: 0, event: 0, count: 3, cause: .ring))
        }
        return Profile(reader, symbols)
    }

    @Test func `all formats agree on the number of samples and on their weight`() throws {
        let profile = try Self.profile()
        let folded = try profile.text(.folded).split(separator: "\n")
            .filter { !$0.hasPrefix("[lost]") }
            .compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
        #expect(folded.reduce(0, +) == 7)
        #expect(try profile.text(.table).contains(": 7 samples, 8.0 ms; 3 lost (30.0 %"))
        let message = try Pprof.message(of: profile)
        #expect(message.sample.reduce(0) { $0 + $1.value[0] } == 7)
        #expect(message.sample.reduce(0) { $0 + $1.value[1] } == 8_000_000)
        #expect(message.sample.reduce(0) { $0 + $1.value[2] } == 3)
        let page = try PageData(profile)
        let values = page.numbers(page.values)
        #expect(values.strided(from: 3, by: 5).reduce(0, +) == 7)
        #expect(values.strided(from: 4, by: 5).reduce(0, +) == 8_000_000)
    }

    @Test func `all formats say what was lost`() throws {
        let profile = try Self.profile()
        #expect(try profile.text(.folded).hasSuffix("[lost] 3\n"))
        #expect(try profile.text(.table).contains("3 lost (30.0 %: ring full 3)"))
        // Three of 1/999 s beside 8 ms.
        let row = try profile.text(.table).split(separator: "\n").last ?? ""
        #expect(row.split(separator: " ") == ["27.3", "%", "3.0", "ms", "[lost]"])
        let message = try Pprof.message(of: profile)
        #expect(
            message.comment.map { message.stringTable[Int($0)] }
                .contains("samples: 3 lost (30.0 %: ring full 3)"))
        #expect(try PageData(profile).losses == [.init(cause: "ring full", count: 3)])
        #expect(try PageData(profile).lostOfEvents == [.init(count: 3, weight: 3_003_003)])
    }

    @Test func `what one event lost is not another's`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            writer.append(
                event: EventDefinition(
                    index: 1, name: "page-faults", type: 1, config: 2, isFrequency: false,
                    periodOrFrequency: 10, unit: .count))
            writer.sample([0x1010])
            writer.sample([0x1010], event: 1, weight: 10)
            writer.append(Lost(time: 1, cpu: 0, event: 1, count: 4, cause: .samples))
            writer.append(Lost(time: 1, cpu: 0, event: 7, count: 2, cause: .ring))
        }
        let profile = Profile(reader)
        var options = ReportOptions()
        #expect(try profile.text(.folded, options: options).hasSuffix("[lost] 2\n"))
        options.event = 1
        #expect(try profile.text(.folded, options: options).hasSuffix("[lost] 4\n"))
        #expect(profile.lostWeight(ofEvent: 1) == 40)
        #expect(profile.losses.count == 6)
    }

    @Test func `pprof has the lost samples by cause below one root, as a value of their own`()
        throws
    {
        let message = try Pprof.message(of: try Self.profile())
        func text(_ index: Int64) -> String { message.stringTable[Int(index)] }
        #expect(message.sampleType.map { text($0.type) } == ["samples", "cpu", "lost"])
        let sample = try #require(message.sample.last)
        #expect(sample.value == [0, 0, 3])
        let names = sample.locationID.map { id in
            let location = message.location.first { $0.id == id }
            let function = message.function.first { $0.id == location?.line.first?.functionID }
            return text(function?.name ?? 0)
        }
        #expect(names == ["[ring full]", "[lost]"])
    }

    @Test func `every format says that the recording was cut`() throws {
        let whole = try recordingBytes { writer in
            writer.appendSession()
            for _ in 0..<9 { writer.sample([0x1010]) }
        }
        let profile = Profile(try RecordingReader(bytes: Array(whole.dropLast(20))))
        #expect(profile.session.isCut && profile.session.damage == nil)
        #expect((1..<9).contains(profile.sampleCount(ofEvent: 0)))
        for format in [ReportFormat.folded, .table, .flameGraph] {
            #expect(try profile.text(format).contains("was cut"))
        }
        let message = try Pprof.message(of: profile)
        #expect(message.comment.contains { message.stringTable[Int($0)].contains("was cut") })
    }

    @Test func `no format fails without a sample, and each says why there is none`() throws {
        let empty = try recording { $0.appendSession() }
        let profile = Profile(empty)
        let reason = "No samples: the program used no CPU time while it was recorded."
        #expect(try profile.text(.folded) == "")
        #expect(try profile.text(.table).contains(reason))
        #expect(try PageData(profile).explanation == reason)
        let message = try Pprof.message(of: profile)
        #expect(message.comment.map { message.stringTable[Int($0)] }.contains(reason))
    }

    @Test func `a recording without an event or a session is a report all the same`() throws {
        let profile = Profile(try recording { _ in })
        for format in ReportFormat.allCases where format != .recording {
            #expect(throws: Never.self) { try Report.render(profile, as: format) }
        }
    }

    @Test(arguments: [
        "</script><script>alert(1)</script>", "<!--<script>", "a\u{2028}b\u{2029}",
        "\u{0}\u{1B}[2J", "\"];alert(1)//", "\\u003c/script", "\u{202E}gnp.exe", "a\r\nb",
        "a;b;c 7", "{{data}}",
        String(repeating: "x", count: 100_000), "🏳️‍🌈 \u{10FFFF}", "", " ", "'&<>",
    ])
    func `a hostile name harms no format`(name: String) throws {
        let symbols = TestSymbols.functions([name], in: "/bin/" + name)
        let reader = try recording { writer in
            writer.appendSession(command: "/bin/" + name)
            writer.name(name)
            writer.map("/bin/" + name, at: 0x1000)
            writer.sample([0x1010])
        }
        let profile = Profile(reader, symbols)
        for format in [ReportFormat.folded, .table] {
            let text = try profile.text(format)
            #expect(!text.unicodeScalars.contains { $0 != "\n" && $0.properties.isHiddenControl })
        }
        // One line with one count, of a thread and one function.
        let folded = try profile.text(.folded)
        #expect(folded.filter { $0 == "\n" }.count == 1)
        #expect(folded.filter { $0 == ";" }.count == 1)
        #expect(folded.hasSuffix(" 1\n"))
        let html = try profile.text(.flameGraph)
        #expect(html.components(of: "</script>") == 2)
        #expect(html.components(of: "<script") == 2)
        let page = try PageData(profile)
        #expect(page.functions == [profile.functions[0].name])
        #expect(page.functions[0].utf8.count < 5_000)
        #expect(try Pprof.message(of: profile).sample.count == 1)
    }

    @Test(arguments: [
        ("cpu.html", ReportFormat.flameGraph), ("a.b.pb.gz", .pprof), ("x.FOLDED", .folded),
        ("t.txt", .table), ("r.recording", .recording),
    ])
    func `the file's name tells the format`(name: String, format: ReportFormat) throws {
        #expect(try ReportFormat(fileName: name) == format)
    }

    @Test(arguments: ["cpu", "cpu.svg", "", "html", "x.gz"])
    func `another name is refused with the names that are known`(name: String) throws {
        let error = try #require(throws: ReportError.self) { try ReportFormat(fileName: name) }
        #expect(error == .unknownEnding(fileName: name))
        for format in ReportFormat.allCases { #expect(error.description.contains(format.ending)) }
    }
}

/// The data in a flame graph's page.
struct PageData: Decodable {
    struct Loss: Decodable, Equatable {
        var cause: String
        var count: Int
    }

    struct EventLoss: Decodable, Equatable {
        var count: Int
        var weight: Int
    }

    var functions: [String]
    var threads: [String]
    var tree: String
    var values: String
    var losses: [Loss]
    var lostOfEvents: [EventLoss]
    var explanation: String?

    init(_ profile: Profile) throws {
        let html = try profile.text(.flameGraph)
        let tag = "<script type=\"application/json\" id=\"data\">"
        let rest = html[try #require(html.firstRange(of: tag)).upperBound...]
        let end = try #require(rest.firstRange(of: "</script>"))
        let json = rest[..<end.lowerBound]
        #expect(json.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "<") })
        self = try JSONDecoder().decode(PageData.self, from: Data(json.utf8))
    }

    /// The reading side of `NumberText`.
    func numbers(_ text: String) -> [UInt64] {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var result: [UInt64] = []
        var number: UInt64 = 0
        var shift: UInt64 = 0
        for digit in text.utf8.compactMap({ alphabet.firstIndex(of: $0) }) {
            number |= UInt64(digit & 31) << shift
            shift += 5
            if digit < 32 {
                result.append(number)
                (number, shift) = (0, 0)
            }
        }
        return result
    }
}

extension Unicode.Scalar.Properties {
    var isHiddenControl: Bool {
        [.control, .format, .lineSeparator, .paragraphSeparator].contains(generalCategory)
    }
}

extension String {
    func components(of separator: String) -> Int { ranges(of: separator).count }
}

extension Array {
    func strided(from start: Int, by step: Int) -> [Element] {
        Swift.stride(from: start, to: count, by: step).map { self[$0] }
    }
}

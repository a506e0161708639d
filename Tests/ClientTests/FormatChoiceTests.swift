import Reports
import Testing

@testable import Client

struct FormatChoiceTests {
    struct Choice: Sendable {
        let word: String?
        let output: String?
        let format: ReportFormat
    }

    @Test(arguments: [
        Choice(word: nil, output: nil, format: .table),
        Choice(word: nil, output: "-", format: .table),
        Choice(word: nil, output: "cpu.html", format: .flameGraph),
        Choice(word: nil, output: "/tmp/a.b/CPU.PB.GZ", format: .pprof),
        Choice(word: nil, output: "now.folded", format: .folded),
        Choice(word: nil, output: "x.txt", format: .table),
        Choice(word: nil, output: "x.recording", format: .recording),
        Choice(word: "folded", output: "x.html", format: .folded),
        Choice(word: "pprof", output: "profile", format: .pprof),
        Choice(word: "html", output: nil, format: .flameGraph),
    ])
    func `the option overrules the name, and the name the default`(choice: Choice) throws {
        let format = try reportFormat(
            word: choice.word, output: choice.output, standardOutputIsTerminal: false)
        #expect(format == choice.format)
    }

    @Test(arguments: ["cpu", "cpu.svg", "cpu.pb", "cpu.gz", "html", ""])
    func `a name that tells no format is refused with those that do`(name: String) {
        let error = #expect(throws: ClientError.self) {
            try reportFormat(word: nil, output: name, standardOutputIsTerminal: false)
        }
        #expect(error?.status == .usage)
        #expect(error?.description.contains(".folded") == true)
    }

    @Test func `an unknown word is refused with those that are known`() {
        let error = #expect(throws: ClientError.self) {
            try reportFormat(word: "svg", output: "x.html", standardOutputIsTerminal: false)
        }
        #expect(error?.description.contains("pprof") == true)
    }

    @Test(arguments: ["pprof", "recording"])
    func `bytes do not go to a terminal`(word: String) throws {
        for output in [nil, "-"] {
            #expect(throws: ClientError.self) {
                try reportFormat(word: word, output: output, standardOutputIsTerminal: true)
            }
        }
        #expect(throws: Never.self) {
            try reportFormat(word: word, output: "file", standardOutputIsTerminal: true)
        }
    }

    @Test func `every format has a word of its own`() {
        #expect(Set(ReportFormat.allCases.map(\.word)).count == ReportFormat.allCases.count)
    }
}

import Glibc
import PprofProto
import Recording
import SwiftProtobuf
import Symbols
import Testing

@testable import Reports

extension Pprof {
    /// The message without its compression.
    static func message(of profile: Profile) throws -> Pprof_Profile {
        var encoder = PprofEncoder(profile)
        let message = encoder.encode()
        // As it was: what is written can be read.
        return try Pprof_Profile(serializedBytes: message.serializedBytes() as [UInt8])
    }
}

struct PprofTests {
    private func profile() throws -> Profile {
        var symbols = TestSymbols.functions(["main"], in: "/bin/a")
        symbols.names["/bin/a"]?[2] = [
            SourceFrame(function: "inlined", file: "a.h", line: 3, isInlined: true),
            SourceFrame(function: "outer()", mangledName: "_Z5outerv", file: "a.cc", line: 9),
        ]
        let reader = try recording { writer in
            writer.appendSession()
            writer.name("worker", tid: 12)
            writer.map("/bin/a", at: 0x5000, offset: 0x10, buildID: [0xAB, 0x01])
            writer.sample([0x5012, 0x5005], tid: 12, isKernel: true)
        }
        return Profile(reader, symbols)
    }

    @Test func `a sample has its stack innermost first, with addresses, lines and names`() throws {
        let message = try Pprof.message(of: try profile())
        func text(_ index: Int64) -> String { message.stringTable[Int(index)] }
        func location(_ id: UInt64) -> Pprof_Location {
            message.location.first { $0.id == id } ?? Pprof_Location()
        }
        let sample = try #require(message.sample.first)
        let locations = sample.locationID.map(location)
        #expect(locations.map(\.address) == [0, 0x5012, 0x5004])
        let functions = locations.map { location in
            location.line.map { line in
                let function = message.function.first { $0.id == line.functionID }
                guard let function else { return "" }
                let names = text(function.name) + " " + text(function.systemName)
                return "\(names) \(text(function.filename)):\(line.line)"
            }
        }
        #expect(
            functions == [
                ["[kernel] [kernel] :0"], ["inlined inlined a.h:3", "outer() _Z5outerv a.cc:9"],
                ["main main :0"],
            ])
    }

    @Test func `the values, the mapping, the labels and the times are the recording's`() throws {
        let message = try Pprof.message(of: try profile())
        func text(_ index: Int64) -> String { message.stringTable[Int(index)] }
        #expect(
            message.sampleType.map { "\(text($0.type))/\(text($0.unit))" } == [
                "samples/count", "cpu/nanoseconds",
            ])
        #expect(message.period == 1_001_001)
        #expect(message.timeNanos == 1_700_000_000_000_000_000)
        #expect(message.durationNanos == 10_000_000_000)
        #expect(message.stringTable.first == "")
        let mapping = try #require(message.mapping.first)
        #expect(mapping.memoryStart == 0x5000 && mapping.memoryLimit == 0x6000)
        #expect(mapping.fileOffset == 0x10 && text(mapping.buildID) == "ab01")
        let labels = try #require(message.sample.first).label
        #expect(
            labels.map { "\(text($0.key)) \(text($0.str))\($0.num)" } == [
                "thread worker0", "tid 12", "pid 10", "mode kernel0",
            ])
    }

    @Test func `every event is a value of its own`() throws {
        let reader = try recording { writer in
            writer.appendSession()
            writer.append(
                event: EventDefinition(
                    index: 1, name: "cache-misses", type: 0, config: 3, isFrequency: false,
                    periodOrFrequency: 1_000, unit: .count))
            writer.sample([1])
            writer.sample([1], event: 1, weight: 1_000)
        }
        let message = try Pprof.message(of: Profile(reader))
        #expect(message.sample.map(\.value) == [[1, 1_000_000, 0], [1, 0, 1_000]])
    }

    private static let hasGo = access("/usr/bin/go", X_OK) == 0

    @Test(.enabled(if: hasGo, "go is not installed"))
    func `go tool pprof reads it`() throws {
        let bytes = try Report.render(try profile(), as: .pprof)
        var template = Array("/tmp/reports-pprof-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer { unlink(path) }
        #expect(write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
        let command = "PPROF_TMPDIR=/tmp go tool pprof -top -sample_index=samples \(path) 2>&1"
        let pipe = try #require(popen(command, "r"))
        var output: [UInt8] = []
        while case let byte = fgetc(pipe), byte != EOF { output.append(UInt8(byte)) }
        #expect(pclose(pipe) == 0)
        let text = String(decoding: output, as: UTF8.self)
        #expect(text.contains("of 1 total"), "\(text)")
        for name in ["[kernel]", "outer", "inlined", "main"] { #expect(text.contains(name)) }
    }
}

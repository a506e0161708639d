import Testing

@testable import Recording

/// The format does not change under a version: these are the bytes of docs/recording-format.md.
struct FormatTests {
    @Test func `the documented example is what the writer writes`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        writer.append(event: .cpuClock)
        writer.appendSample(
            time: 1000, pid: 500, tid: 500, cpu: 0, event: 0, weight: 1_000_000,
            isKernelMode: false, callchain: ([0x1010, 0x1000] as [UInt64]).span)
        try writer.commit()
        let event: [UInt8] =
            [0x02, 0x1c, 0x00, 0x09] + Array("cpu-clock".utf8)
            + [0x01, 0x00, 0x01, 0xe7, 0x07, 0x0b] + Array("nanoseconds".utf8)
        let thread: [UInt8] = [0x04, 0x05, 0x00, 0xf4, 0x03, 0xf4, 0x03]
        let stack: [UInt8] = [0x03, 0x05, 0x00, 0x02, 0x80, 0x40, 0x20]
        let sample: [UInt8] = [0x8c, 0xd0, 0x0f, 0xc0, 0x84, 0x3d, 0x02]
        let entries = event + thread + stack + sample
        let bytes = try scratch.bytes()
        #expect(Array(bytes[4096..<4096 + entries.count]) == entries)
        #expect(bytes[(4096 + entries.count)...].allSatisfy { $0 == 0 })

        let header = Array("PROFREC\n".utf8) + [1, 0, 0, 0, 0, 0x10, 0, 0]
        let committed = UInt64(4096 + entries.count)
        #expect(Array(bytes[0..<16]) == header)
        #expect(bytes[16..<24].reversed().reduce(0) { $0 << 8 | UInt64($1) } == committed)
        #expect((bytes[24..<128] + bytes[208..<256] + bytes[336..<4096]).allSatisfy { $0 == 0 })
    }

    @Test func `a sealed recording says so at byte 24 and ends at its commit point`() throws {
        let scratch = try ScratchDirectory()
        var writer = try scratch.writer()
        try writer.seal(at: 5, reason: .stopped)
        let bytes = try scratch.bytes()
        #expect(Array(bytes[24..<32]) == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(bytes[4096...]) == [13, 4, 5, 1, 0, 0])
    }
}

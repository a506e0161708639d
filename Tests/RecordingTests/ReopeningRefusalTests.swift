import Glibc
import LinuxSystem
import Testing

@testable import Recording

struct ReopeningRefusalTests {
    private func isRefused(_ scratch: ScratchDirectory, of session: String = "s") throws -> Bool {
        let before = try scratch.bytes()
        do {
            _ = try scratch.continuing(of: session)
            return false
        } catch is RecordingContinuationError {
            #expect(try scratch.bytes() == before)
            return true
        }
    }

    @Test func `another session's recording is refused`() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.begin()
        #expect(try isRefused(scratch, of: "t"))
    }

    @Test func `one that was cut is refused at any length`() throws {
        let scratch = try ScratchDirectory()
        let writer = try scratch.begin()
        let end = writer.committedBytes
        _ = consume writer
        for size in [0, 7, 8, 28, 4095, 4096, 4097, end - 1].reversed() {
            try #require(truncate(scratch.path + "/a.recording", off_t(size)) == 0)
            #expect(try isRefused(scratch), "\(size) bytes")
        }
    }

    @Test(arguments: [
        (0, [UInt8(0)]), (8, [9]), (16, [0xff, 0xff]), (24, [7]),
        // Both places: another commit, and numbers that no recording of this size can have.
        (128, [1, 0]), (136, [0xff, 0xff, 0xff, 0xff]), (140, [0xff, 0xff, 0xff, 0x7f]),
        (144, [0xff, 0xff, 0xff]), (184, [0xff, 0xff, 0xff]), (160, [0xff, 0xff, 0, 1]),
    ])
    func `a header that nobody wrote is refused`(offset: Int, bytes: [UInt8]) throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.begin()
        try scratch.overwrite(bytes, at: offset)
        #expect(try isRefused(scratch))
    }

    @Test func `what is no file is refused and does not block`() throws {
        let scratch = try ScratchDirectory()
        _ = try scratch.begin()
        let path = scratch.path + "/a.recording"
        try #require(rename(path, scratch.path + "/b.recording") == 0)
        #expect(throws: RecordingContinuationError.self) { _ = try scratch.continuing() }
        try #require(symlink("b.recording", path) == 0)
        #expect(throws: RecordingContinuationError.self) { _ = try scratch.continuing() }
        unlink(path)
        try #require(mkfifo(path, 0o600) == 0)
        #expect(throws: RecordingContinuationError.self) { _ = try scratch.continuing() }
    }
}

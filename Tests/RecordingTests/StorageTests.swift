import Glibc
import LinuxSystem
import Testing

@testable import Recording

/// A tmpfs of 256 KiB, mounted while this lives.
private final class SmallFileSystem {
    let scratch: ScratchDirectory

    /// nil where this process may not mount.
    init?() {
        guard let scratch = try? ScratchDirectory(),
            mount("profilerd-test", scratch.path, "tmpfs", 0, "size=256k,mode=700") == 0
        else { return nil }
        self.scratch = scratch
    }

    deinit { umount2(scratch.path, Int32(MNT_DETACH)) }

    static let isPossible = SmallFileSystem() != nil
}

/// Appends and commits until that fails; how many samples were committed, and the error.
private func fill(
    _ writer: inout RecordingWriter
) -> (samples: UInt64, error: RecordingWriterError) {
    var samples: UInt64 = 0
    while true {
        for index in 0..<64 as Range<UInt64> {
            writer.appendSample(time: samples, [samples << 10 | index << 2, 0x1000])
        }
        do throws(RecordingWriterError) { try writer.commit() } catch { return (samples, error) }
        samples += 64
    }
}

struct StorageTests {
    @Test(
        .enabled(
            if: SmallFileSystem.isPossible, "needs CAP_SYS_ADMIN to mount a small tmpfs"))
    func `a full file system is an error, and the recording is sealed`() throws {
        let small = try #require(SmallFileSystem())
        var writer = try small.scratch.writer()
        writer.append(event: .cpuClock)
        let (samples, error) = fill(&writer)
        #expect(error == .outOfSpace(SystemCallError("posix_fallocate", .noSpace)))
        // The last blocks were used, though a whole step did not fit.
        #expect(writer.committedBytes > 230 << 10)
        try writer.seal(at: 1, reason: error.endReason)
        var reader = try small.scratch.reader()
        let entries = try reader.readAll()
        #expect(
            entries.last
                == .end(End(time: 1, reason: .storageFull, samples: samples, lost: 64)))
        #expect(reader.isSealed)
    }

    @Test(
        .enabled(
            if: SmallFileSystem.isPossible, "needs CAP_SYS_ADMIN to mount a small tmpfs"))
    func `a recording that finds no room at all is not created`() throws {
        let small = try #require(SmallFileSystem())
        var writer = try small.scratch.writer()
        writer.append(event: .cpuClock)
        _ = fill(&writer)
        #expect(
            throws: RecordingWriterError.outOfSpace(
                SystemCallError("posix_fallocate", .noSpace))
        ) {
            _ = try small.scratch.writer("b.recording")
        }
        #expect(throws: SystemCallError("openat", .noSuchFileOrDirectory, on: "b.recording")) {
            _ = try small.scratch.reader("b.recording")
        }
    }

    @Test(
        .enabled(
            if: SmallFileSystem.isPossible, "needs CAP_SYS_ADMIN to mount a small tmpfs"))
    func `a recording whose writer died on a full file system can be sealed`() throws {
        let small = try #require(SmallFileSystem())
        // What is left is no multiple of what a writer reserves.
        _ = try small.scratch.writer("b.recording", limits: .init(bytes: 20 << 10))
        var writer = try small.scratch.writer()
        writer.append(session: [SessionFact(SessionKey.session, "s")])
        writer.append(event: .cpuClock)
        let (samples, _) = fill(&writer)
        _ = consume writer
        let directory = try OwnedDescriptor.openDirectory(small.scratch.path)
        var next = try RecordingWriter(continuing: "a.recording", of: "s", in: directory)
        #expect(fill(&next).error == .outOfSpace(SystemCallError("posix_fallocate", .noSpace)))
        try next.seal(at: 1, reason: .storageFull)
        var reader = try small.scratch.reader()
        _ = try reader.readAll()
        #expect(reader.isSealed && reader.isConsistent && reader.sampleCount >= samples)
    }

    @Test(
        .enabled(
            if: SmallFileSystem.isPossible, "needs CAP_SYS_ADMIN to mount a small tmpfs"))
    func `a file system without room for the header is an error and not a signal`() throws {
        let small = try #require(SmallFileSystem())
        // One page less than the first reservation is left.
        let filler = Glibc.open(small.scratch.path + "/filler", O_CREAT | O_RDWR, 0o600)
        defer { close(filler) }
        let room = RecordingFile.firstReservation - RecordingHeader.size
        #expect(posix_fallocate(filler, 0, off_t((256 << 10) - room)) == 0)
        #expect(throws: RecordingWriterError.self) { _ = try small.scratch.writer() }
        unlink(small.scratch.path + "/filler")
    }

    @Test func `RLIMIT_FSIZE is an error and not a signal`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 150_000, rlim_max: 150_000)
            try #require(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let scratch = try ScratchDirectory()
            var writer = try scratch.writer()
            writer.append(event: .cpuClock)
            let (samples, error) = fill(&writer)
            #expect(error == .outOfSpace(SystemCallError("posix_fallocate", .fileTooLarge)))
            #expect(writer.committedBytes > 140_000)
            try writer.seal(at: 1, reason: .stopped)
            var reader = try scratch.reader()
            #expect(
                try reader.readAll().last
                    == .end(End(time: 1, reason: .storageFull, samples: samples, lost: 64)))
        }
    }
}

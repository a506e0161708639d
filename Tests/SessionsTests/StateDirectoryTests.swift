import ControlProtocol
import Glibc
import LinuxSystem
import Recording
import SystemPackage
import TestSupport
import Testing

@testable import Sessions

struct StateDirectoryTests {
    private let path = temporaryDirectory()

    private func directory() throws -> StateDirectory {
        StateDirectory(try OwnedDescriptor.openDirectory(path))
    }

    private func make(_ name: String, modified: Int) {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT, 0o600)
        _ = write(file, "x", 1)
        let time = timespec(tv_sec: modified, tv_nsec: 7)
        futimens(file, [time, time])
        close(file)
    }

    @Test func `recordings are listed the oldest first, and nothing else is`() throws {
        make("b.recording", modified: 200)
        make("a.recording", modified: 300)
        make("c.recording", modified: 100)
        make("other", modified: 1)
        mkdir("\(path)/d.recording", 0o700)
        symlink("a.recording", "\(path)/e.recording")
        let files = try directory().files()
        #expect(files.map(\.name) == ["c.recording", "b.recording", "a.recording"])
        #expect(files[0].modified == 100_000_000_007 && files[0].bytes > 0)
    }

    @Test func `a file that somebody has locked, or that cannot be opened, is in use`() throws {
        make("a.recording", modified: 100)
        let directory = try directory()
        let file = try #require(try directory.files().first)
        #expect(!directory.isInUse(file))
        let held = try OwnedDescriptor.openFile(named: file.name, in: directory.descriptor)
        #expect(try held.tryLock())
        #expect(directory.isInUse(file))
        let copy = try held.duplicate()
        _ = consume held
        // Whoever has a duplicate uses it as well.
        #expect(directory.isInUse(file))
        _ = consume copy
        #expect(!directory.isInUse(file))
        try directory.remove(file.name)
        #expect(directory.isInUse(file))
    }

    @Test(
        arguments: [
            (ENOSPC, "ENOSPC", "file system of"), (EDQUOT, "EDQUOT", "quota"),
            (EFBIG, "RLIMIT_FSIZE", "LimitFSIZE="),
        ])
    func `each kind of no room is named, with what to do`(
        number: CInt, name: String, part: String
    ) throws {
        let error = RecordingWriterError.outOfSpace(
            SystemCallError("posix_fallocate", Errno(rawValue: number)))
        let limit = try #require(try directory().limit(behind: error))
        #expect(limit.name == name && limit.endReason == .storageFull)
        #expect(limit.sentence.contains(name) && limit.sentence.contains(part), "\(limit)")
        #expect(limit.sentence.hasSuffix("."))
        if name == "ENOSPC" {
            let size = try #require(limit.value)
            #expect(limit.sentence.contains("\(size) bytes") && limit.sentence.contains(path))
        }
    }

    @Test func `the recording's own limit and the descriptors' are named, other errors are not`()
        throws
    {
        let directory = try directory()
        let size = directory.limit(behind: .limitReached(bytes: 4711))
        #expect(size?.name == "recording-size" && size?.endReason == .sizeLimit)
        #expect(size?.sentence.contains("4711 bytes") == true)
        let files = directory.limit(behind: .system(SystemCallError("openat", .tooManyOpenFiles)))
        #expect(files?.name == "RLIMIT_NOFILE")
        #expect(files?.sentence.contains("\(DescriptorLimit.current)") == true)
        #expect(directory.limit(behind: .system(SystemCallError("openat", .ioError))) == nil)
    }
}

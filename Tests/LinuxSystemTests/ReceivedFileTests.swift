import CLinux
import Glibc
import TestSupport
import Testing

@testable import LinuxSystem

struct ReceivedFileTests {
    private func opened(_ path: String, _ flags: CInt) -> OwnedDescriptor {
        OwnedDescriptor(adopting: open(path, flags | O_CLOEXEC))
    }

    @Test func `a regular file that was opened for reading is one to read`() throws {
        #expect(try opened("/etc/passwd", O_RDONLY).receivedFileDefect() == nil)
        #expect(try opened("/etc/passwd", O_RDONLY | O_NONBLOCK).receivedFileDefect() == nil)
    }

    @Test func `what is opened otherwise is not`() throws {
        let path = "\(temporaryDirectory())/file"
        close(open(path, O_WRONLY | O_CREAT, 0o600))
        #expect(try opened(path, O_RDWR).receivedFileDefect() == .notReadOnly)
        #expect(try opened(path, O_WRONLY).receivedFileDefect() == .notReadOnly)
        #expect(try opened(path, pathOnly).receivedFileDefect() == .notReadOnly)
        #expect(try opened(path, O_RDONLY).receivedFileDefect() == nil)
    }

    @Test(arguments: ["/dev/null", "/dev/tty0", "/etc", "/proc/self/ns/pid"])
    func `what is no regular file is none`(path: String) throws {
        guard access(path, R_OK) == 0 else { return }
        // /proc/self/ns/pid is a regular file of nsfs, whose content cannot be read.
        let isFile = path.hasPrefix("/proc")
        #expect(try opened(path, O_RDONLY).receivedFileDefect() == (isFile ? nil : .notRegular))
    }

    @Test func `a pipe and a socket are none`() throws {
        let pipe = try Pipe()
        #expect(try pipe.reader.receivedFileDefect() == .notRegular)
        #expect(try UnixSocket().descriptor.receivedFileDefect() != nil)
        #expect(try pidfd(of: getpid()).receivedFileDefect() != nil)
    }

    @Test func `memory is to be sealed`() throws {
        let memory = memoryFile(named: "recording", isSealable: true)
        let reading = try memory.reopenedForReading()
        #expect(try reading.receivedFileDefect() == .unsealed)
        // F_ADD_SEALS: write, grow, shrink.
        #expect(clinux_fcntl(memory.rawValue, 1033, 8 | 4) == 0)
        #expect(try reading.receivedFileDefect() == .unsealed)
        #expect(clinux_fcntl(memory.rawValue, 1033, 2) == 0)
        #expect(try reading.receivedFileDefect() == nil)
        #expect(try memory.receivedFileDefect() == .notReadOnly)
    }
}

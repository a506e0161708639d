import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import SocketCredentials

struct OwnIdentityTests {
    @Test func `this process is who the kernel says`() {
        let current = Credentials.current
        #expect(current.source == .process)
        #expect(current.pid == getpid())
        #expect(current.uid == getuid() && current.euid == geteuid())
        #expect(current.gid == getgid() && current.egid == getegid())
        var groups = [gid_t](repeating: 0, count: 65536)
        let count = Int(getgroups(CInt(groups.count), &groups))
        #expect(current.groups == Array(groups.prefix(count)))
    }

    @Test(.enabled(if: isRoot, "becoming another user needs root"))
    func `it is the calling thread's identity`() {
        #expect(
            asUser(61001) {
                let current = Credentials.current
                return current.uid == 61001 && current.egid == 61001 && current.groups == []
            })
    }

    @Test func `the overflow ids are the kernel's`() throws {
        func number(_ name: String) throws -> UInt32 {
            let file = try FileDescriptor.open(FilePath("/proc/sys/kernel/\(name)"), .readOnly)
            defer { try? file.close() }
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
            let text = String(decoding: bytes.prefix(count), as: UTF8.self)
            return try #require(UInt32(text.dropLast()))
        }
        #expect(OverflowIDs.current.uid == (try number("overflowuid")))
        #expect(OverflowIDs.current.gid == (try number("overflowgid")))
    }

    @Test func `a claim of oneself is the real ids`() {
        #expect(Claim.own == Claim(pid: getpid(), uid: getuid(), gid: getgid()))
    }

    @Test func `a file descriptor can be adopted, lent and given back`() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptors()
            let file = try FileDescriptor.open(FilePath("/dev/null"), .readWrite)
            do {
                let owner = OwnedDescriptor(adopting: file)
                demandEqual(owner.fileDescriptor, file)
                demandEqual(owner.releaseFileDescriptor(), file)
            }
            demandEqual(openDescriptors(), before + 1)
            _ = OwnedDescriptor(adopting: file)
            demandEqual(openDescriptors(), before)
        }
    }
}

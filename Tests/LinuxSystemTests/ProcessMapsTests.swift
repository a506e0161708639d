import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import LinuxSystem

private func opened(_ path: String, _ flags: CInt = O_RDONLY) -> OwnedDescriptor {
    OwnedDescriptor(adopting: open(path, flags | O_CLOEXEC, 0o600))
}

private func isMaps(_ path: String, _ flags: CInt = O_RDONLY) -> Bool {
    ProcessMaps.isMaps(opened(path, flags))
}

private func buildID(_ path: String, at address: UInt64) -> [UInt8]? {
    ProcessMaps.buildID(of: opened(path), at: address)
}

struct ProcessMapsTests {
    @Test func `a process's maps are known by their kind`() {
        #expect(isMaps("/proc/self/maps"))
        #expect(isMaps("/proc/1/maps", pathOnly))
    }

    @Test(arguments: [
        "/dev/null", "/proc/self/smaps", "/proc/self/status", "/proc/self/environ", "/", "/proc",
        "/proc/self/exe",
    ])
    func `other files are not`(path: String) {
        #expect(!isMaps(path))
    }

    @Test func `a file of that name elsewhere is not`() {
        let path = temporaryDirectory() + "/maps"
        #expect(!isMaps(path, O_CREAT | O_RDWR))
        let isTaken = ProcessMaps.isMaps(memoryFile(named: "/proc/1/maps"))
        #expect(!isTaken)
    }

    @Test func `the text is whole lines from the beginning, however often it is read`() throws {
        let maps = opened("/proc/self/maps")
        for _ in 0..<2 {
            let text = String(decoding: try ProcessMaps.text(of: maps), as: UTF8.self)
            #expect(text.hasSuffix("\n"))
            #expect(text.contains("libc.so"))
        }
    }

    @Test func `a descriptor that cannot be read is an error`() {
        #expect(throws: SystemCallError("pread", .badFileDescriptor, on: "/proc/PID/maps")) {
            try ProcessMaps.text(of: opened("/proc/self/maps", pathOnly))
        }
    }

    @Test func `an address without a mapping has no build ID`() {
        #expect(buildID("/proc/self/maps", at: .max) == nil)
        #expect(buildID("/dev/null", at: 0) == nil)
    }
}

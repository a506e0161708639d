import Glibc
import LinuxSystem
import TestSupport
import Testing

@Suite struct SealedMemoryTests {
    @Test(arguments: [0, 1, 4096, 300_000])
    func `what was written is what is read`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let memory = try SealedMemory.containing(bytes, name: "test")
        let isMemory = SealedMemory.isMemory(memory)
        #expect(isMemory)
        #expect(try SealedMemory.contents(of: memory, limit: count) == bytes)
    }

    @Test func `nobody can change it`() throws {
        let memory = try SealedMemory.containing([1, 2, 3], name: "test")
        let number = memory.fileDescriptor.rawValue
        #expect(pwrite(number, [9], 1, 0) == -1 && errno == EPERM)
        #expect(ftruncate(number, 0) == -1 && ftruncate(number, 10) == -1)
        #expect(mmap(nil, 3, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0) == MAP_FAILED)
        #expect(try SealedMemory.contents(of: memory, limit: 3) == [1, 2, 3])
    }

    @Test func `longer memory than allowed is refused`() throws {
        let memory = try SealedMemory.containing([1, 2, 3], name: "test")
        #expect(throws: SealedMemoryError.tooLong(bytes: 3, limit: 2)) {
            try SealedMemory.contents(of: memory, limit: 2)
        }
    }

    @Test func `memory that can still be changed, and other files, are refused`() throws {
        let unsealed = memoryFile(named: "test", isSealable: true)
        #expect(throws: SealedMemoryError.unsealed) {
            try SealedMemory.contents(of: unsealed, limit: 10)
        }
        let file = OwnedDescriptor(adopting: .init(rawValue: open("/proc/self/status", O_RDONLY)))
        #expect(throws: SealedMemoryError.self) {
            try SealedMemory.contents(of: file, limit: 10)
        }
        let pair = try UnixSocket.pair()
        #expect(throws: SealedMemoryError.self) {
            try SealedMemory.contents(of: pair.first.descriptor, limit: 10)
        }
    }
}

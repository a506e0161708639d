import Testing

@testable import SocketCredentials

struct AncillaryDataTests {
    /// A header as the kernel writes it, with any length.
    private func header(length: UInt64, level: UInt32 = 1, type: UInt32 = 2) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: length >> ($0 * 8)) }
            + (0..<4).map { UInt8(truncatingIfNeeded: level >> ($0 * 8)) }
            + (0..<4).map { UInt8(truncatingIfNeeded: type >> ($0 * 8)) }
    }

    @Test func `credentials have the kernel's layout`() {
        let item = AncillaryData.credentials(pid: 0x0102_0304, uid: 0xf1f2_f3f4, gid: 7)
        #expect(item.bytes == [4, 3, 2, 1, 0xf4, 0xf3, 0xf2, 0xf1, 7, 0, 0, 0])
        #expect(
            AncillaryData.controlBuffer(of: [item])
                == header(length: 28) + item.bytes + [0, 0, 0, 0])
    }

    @Test(arguments: [0, 1, 65534, 2_147_483_647, 2_147_483_648, 4_000_000_000, .max])
    func `a uid comes back as it was`(uid: UInt32) throws {
        let item = AncillaryData.credentials(pid: 1, uid: uid, gid: uid)
        #expect(
            try item.credentials == Credentials(source: .scmCredentials, pid: 1, uid: uid, gid: uid)
        )
    }

    @Test(arguments: Array(0...40))
    func `credentials of another length than 12 are malformed`(length: Int) throws {
        let bytes = Array(repeating: UInt8(0), count: length)
        let item = AncillaryData(level: 1, type: 2, bytes: bytes)
        guard length != 12 else {
            #expect(try item.credentials != nil)
            return
        }
        let malformation = Malformation.length(found: length, expected: 12)
        #expect(throws: CredentialsError.malformed(.scmCredentials, malformation)) {
            try item.credentials
        }
    }

    @Test(arguments: [(0, 2), (1, 1), (1, 3), (1, 4), (41, 2), (-1, 2)] as [(Int32, Int32)])
    func `another level or type is no credentials`(level: Int32, type: Int32) throws {
        let item = AncillaryData(level: level, type: type, bytes: Array(repeating: 0, count: 12))
        #expect(try item.credentials == nil)
        #expect((item.rights == nil) == (type != 1))
    }

    @Test(arguments: Array(0...28))
    func `a buffer that the kernel cut short gives no identity`(count: Int) {
        // The kernel shortens cmsg_len to what fits: at 20 bytes pid is there, at 24 uid too.
        let full = AncillaryData.controlBuffer(of: [.credentials(pid: 5, uid: 6, gid: 7)])
        let cut = header(length: UInt64(max(count, 16))) + full[16...]
        let items = AncillaryData.items(in: Array(cut.prefix(max(count, 16))))
        #expect(items.count == 1)
        #expect(((try? items.first?.credentials) != nil) == (count == 28))
        // And where the length was left as it was, nothing is read at all.
        #expect(AncillaryData.items(in: Array(full.prefix(count))).isEmpty == (count < 28))
    }

    @Test(arguments: [0, 1, 7, 15, 33, 48, 1 << 31, 1 << 32, 1 << 63, .max] as [UInt64])
    func `a length outside the item's bounds ends the walk`(length: UInt64) {
        let good = AncillaryData.controlBuffer(of: [.rights([3])])
        let bad = header(length: length) + Array(repeating: 0, count: 16)
        #expect(AncillaryData.items(in: bad).isEmpty)
        #expect(AncillaryData.items(in: good + bad).count == 1)
        #expect(AncillaryData.items(in: bad + good).isEmpty || length == 33 || length == 48)
    }

    @Test func `every cut of a buffer of three items gives only whole items`() {
        let items = [
            AncillaryData.credentials(pid: 1, uid: 2, gid: 3), .rights([4, 5, 6]),
            AncillaryData(level: 1, type: 4, bytes: [7, 0, 0, 0]),
        ]
        let buffer = AncillaryData.controlBuffer(of: items)
        for count in 0...buffer.count {
            let found = AncillaryData.items(in: Array(buffer.prefix(count)))
            #expect(found == Array(items.prefix(found.count)))
        }
        #expect(AncillaryData.items(in: buffer) == items)
    }

    @Test(arguments: [0, 1, 3, 4, 5, 7, 8, 253 * 4, 253 * 4 + 3])
    func `rights are the whole slots`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let item = AncillaryData(level: 1, type: 1, bytes: bytes)
        #expect(item.rights?.count == count / 4)
        #expect(try item.credentials == nil)
    }

    @Test func `a negative slot is an errno and stays negative`() {
        #expect(AncillaryData.rights([-24, 3]).rights == [-24, 3])
        let pidfd = AncillaryData(level: 1, type: 4, bytes: [0xe8, 0xff, 0xff, 0xff])
        #expect(pidfd.processDescriptor == -24)
        #expect(AncillaryData(level: 1, type: 4, bytes: [1, 0, 0]).processDescriptor == nil)
    }

    @Test func `a security label is as the module wrote it`() {
        let label = Array("unconfined\0".utf8)
        let item = AncillaryData(level: 1, type: 3, bytes: label, on: .linux)
        #expect(item.securityLabel == label)
        #expect(item.rights == nil && item.processDescriptor == nil)
        #expect(AncillaryData(level: 1, type: 4, bytes: label, on: .linux).securityLabel == nil)
        #expect(AncillaryData(level: 1, type: 3, bytes: label, on: .macOS).securityLabel == nil)
    }

    @Test(arguments: [0, -1, .max] as [Int32])
    func `an int of any item comes back as it was`(value: Int32) {
        #expect(AncillaryData.int(value, level: 41, type: 50).int == value)
        #expect(AncillaryData(level: 41, type: 50, bytes: [1, 2, 3]).int == nil)
    }

    @Test func `space rounds up to eight`() {
        #expect([0, 1, 4, 8, 12].map { AncillaryData.space(for: $0) } == [16, 24, 24, 24, 32])
    }
}

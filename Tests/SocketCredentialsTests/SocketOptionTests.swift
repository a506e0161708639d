import Testing

@testable import SocketCredentials

struct SocketOptionTests {
    private func option(_ name: Int32, _ bytes: [UInt8]) -> SocketOption {
        SocketOption(level: 1, name: name, bytes: bytes, on: .linux)
    }

    @Test func `a socket without a peer has credentials of nobody`() throws {
        let option = option(SocketOption.peerCredentials, native([0, .max, .max]))
        let credentials = try #require(try option.credentials)
        #expect(
            credentials == Credentials(source: .peerCredentials, pid: 0, euid: .max, egid: .max))
        #expect(credentials.defect() == .noPeer)
    }

    @Test(arguments: 0...20)
    func `SO_PEERCRED of another length than 12 is malformed`(count: Int) {
        let option = option(SocketOption.peerCredentials, Array(repeating: 1, count: count))
        let result = answer { () throws(CredentialsError) in try option.credentials }
        guard count != 12 else {
            #expect((try? result.get()) != nil)
            return
        }
        let malformation = Malformation.length(found: count, expected: 12)
        #expect(result == .failure(.malformed(.peerCredentials, malformation)))
    }

    @Test(arguments: 0...12)
    func `groups are a whole number of words`(count: Int) {
        let words: [UInt32] = [0, 4_294_967_295, 7]
        let bytes = Array(native(words).prefix(count))
        let groups = option(SocketOption.peerGroups, bytes).groups
        #expect(groups == (count % 4 == 0 ? Array(words.prefix(count / 4)) : nil))
        #expect(option(SocketOption.peerCredentials, bytes).groups == nil)
        #expect(SocketOption(level: 0, name: 59, bytes: bytes, on: .linux).groups == nil)
        #expect(SocketOption(level: 1, name: 59, bytes: bytes, on: .freeBSD).groups == nil)
    }

    @Test func `a security label is as the module wrote it`() {
        let label = Array("unconfined\0".utf8)
        #expect(option(SocketOption.peerSecurityLabel, label).securityLabel == label)
        #expect(option(SocketOption.peerGroups, label).securityLabel == nil)
    }

    @Test func `a peer's process descriptor is an int`() {
        #expect(option(SocketOption.peerProcessDescriptor, native([9])).processDescriptor == 9)
        #expect(option(SocketOption.peerProcessDescriptor, [9]).processDescriptor == nil)
        #expect(option(SocketOption.passCredentials, native([1])).processDescriptor == nil)
    }

    @Test(arguments: [0, 1, -1, .max, .min] as [Int32])
    func `an int comes back as it was`(value: Int32) {
        let option = SocketOption(level: 1, name: 16, int: value)
        #expect(option.int == value)
        #expect(option.bytes == native([UInt32(bitPattern: value)]))
    }

    @Test(arguments: 0...8)
    func `an int is four bytes`(count: Int) {
        #expect((option(3, Array(repeating: 1, count: count)).int != nil) == (count == 4))
    }
}

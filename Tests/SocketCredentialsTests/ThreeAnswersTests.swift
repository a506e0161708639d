import Testing

@testable import SocketCredentials

struct ThreeAnswersTests {
    private func item(_ words: [UInt32], on platform: Platform = .freeBSD) -> AncillaryData {
        AncillaryData(level: 0xffff, type: 3, bytes: native(words), on: platform)
    }

    @Test(arguments: messageNumbers)
    func `an item decodes by its platform, level and type`(
        platform: Platform, source: Credentials.Source, level: Int32, type: Int32
    ) throws {
        #expect(source.carrier == .message)
        for sample in Sample.all() where sample.source == source && sample.platform == platform {
            let item = AncillaryData(level: level, type: type, bytes: sample.bytes, on: platform)
            #expect(try item.credentials == sample.credentials)
            #expect(try item.credentials(as: source) == sample.credentials)
            for (level, type) in [(level + 1, type), (level, type + 100), (-1, type)] {
                let other = AncillaryData(
                    level: level, type: type, bytes: sample.bytes, on: platform)
                #expect(try other.credentials == nil)
                #expect(throws: CredentialsError.notCarried(source)) {
                    try other.credentials(as: source)
                }
            }
        }
    }

    @Test(arguments: optionNumbers)
    func `an option decodes by its platform, level and name`(
        platform: Platform, source: Credentials.Source, level: Int32, name: Int32
    ) throws {
        #expect(source.carrier == .connection)
        for sample in Sample.all() where sample.source == source && sample.platform == platform {
            let option = SocketOption(level: level, name: name, bytes: sample.bytes, on: platform)
            #expect(try option.credentials == sample.credentials)
            #expect(try option.credentials(as: source) == sample.credentials)
            let other = SocketOption(
                level: level, name: name + 100, bytes: sample.bytes, on: platform)
            #expect(try other.credentials == nil)
            #expect(throws: CredentialsError.notCarried(source)) {
                try other.credentials(as: source)
            }
        }
    }

    @Test func `an item of any type decodes to what its platform has there, or to nothing`() {
        for platform in Platform.allCases {
            for type in Int32(-1)...0x1020 {
                let item = AncillaryData(
                    level: platform.socketLevel, type: type, bytes: [], on: platform)
                let sources = messageNumbers.filter { $0.0 == platform && $0.type == type }
                switch answer({ () throws(CredentialsError) in try item.credentials }) {
                case .success(let credentials): #expect(credentials == nil && sources.isEmpty)
                case .failure(.malformed(let source, _)):
                    #expect(sources.map(\.1).contains(source))
                case .failure(let error): Issue.record(error)
                }
            }
        }
    }

    @Test func `the same twelve bytes are other people on Linux and on OpenBSD`() throws {
        let bytes = native([10, 20, 30])
        let linux = SocketOption(level: 1, name: 17, bytes: bytes, on: .linux)
        let openBSD = SocketOption(level: 0xffff, name: 0x1022, bytes: bytes, on: .openBSD)
        #expect(
            try linux.credentials
                == Credentials(source: .peerCredentials, pid: 10, euid: 20, egid: 30))
        #expect(
            try openBSD.credentials
                == Credentials(source: .sockpeercred, pid: 30, euid: 10, egid: 20))
    }

    // MARK: - SCM_CREDS of FreeBSD

    @Test func `84 bytes with 16 groups are ambiguous, and the receiver settles it`() throws {
        let item = item([100, 0, 1002, 2001, native16(16)] + (0..<16).map { 3000 + $0 })
        let groups = (0..<16).map { UInt32(3000 + $0) }
        let filled = Credentials(
            source: .cmsgcred, pid: 100, uid: 0, gid: 2001, euid: 1002, egid: 3000, groups: groups)
        let received = Credentials(
            source: .sockcred, uid: 100, gid: 1002, euid: 0, egid: 2001, groups: groups)
        #expect(throws: CredentialsError.ambiguous([filled, received])) { try item.credentials }
        #expect(try item.credentials(as: .cmsgcred) == filled)
        #expect(try item.credentials(as: .sockcred) == received)
        #expect(throws: CredentialsError.notCarried(.sockcred2)) {
            try item.credentials(as: .sockcred2)
        }
    }

    @Test(arguments: [0, 1, 15] as [Int16])
    func `a count other than 16 disproves sockcred`(count: Int16) throws {
        let item = item([100, 1, 1, 1, native16(count)] + Array(repeating: 9, count: 16))
        #expect(try item.credentials?.source == .cmsgcred)
    }

    @Test func `padding that is not zero disproves sockcred`() throws {
        let words =
            [100, 1, 1, 1, native16(16, padding: 1)] + Array(repeating: UInt32(9), count: 16)
        #expect(try item(words).credentials?.source == .cmsgcred)
    }

    @Test(arguments: [-1, 17, .max] as [Int16])
    func `84 bytes with an impossible count are malformed`(count: Int16) {
        let item = item([100, 1, 1, 1, native16(count)] + Array(repeating: 9, count: 16))
        let malformation = Malformation.groupCount(found: Int(count), maximum: 16)
        #expect(throws: CredentialsError.malformed(.cmsgcred, malformation)) {
            try item.credentials
        }
    }

    @Test(arguments: 0...120)
    func `any other length is a sockcred or nothing`(count: Int) {
        for groups in 0...16 {
            let words = [1, 2, 3, 4, UInt32(groups)] + Array(repeating: UInt32(9), count: 30)
            let bytes = Array(native(words).prefix(count))
            let item = AncillaryData(level: 0xffff, type: 3, bytes: bytes, on: .freeBSD)
            switch answer({ () throws(CredentialsError) in try item.credentials }) {
            case .success(let credentials):
                let source: Credentials.Source = count == 84 ? .cmsgcred : .sockcred
                #expect(credentials?.source == source)
                #expect(count == 84 || count == 20 + 4 * groups)
            case .failure(.ambiguous): #expect(count == 84 && groups == 16)
            case .failure: #expect(count != 84 && count != 20 + 4 * groups)
            }
        }
    }

    @Test func `DragonFly has only cmsgcred, so nothing is ambiguous`() throws {
        let words = [100, 0, 1002, 2001, native16(16)] + (0..<16).map { UInt32(3000 + $0) }
        #expect(try item(words, on: .dragonFly).credentials?.source == .cmsgcred)
        #expect(throws: CredentialsError.notCarried(.sockcred)) {
            try item(words, on: .dragonFly).credentials(as: .sockcred)
        }
    }
}

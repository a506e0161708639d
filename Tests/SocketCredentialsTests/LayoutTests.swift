import Testing

@testable import SocketCredentials

struct LayoutTests {
    @Test func `there is a sample of every structure on every platform`() {
        for source in Credentials.Source.allCases {
            let platforms = Sample.all().filter { $0.source == source }.map(\.platform)
            #expect(Set(platforms) == Set(source.platforms))
        }
    }

    @Test(arguments: Sample.all())
    func `a structure decodes to what its words say`(sample: Sample) throws {
        let credentials = try Credentials(
            decoding: sample.bytes[...], as: sample.source, on: sample.platform)
        #expect(credentials == sample.credentials)
    }

    @Test(arguments: Sample.all().filter { $0.source != .ucred })
    func `encoding gives the same bytes`(sample: Sample) {
        #expect(sample.credentials.encoded(on: sample.platform) == sample.bytes)
    }

    @Test(arguments: Sample.all())
    func `a structure of another length is malformed`(sample: Sample) {
        for count in 0...120 where count != sample.bytes.count {
            let bytes = Array((sample.bytes + Array(repeating: 0, count: 120)).prefix(count))
            #expect(throws: CredentialsError.self, "\(count) bytes") {
                try Credentials(decoding: bytes[...], as: sample.source, on: sample.platform)
            }
        }
    }

    @Test(arguments: Sample.all())
    func `where a structure lies in a buffer makes no difference`(sample: Sample) throws {
        let buffer = [1, 2, 3] + sample.bytes + [4, 5]
        let slice = buffer[3..<3 + sample.bytes.count]
        let credentials = try Credentials(
            decoding: slice, as: sample.source, on: sample.platform)
        #expect(credentials == sample.credentials)
    }

    @Test(arguments: [0, 2_147_483_648, 4_000_000_000, 4_294_967_294, .max] as [UInt32])
    func `every user id comes back as it was`(id: UInt32) throws {
        for sample in Sample.all(id: id) {
            let credentials = try Credentials(
                decoding: sample.bytes[...], as: sample.source, on: sample.platform)
            #expect(credentials == sample.credentials)
            if sample.source != .ucred {
                #expect(credentials.encoded(on: sample.platform) == sample.bytes)
            }
            let isNumber = credentials.uid ?? credentials.euid ?? 1 != .max
            #expect(credentials.defect() == (isNumber ? nil : .noPeer))
        }
    }

    @Test(arguments: Sample.all(), [1, 2, 0x8000_0000, .max] as [UInt32])
    func `a version that is not known is malformed`(sample: Sample, version: UInt32) {
        guard [.sockcred2, .xucred, .darwinXucred].contains(sample.source) else { return }
        let bytes = native([version]) + sample.bytes.dropFirst(4)
        #expect(throws: CredentialsError.malformed(sample.source, .version(version))) {
            try Credentials(decoding: bytes[...], as: sample.source, on: sample.platform)
        }
    }

    @Test(arguments: Sample.all())
    func `a structure is asked for only where the platform has it`(sample: Sample) {
        for platform in Platform.allCases where !sample.source.platforms.contains(platform) {
            #expect(throws: CredentialsError.notCarried(sample.source)) {
                try Credentials(decoding: sample.bytes[...], as: sample.source, on: platform)
            }
            #expect(sample.credentials.encoded(on: platform) == nil)
        }
    }

    @Test func `a process's own credentials are no structure`() {
        #expect(throws: CredentialsError.notCarried(.process)) {
            try Credentials(decoding: [], as: .process)
        }
        #expect(Credentials(source: .process, pid: 1, uid: 0).encoded() == nil)
        #expect(Credentials.Source.process.structureName == nil)
    }

    @Test(arguments: Sample.all())
    func `what a number means agrees with which numbers are there`(sample: Sample) {
        let (source, credentials) = (sample.source, sample.credentials)
        #expect((source.processIDMeaning == nil) == (credentials.pid == nil) || source == .xucred)
        switch source.userIDMeaning {
        case .realAndEffective:
            #expect(credentials.uid != nil && credentials.euid != nil)
            #expect(credentials.gid != nil && credentials.egid != nil)
        case .effective:
            #expect(credentials.uid == nil && credentials.euid != nil)
            #expect(credentials.gid == nil && credentials.egid != nil)
        case .mayBecome:
            #expect(credentials.uid != nil && credentials.euid == nil)
            #expect(credentials.gid != nil && credentials.egid == nil)
        case nil:
            #expect(credentials.uid == nil && credentials.euid == nil)
            #expect(credentials.gid == nil && credentials.egid == nil)
        }
        #expect(source.groupIDMeaning == source.userIDMeaning)
    }

    @Test func `a structure is not written with less than it holds`() {
        let partial = Credentials(source: .unpcbid, pid: 1, euid: 2)
        #expect(partial.encoded() == nil)
        let crowded = Credentials(
            source: .sockcred, uid: 1, gid: 1, euid: 1, egid: 1,
            groups: Array(repeating: 1, count: 17))
        #expect(crowded.encoded() == nil)
        let contradictory = Credentials(source: .darwinXucred, euid: 1, egid: 2, groups: [3, 2])
        #expect(contradictory.encoded() == nil)
    }

    @Test func `a FreeBSD xucred of before 13 has no pid`() throws {
        let words: [UInt32] = [0, 1001, native16(1), 20] + Array(repeating: 0, count: 18)
        let credentials = try Credentials(decoding: native(words)[...], as: .xucred, on: .freeBSD)
        #expect(credentials == Credentials(source: .xucred, euid: 1001, egid: 20, groups: [20]))
        #expect(credentials.defect() == nil)
    }

    @Test func `DragonFly's unused pointer is no pid`() throws {
        let words: [UInt32] = [0, 1001, native16(1), 20] + Array(repeating: 7, count: 18)
        let bytes = native(words)
        let credentials = try Credentials(decoding: bytes[...], as: .xucred, on: .dragonFly)
        #expect(credentials.pid == nil)
    }
}

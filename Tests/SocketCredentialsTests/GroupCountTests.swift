import Testing

@testable import SocketCredentials

struct GroupCountTests {
    /// The structures with room for 16 groups: the words in front of the count, and behind it.
    private static let slotted: [(Platform, Credentials.Source, before: Int, after: Int)] = [
        (.freeBSD, .cmsgcred, 4, 16), (.dragonFly, .cmsgcred, 4, 16), (.freeBSD, .xucred, 2, 19),
        (.dragonFly, .xucred, 2, 19), (.macOS, .darwinXucred, 2, 16),
    ]

    @Test(arguments: slotted, [-1, 0, 1, 2, 15, 16, 17, .min, .max] as [Int16])
    func `slots hold 0 to 16 groups`(
        layout: (Platform, Credentials.Source, before: Int, after: Int), count: Int16
    ) {
        let (platform, source, before, after) = layout
        let groups = (1...UInt32(after)).map { $0 }
        // Words that are 0 in front, so that a version is right.
        let words = Array(repeating: UInt32(0), count: before) + [native16(count)] + groups
        let result = answer { () throws(CredentialsError) in
            try Credentials(decoding: native(words)[...], as: source, on: platform)
        }
        switch result {
        case .success(let credentials):
            #expect(0...16 ~= count)
            #expect(credentials?.groups == Array(groups.prefix(Int(count))))
            #expect(credentials?.egid == (count > 0 ? 1 : nil))
        case .failure(let error):
            #expect(!(0...16 ~= count))
            #expect(
                error == .malformed(source, .groupCount(found: Int(count), maximum: 16)))
        }
    }

    /// The structures that end with their groups: the words in front of the count.
    private static let trailing: [(Platform, Credentials.Source, before: Int)] = [
        (.freeBSD, .sockcred, 4), (.freeBSD, .sockcred2, 6), (.netBSD, .netBSDSockcred, 5),
        (.netBSD, .netBSDSockcred70, 4),
    ]

    @Test(
        arguments: trailing,
        [-1, 0, 1, 2, 16, 17, 1024, 0x3fff_ffff, 0x4000_0001, .min, .max] as [Int32])
    func `a list holds as many groups as there are bytes for`(
        layout: (Platform, Credentials.Source, before: Int), count: Int32
    ) {
        let (platform, source, before) = layout
        for there in 0...17 {
            let groups = (0..<UInt32(there)).map { $0 + 1 }
            let words =
                Array(repeating: UInt32(0), count: before) + [UInt32(bitPattern: count)] + groups
            let result = answer { () throws(CredentialsError) in
                try Credentials(decoding: native(words)[...], as: source, on: platform)
            }
            let isUnusedSlot = platform == .netBSD && count == 0 && there == 1
            if 0...16 ~= count, Int(count) == there || isUnusedSlot {
                #expect((try? result.get())?.groups == Array(groups.prefix(Int(count))))
            } else if 0...16 ~= count {
                let length = (before + 1 + Int(count)) * 4
                guard case .failure(.malformed(source, .length(found: _, let expected))) = result
                else {
                    Issue.record("\(there) groups: \(result)")
                    continue
                }
                #expect(expected == length || isUnusedSlot)
            } else {
                let malformation = Malformation.groupCount(found: Int(count), maximum: 16)
                #expect(result == .failure(.malformed(source, malformation)))
            }
        }
    }

    @Test(arguments: [-1, 0, 1, 2, 3, 1024, 1025, .min, .max] as [Int32])
    func `an illumos list holds at most what the structure has room for`(count: Int32) {
        for there in [0, 1, 2, 1024, 1100] {
            let groups = (0..<UInt32(there)).map { $0 + 1 }
            let size = UInt32(32 + 28 + 4 * there)
            let words = [size, 32, 0, 7, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, UInt32(bitPattern: count)]
            let result = answer { () throws(CredentialsError) in
                try Credentials(decoding: native(words + groups)[...], as: .ucred)
            }
            if 0...min(there, 1024) ~= Int(count) {
                #expect((try? result.get())?.groups == Array(groups.prefix(Int(count))))
            } else {
                let malformation = Malformation.groupCount(
                    found: Int(count), maximum: min(there, 1024))
                #expect(result == .failure(.malformed(.ucred, malformation)))
            }
        }
    }

    @Test func `NetBSD's list without groups may have its one slot`() throws {
        for source in [Credentials.Source.netBSDSockcred, .netBSDSockcred70] {
            let before = source == .netBSDSockcred ? 5 : 4
            let words = Array(repeating: UInt32(8), count: before) + [0]
            let without = try Credentials(decoding: native(words)[...], as: source)
            let with = try Credentials(decoding: native(words + [99])[...], as: source)
            #expect(without == with)
            #expect(with.groups == [])
            #expect(with.encoded() == native(words + [0]))
        }
    }
}

struct IllumosUcredTests {
    private func words(size: UInt32 = 60, credentials: UInt32 = 32, pid: UInt32 = 7) -> [UInt32] {
        [size, credentials, 0, pid, 0, 0, 0, 0] + [1, 2, 3, 4, 5, 6, 0]
    }

    @Test(arguments: [0, 31, 32, 59, 61, 64, .max] as [UInt32])
    func `its size must be its length`(size: UInt32) {
        #expect(
            throws: CredentialsError.malformed(
                .ucred, .length(found: 60, expected: Int(size)))
        ) { try Credentials(decoding: native(words(size: size))[...], as: .ucred) }
    }

    @Test(arguments: [1, 28, 31, 33, 34, 36, 60, 64, 0x7fff_fffc, 0xffff_fffc] as [UInt32])
    func `its credentials must be inside`(offset: UInt32) {
        #expect(throws: CredentialsError.malformed(.ucred, .offset(found: offset))) {
            try Credentials(decoding: native(words(credentials: offset))[...], as: .ucred)
        }
    }

    @Test func `its credentials may be anywhere behind the header`() throws {
        var there = words(size: 76, credentials: 48)
        there.insert(contentsOf: [9, 9, 9, 9], at: 8)
        let credentials = try Credentials(decoding: native(there)[...], as: .ucred)
        #expect(
            credentials
                == Credentials(
                    source: .ucred, pid: 7, uid: 2, gid: 5, euid: 1, egid: 4, groups: []))
    }

    @Test func `a peer on another machine has no ids`() throws {
        let remote = native(words(credentials: 0, pid: .max))
        let credentials = try Credentials(decoding: remote[...], as: .ucred)
        #expect(credentials == Credentials(source: .ucred))
    }
}

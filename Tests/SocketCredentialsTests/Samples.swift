// Structures written down word by word, as each platform's header has them, and what they say.
// Nothing here uses the package's own encoder.

@testable import SocketCredentials

/// The words in the byte order of the machine.
func native(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word.littleEndian >> ($0 * 8)) }
    }
}

/// A 16-bit number and two bytes of padding, which hold `padding`.
func native16(_ number: Int16, padding: UInt16 = 0) -> UInt32 {
    UInt32(UInt16(bitPattern: number).littleEndian) | UInt32(padding) << 16
}

/// A structure and what it says.
struct Sample: CustomStringConvertible {
    let platform: Platform
    let bytes: [UInt8]
    let credentials: Credentials

    var source: Credentials.Source { credentials.source }
    var description: String { "\(source) on \(platform), \(bytes.count) bytes" }

    init(_ platform: Platform, _ words: [UInt32], _ credentials: Credentials) {
        self.platform = platform
        bytes = native(words)
        self.credentials = credentials
    }
}

extension Sample {
    /// One of each structure on each platform, with `id` as its first user id.
    static func all(id: UInt32 = 1001) -> [Sample] {
        let (p, u, e, g, f) = (Int32(77), id, UInt32(1002), UInt32(2001), UInt32(2002))
        let pid = UInt32(p)
        let slots = [f, 5, id] + Array(repeating: UInt32(0), count: 13)
        let count = native16(3)
        return [
            Sample(.linux, [pid, u, g], .init(source: .scmCredentials, pid: p, uid: u, gid: g)),
            Sample(.linux, [pid, u, f], .init(source: .peerCredentials, pid: p, euid: u, egid: f)),
            Sample(.openBSD, [u, f, pid], .init(source: .sockpeercred, pid: p, euid: u, egid: f)),
            Sample(.netBSD, [pid, u, f], .init(source: .unpcbid, pid: p, euid: u, egid: f)),
            Sample(.macOS, [pid], .init(source: .peerPID, pid: p)),
            Sample(.macOS, [pid], .init(source: .peerEPID, pid: p)),
            Sample(
                .freeBSD, [u, e, g, f, 2, 5, id],
                full(.sockcred, uid: u, euid: e, gid: g, egid: f, groups: [5, id])),
            Sample(
                .freeBSD, [0, pid, u, e, g, f, 2, 5, id],
                full(.sockcred2, pid: p, uid: u, euid: e, gid: g, egid: f, groups: [5, id])),
            Sample(
                .netBSD, [pid, u, e, g, f, 2, 5, id],
                full(.netBSDSockcred, pid: p, uid: u, euid: e, gid: g, egid: f, groups: [5, id])),
            Sample(
                .netBSD, [u, e, g, f, 2, 5, id],
                full(.netBSDSockcred70, uid: u, euid: e, gid: g, egid: f, groups: [5, id])),
            Sample(
                .freeBSD, [0, u, count] + slots + [0, pid, 0],
                .init(source: .xucred, pid: p, euid: u, egid: f, groups: [f, 5, id])),
            Sample(
                .dragonFly, [0, u, count] + slots + [0, 0, 0],
                .init(source: .xucred, euid: u, egid: f, groups: [f, 5, id])),
            Sample(
                .macOS, [0, u, count] + slots,
                .init(source: .darwinXucred, euid: u, egid: f, groups: [f, 5, id])),
            Sample(
                .illumos, [32 + 28 + 8, 32, 0, pid, 0, 3, 4, 0] + [e, u, 9, f, g, 9, 2, 5, id],
                full(.ucred, pid: p, uid: u, euid: e, gid: g, egid: f, groups: [5, id])),
        ]
            + [Platform.freeBSD, .dragonFly].map {
                Sample(
                    $0, [pid, u, e, g, count] + slots,
                    full(.cmsgcred, pid: p, uid: u, euid: e, gid: g, egid: f, groups: [f, 5, id]))
            }
    }

    private static func full(
        _ source: Credentials.Source, pid: Int32? = nil, uid: UInt32, euid: UInt32, gid: UInt32,
        egid: UInt32, groups: [UInt32]
    ) -> Credentials {
        Credentials(
            source: source, pid: pid, uid: uid, gid: gid, euid: euid, egid: egid, groups: groups)
    }
}

/// What each message structure is carried in: level and type on its platform.
let messageNumbers: [(Platform, Credentials.Source, level: Int32, type: Int32)] = [
    (.linux, .scmCredentials, 1, 2), (.freeBSD, .cmsgcred, 0xffff, 3),
    (.freeBSD, .sockcred, 0xffff, 3), (.freeBSD, .sockcred2, 0xffff, 8),
    (.dragonFly, .cmsgcred, 0xffff, 3), (.netBSD, .netBSDSockcred70, 0xffff, 4),
    (.netBSD, .netBSDSockcred, 0xffff, 0x10), (.illumos, .ucred, 0xffff, 0x1012),
]

/// What each connection structure is the value of: level and option name on its platform.
let optionNumbers: [(Platform, Credentials.Source, level: Int32, name: Int32)] = [
    (.linux, .peerCredentials, 1, 17), (.openBSD, .sockpeercred, 0xffff, 0x1022),
    (.freeBSD, .xucred, 0, 1), (.dragonFly, .xucred, 0, 1), (.macOS, .darwinXucred, 0, 1),
    (.macOS, .peerPID, 0, 2), (.macOS, .peerEPID, 0, 3), (.netBSD, .unpcbid, 0, 3),
]

/// The answer of an accessor, in a form that can be compared.
func answer(_ body: () throws(CredentialsError) -> Credentials?) -> Result<
    Credentials?, CredentialsError
> {
    Result(catching: body)
}

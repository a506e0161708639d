import SocketCredentials
import Testing

/// A value, and what is to be said of it.
struct Said<Value: Sendable>: Sendable {
    let value: Value
    let text: String

    init(_ value: Value, _ text: String) {
        self.value = value
        self.text = text
    }
}

struct DescriptionTests {
    private static let credentials: [Said<Credentials>] = [
        Said(
            Credentials(source: .scmCredentials, pid: 7, uid: 1000, gid: 100),
            "pid 7 (as the sender says), uid 1000 (one that the sender may become), "
                + "gid 100 (one that the sender may become), from ucred of SCM_CREDENTIALS"),
        Said(
            Credentials(source: .peerCredentials, pid: 7, euid: 0, egid: 4_294_967_294),
            "pid 7 (who connected, listened or made the pair), euid 0, egid 4294967294, "
                + "from ucred of SO_PEERCRED"),
        Said(
            Credentials(source: .peerCredentials, pid: 0, euid: .max, egid: .max),
            "pid 0 (no process of this pid namespace), euid 4294967295 (nobody), "
                + "egid 4294967295 (nobody), from ucred of SO_PEERCRED"),
        Said(
            Credentials(source: .cmsgcred, pid: 7, uid: 1, gid: 2, euid: 3, groups: [4, 5]),
            "pid 7 (the sender), uid 1 (the real one), euid 3, gid 2 (the real one), "
                + "groups 4 5, from cmsgcred of SCM_CREDS"),
        Said(
            Credentials(source: .sockcred, uid: 1, gid: 2, euid: 3, egid: 4, groups: []),
            "uid 1 (the real one), euid 3, gid 2 (the real one), egid 4, no groups, "
                + "from sockcred of SCM_CREDS"),
        Said(
            Credentials(source: .darwinXucred, euid: 501, groups: [20]),
            "euid 501, group 20, from xucred of LOCAL_PEERCRED"),
        Said(
            Credentials(source: .peerPID, pid: 7),
            "pid 7 (who used the peer's socket last), from LOCAL_PEERPID"),
    ]

    @Test(arguments: credentials)
    func `credentials say which kind of id each number is`(said: Said<Credentials>) {
        #expect("\(said.value)" == said.text)
    }

    @Test(arguments: Credentials.Source.allCases)
    func `every source has words, and no two of a platform the same`(
        source: Credentials.Source
    ) {
        #expect(!"\(source)".isEmpty)
        for other in Credentials.Source.allCases where other != source {
            let isSharedPlatform = other.platforms.contains { source.platforms.contains($0) }
            #expect(!isSharedPlatform || "\(other)" != "\(source)")
        }
    }

    private static let items: [Said<AncillaryData>] = [
        Said(
            AncillaryData.credentials(pid: 1, uid: 0, gid: 0),
            "pid 1 (as the sender says), uid 0 (one that the sender may become), "
                + "gid 0 (one that the sender may become), from ucred of SCM_CREDENTIALS"),
        Said(
            AncillaryData(level: 1, type: 2, bytes: [1, 0, 0, 0, 0, 0, 0, 0]),
            "The ucred of SCM_CREDENTIALS is malformed: its length in bytes is 8 and must be "
                + "exactly 12."),
        Said(AncillaryData.rights([6, 7]), "SCM_RIGHTS: descriptors 6 7"),
        Said(AncillaryData.rights([6, -24]), "SCM_RIGHTS: descriptors 6 errno 24"),
        Said(AncillaryData.rights([6]), "SCM_RIGHTS: descriptor 6"),
        Said(AncillaryData.rights([]), "SCM_RIGHTS: no descriptors"),
        Said(AncillaryData.int(9, level: 1, type: 4), "SCM_PIDFD: descriptor 9"),
        Said(AncillaryData.int(-24, level: 1, type: 4), "SCM_PIDFD: errno 24 and no descriptor"),
        Said(
            AncillaryData(level: 1, type: 3, bytes: Array("a\"\\\n\u{1b}z\0".utf8)),
            "SCM_SECURITY: \"a\\\"\\\\\\x0a\\x1bz\""),
        Said(
            AncillaryData(level: 41, type: 50, bytes: [0, 0xff, 0x0a]),
            "control message of level 41 and type 50 on Linux: 3 bytes, 00 ff 0a"),
        Said(
            AncillaryData(level: 0xffff, type: 9, bytes: [], on: .netBSD),
            "control message of level 65535 and type 9 on NetBSD: no bytes"),
    ]

    @Test(arguments: items)
    func `an item says what it holds`(said: Said<AncillaryData>) {
        #expect("\(said.value)" == said.text)
    }

    private static let options: [Said<SocketOption>] = [
        Said(SocketOption(level: 1, name: 16, int: 1), "SO_PASSCRED on Linux: 1"),
        Said(SocketOption(level: 1, name: 83, int: 0), "SO_PASSRIGHTS on Linux: 0"),
        Said(
            SocketOption(level: 1, name: 17, bytes: [1]),
            "The ucred of SO_PEERCRED is malformed: its length in bytes is 1 and must be "
                + "exactly 12."),
        Said(
            SocketOption(level: 1, name: 59, bytes: [1, 0, 0, 0, 0, 0, 0, 128]),
            "SO_PEERGROUPS: groups 1 2147483648"),
        Said(SocketOption(level: 1, name: 59, bytes: []), "SO_PEERGROUPS: no groups"),
        Said(SocketOption(level: 1, name: 77, int: 5), "SO_PEERPIDFD: descriptor 5"),
        Said(SocketOption(level: 1, name: 31, bytes: [0x75, 0]), "SO_PEERSEC: \"u\""),
        Said(
            SocketOption(level: 6, name: 13, bytes: [0x72]),
            "socket option 13 of level 6 on Linux: 1 byte, 72"),
    ]

    @Test(arguments: options)
    func `an option says its value`(said: Said<SocketOption>) {
        #expect("\(said.value)" == said.text)
    }

    @Test func `what a peer wrote is cut`() {
        let bytes = [UInt8](repeating: 0x61, count: 5000)
        let texts = [
            "\(AncillaryData(level: 1, type: 3, bytes: bytes))",
            "\(AncillaryData(level: 9, type: 9, bytes: bytes))",
            "\(SocketOption(level: 9, name: 9, bytes: bytes))",
        ]
        for text in texts {
            #expect(text.utf8.count < 300)
            #expect(text.hasSuffix("..."))
        }
    }
}

// Ruby's texts on systems that these tests do not run on, as its source says them.

import SocketCredentials
import Testing

struct RubyOtherSystemsTests {
    /// Words of 32 bits in the machine's order, then zeros up to `size`.
    private static func bytes(_ words: [UInt32], size: Int) -> [UInt8] {
        let bytes = words.flatMap { word in
            (0..<4).map { UInt8(truncatingIfNeeded: word.littleEndian >> ($0 * 8)) }
        }
        return bytes + [UInt8](repeating: 0, count: max(0, size - bytes.count))
    }

    private static func item(
        _ platform: Platform, _ type: Int32, _ words: [UInt32], size: Int = 0, _ text: String
    ) -> Said<AncillaryData> {
        let item = AncillaryData(
            level: 0xffff, type: type, bytes: bytes(words, size: size), on: platform)
        return Said(item, "#<Socket::AncillaryData: UNIX SOCKET \(text)>")
    }

    private static func option(
        _ platform: Platform, _ level: Int32, _ name: Int32, _ words: [UInt32], size: Int = 0,
        _ text: String
    ) -> Said<SocketOption> {
        let option = SocketOption(
            level: level, name: name, bytes: bytes(words, size: size), on: platform)
        return Said(option, "#<Socket::Option: UNIX \(text)>")
    }

    private static let items: [Said<AncillaryData>] = [
        item(
            .freeBSD, 3, [7, 1, 2, 3, 2, 10, 36], size: 84,
            "CREDS pid=7 uid=1 euid=2 gid=3 groups=10,36 (cmsgcred)"),
        item(
            .freeBSD, 3, [7, 1, 2, 3, 0], size: 84, "CREDS pid=7 uid=1 euid=2 gid=3 (cmsgcred)"),
        item(
            .dragonFly, 3, [7, 1, 2, 3, 1, 10], size: 84,
            "CREDS pid=7 uid=1 euid=2 gid=3 groups=10 (cmsgcred)"),
        item(
            .freeBSD, 3, [1, .max, 3, 4, 1, 10],
            "CREDS uid=1 euid=4294967295 gid=3 egid=4 groups=10 (sockcred)"),
        item(.freeBSD, 3, [1, 2, 3, 4, 0], "CREDS uid=1 euid=2 gid=3 egid=4 (sockcred)"),
        item(
            .freeBSD, 3, [1, 2, 3, 4, 2],
            #"CREDS "\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00"#
                + #"\x02\x00\x00\x00""#),
        item(.freeBSD, 8, [1], #"cmsg_type:8 "\x01\x00\x00\x00""#),
        item(.freeBSD, 1, [6, 7], "RIGHTS 6 7"),
        item(.freeBSD, 2, [0, 0, 5, 0], "TIMESTAMP 1970-01-01 00:00:00.000005"),
        item(
            .freeBSD, 4, [0, 0, 0, 0x8000_0000], "BINTIME 1970-01-01 00:00:00.5000000000000000000"),
        item(.macOS, 2, [0, 0, 5, 9], "TIMESTAMP 1970-01-01 00:00:00.000005"),
        item(.macOS, 3, [1], #"CREDS "\x01\x00\x00\x00""#),
        item(
            .netBSD, 0x10, [7, 1, 2, 3, 4, 1, 10],
            "CREDS uid=1 euid=2 gid=3 egid=4 groups=10 (sockcred)"),
        item(.openBSD, 4, [1, 0, 5, 0], "TIMESTAMP 1970-01-01 00:00:01.000005"),
        item(.illumos, 0x1010, [6], "RIGHTS 6"),
        item(.illumos, 0x1012, [1], #"UCRED "\x01\x00\x00\x00""#),
    ]

    @Test(arguments: items)
    func `items of other systems have Ruby's text`(said: Said<AncillaryData>) {
        #expect(said.value.rubyInspect == said.text)
    }

    private static let options: [Said<SocketOption>] = [
        option(
            .openBSD, 0xffff, 0x1022, [1, 2, 7], "SOCKET PEERCRED pid=7 euid=1 egid=2 (ucred)"),
        option(
            .freeBSD, 0, 1, [0, 1001, 2, 10, 36], size: 88,
            "level:0 PEERCRED version=0 euid=1001 groups=10,36 (xucred)"),
        option(
            .dragonFly, 0, 1, [0, 1001, 0], size: 88,
            "level:0 PEERCRED version=0 euid=1001 (xucred)"),
        option(
            .macOS, 0, 1, [0, 501, 1, 20], size: 76,
            "level:0 PEERCRED version=0 euid=501 groups=20 (xucred)"),
        option(
            .macOS, 0, 1, [1, 2], #"level:0 PEERCRED "\x01\x00\x00\x00\x02\x00\x00\x00""#),
        option(.macOS, 0, 2, [7], #"level:0 optname:2 "\a\x00\x00\x00""#),
        option(.netBSD, 0, 3, [7], #"level:0 optname:3 "\a\x00\x00\x00""#),
        option(.freeBSD, 0, 2, [1], #"level:0 CREDS "\x01\x00\x00\x00""#),
        option(.freeBSD, 0xffff, 8, [1], "SOCKET KEEPALIVE 1"),
        option(.netBSD, 0xffff, 0x100c, [5, 0, 6, 9], "SOCKET RCVTIMEO 5.000006sec"),
    ]

    @Test(arguments: options)
    func `options of other systems have Ruby's text`(said: Said<SocketOption>) {
        #expect(said.value.rubyInspect == said.text)
    }
}

// Ruby's own words for thousands of items and options, against ours.

import Glibc
import SocketCredentials
import Testing

@Suite(.enabled(if: Interpreter.ruby.isInstalled, "there is no /usr/bin/ruby (package ruby)"))
struct RubyInspectTests {
    @Test func `Ruby and rubyInspect agree on every generated item and option`() throws {
        let items = GeneratedItem.all(rounds: 300, seed: 19179)
        #expect(items.count > 15_000)
        Self.expectEveryBranch(in: try texts(of: items))
    }

    @Test func `Ruby and rubyInspect agree on every name and every error's text`() throws {
        let items = GeneratedItem.everyName
        #expect(items.count > 5000)
        let texts = try texts(of: items)
        #expect(texts.contains { $0.contains("SOCKET ERROR Connection refused (111)") })
    }

    /// Ruby's texts, which have been compared with ours.
    private func texts(of items: [GeneratedItem]) throws -> [String] {
        var program = try PeerProgram(
            .ruby, "inspect.rb", input: items.map { $0.line + "\n" }.joined())
        let texts = try #require(try program.lines())
        try #require(texts.count == items.count)
        var differences = 0
        for (item, text) in zip(items, texts) {
            let own = item.rubyInspect(interfaceName: interfaceName)
            if own == text { continue }
            differences += 1
            if differences <= 10 { Issue.record("\(item.line)\n  Ruby: \(text)\n  own:  \(own)") }
        }
        #expect(differences == 0)
        return texts
    }

    private func interfaceName(_ index: UInt32) -> String? {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard if_indextoname(index, &name) != nil else { return nil }
        return String(
            decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// What Ruby printed shows which of its branches were taken.
    private static func expectEveryBranch(in texts: [String]) {
        let dumped = texts.filter { $0.hasSuffix("\">") }
        let decoded = texts.filter { !$0.hasSuffix("\">") }
        for part in decodedParts { expectMany(part, in: decoded, "decoded") }
        for part in dumpedParts { expectMany(part, in: dumped, "dumped") }
    }

    private static func expectMany(_ part: String, in texts: [String], _ how: String) {
        let count = texts.count { $0.contains(part) }
        #expect(count >= 10, "\(part), \(how)")
    }

    private static let decodedParts = [
        "Data: UNIX SOCKET RIGHTS ", "Data: UNIX SOCKET CREDENTIALS pid=",
        "Data: UNSPEC SOCKET CREDENTIALS", "Data: family:99 SOCKET CREDENTIALS",
        "Data: UNIX SOCKET TIMESTAMP ", "Data: UNIX SOCKET TIMESTAMPNS ", "SOCKET TIMESTAMP -",
        "Data: INET IP PKTINFO ", "Data: INET6 IPV6 PKTINFO ", " lo spec_dst:",
        "Option: UNIX SOCKET PEERCRED pid=", "Option: UNIX SOCKET SNDBUF ",
        "SOCKET TYPE SOCK_", "SOCKET TYPE -", "SOCKET ERROR Unknown error ",
        "SOCKET LINGER off ", "SOCKET LINGER on ",
        "SOCKET LINGER on(", "UNIX SOCKET RCVTIMEO ", "IP MULTICAST_IF ",
        "IP ADD_MEMBERSHIP ", "IPV6 MULTICAST_HOPS ", "IPV6 MULTICAST_LOOP ",
        "IPV6 JOIN_GROUP ", "interface:", "::ffff:", "JOIN_GROUP ::", "INET TCP NODELAY ",
        "TCP INFO state=LISTEN ", "ca_state=Loss", "options=0 ", "bytes too long)",
        "pid=0 ", "pid=4294967295 ", " uid=0 ", "uid=2147483648 ", "uid=4000000000 ",
        "uid=4294967294 ", "uid=4294967295 ", "gid=2147483648 ", "gid=4294967295 ",
        "euid=4294967295 ", "egid=0 ",
    ]

    private static let dumpedParts = [
        "Data: UNIX SOCKET RIGHTS ", "Data: UNIX SOCKET CREDENTIALS ",
        "Data: UNIX SOCKET TIMESTAMP ", "Data: UNIX SOCKET TIMESTAMPING ",
        "Data: UNIX SOCKET cmsg_type:4 ", "Data: INET TCP ", "Data: INET cmsg_level:",
        "Data: UNIX cmsg_level:", "Data: family:", " cmsg_type:-", "IP PKTINFO ",
        "Option: UNIX SOCKET PEERCRED ", "Option: UNIX SOCKET PASSCRED ",
        "SOCKET LINGER ", "SOCKET TYPE ", "SOCKET ERROR ", "SOCKET RCVTIMEO ", "TCP INFO ",
        "SOCKET optname:77 ", "Option: UNIX level:", "Option: INET level:", "Option: INET6 UDP ",
        "Option: family:", " optname:-", "\"\">", "\\e", "\\\\", "\\\"", "\\#{", "\\x7F", "\\xFF",
    ]
}

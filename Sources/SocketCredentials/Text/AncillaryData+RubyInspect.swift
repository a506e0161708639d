// Ruby's text for an item of ancillary data, to be read beside a Ruby program's output. It is
// output only: nothing parses it, and nothing may.

extension AncillaryData {
    /// What Ruby's `Socket::AncillaryData#inspect` says of this item of a Unix socket.
    public var rubyInspect: String { rubyInspect(family: 1) }

    /// What Ruby's `Socket::AncillaryData#inspect` says of this item of a socket of `family`.
    ///
    /// Times are in UTC, as Ruby prints them with `TZ=UTC`. Bytes of another shape than the item's
    /// type asks for are dumped, also those that Ruby reads without a check of their bounds. Of
    /// systems other than Linux this knows what Unix sockets carry.
    ///
    /// - Parameters:
    ///   - family: the socket's domain, `AF_INET` for one.
    ///   - interfaceName: the name of a network interface by its index (if_indextoname(3)); Ruby
    ///     prints the index where it is nil.
    public func rubyInspect(
        family: Int32, interfaceName: (UInt32) -> String? = { _ in nil }
    ) -> String {
        withoutActuallyEscaping(interfaceName) { interfaceName in
            let item = RubyItem(
                platform: platform, family: family, level: level, number: type, bytes: bytes,
                interfaceName: interfaceName)
            return item.text(
                of: "AncillaryData", item.ancillaryNames, item.ancillaryContents(of: self))
        }
    }
}

extension RubyItem {
    fileprivate var ancillaryNames: String {
        let type = "cmsg_type:\(number)"
        if isOfSocketLevel {
            return "SOCKET " + (RubyBSDNames.items(on: platform)[number] ?? type)
        }
        guard isInternet else { return "cmsg_level:\(level) \(type)" }
        return (internetLevelName ?? "cmsg_level:\(level)") + " " + (internetName ?? type)
    }

    fileprivate func ancillaryContents(of item: AncillaryData) -> String? {
        if isOfSocketLevel { return socketContents(of: item) }
        guard isInternet, platform == .linux else { return nil }
        switch (level, number) {
        case (0, 8): return ipv4PacketInformation
        case (41, 50): return ipv6PacketInformation
        default: return nil
        }
    }

    private func socketContents(of item: AncillaryData) -> String? {
        switch RubyBSDNames.items(on: platform)[number] {
        case "RIGHTS": return rights
        case "TIMESTAMP": return time(isNanoseconds: false)
        case "TIMESTAMPNS": return time(isNanoseconds: true)
        case "BINTIME": return binaryTime
        case "CREDENTIALS":
            return text(
                of: try? item.credentials, fields: ["pid", "uid", "gid"], structure: "ucred")
        case "CREDS": return platform == .macOS ? nil : creds(of: item)
        default: return nil
        }
    }

    private var rights: String? {
        guard !bytes.isEmpty, bytes.count.isMultiple(of: 4) else { return nil }
        return stride(from: 0, to: bytes.count, by: 4).map { "\(int(at: $0))" }
            .joined(separator: " ")
    }

    /// Of the two structures with this type Ruby takes the one that has the length.
    private func creds(of item: AncillaryData) -> String? {
        let cmsgcred = text(
            of: platform == .netBSD ? nil : try? item.credentials(as: .cmsgcred),
            fields: ["pid", "uid", "euid", "gid", "groups"], structure: "cmsgcred")
        let source: Credentials.Source = platform == .netBSD ? .netBSDSockcred : .sockcred
        return cmsgcred
            ?? text(
                of: try? item.credentials(as: source),
                fields: ["uid", "euid", "gid", "egid", "groups"], structure: "sockcred")
    }

    private func time(isNanoseconds: Bool) -> String? {
        guard bytes.count == 16, let time = RubyText.time(long(at: 0)) else { return nil }
        let fraction = fraction(isNanoseconds: isNanoseconds)
        return "\(time).\(RubyText.padded(fraction, to: isNanoseconds ? 9 : 6))"
    }

    /// FreeBSD's `bintime`: 64 binary digits behind the point, as 19 decimal ones.
    private var binaryTime: String? {
        guard bytes.count == 16, let time = RubyText.time(long(at: 0)) else { return nil }
        let fraction = UInt64(bitPattern: long(at: 8))
        let decimal = fraction.multipliedFullWidth(by: 10_000_000_000_000_000_000).high
        return "\(time).\(RubyText.padded(decimal, to: 19))"
    }

    /// Linux's `in_pktinfo`.
    private var ipv4PacketInformation: String? {
        guard bytes.count == 12 else { return nil }
        let index = interface(word(at: 0), prefix: "ifindex:", isSigned: true)
        let specified = RubyText.ipv4(bytes[4..<8])
        return "\(RubyText.ipv4(bytes[8...])) \(index) spec_dst:\(specified)"
    }

    /// `in6_pktinfo` of RFC 3542.
    private var ipv6PacketInformation: String? {
        guard bytes.count == 20 else { return nil }
        let index = interface(word(at: 16), prefix: "ifindex:", isSigned: true)
        return "\(RubyText.ipv6(Array(bytes[..<16]))) \(index)"
    }
}

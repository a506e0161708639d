// Ruby's text for a socket option, to be read beside a Ruby program's output. It is output only:
// nothing parses it, and nothing may.

extension SocketOption {
    /// What Ruby's `Socket::Option#inspect` says of this option of a Unix socket.
    public var rubyInspect: String { rubyInspect(family: 1) }

    /// What Ruby's `Socket::Option#inspect` says of this option of a socket of `family`.
    ///
    /// Bytes of another shape than the option has are dumped, also those that Ruby reads without a
    /// check of their bounds. Of systems other than Linux this knows the options that carry
    /// identity and those that all of them share, but not the texts of their errors.
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
                platform: platform, family: family, level: level, number: name, bytes: bytes,
                interfaceName: interfaceName)
            return item.text(of: "Option", item.optionNames, item.optionContents(of: self))
        }
    }
}

extension RubyItem {
    fileprivate var optionNames: String {
        let number = "optname:\(number)"
        if isOfSocketLevel { return "SOCKET " + (socketOptionName ?? number) }
        if isUnix {
            let name = RubyBSDNames.local(on: platform)[self.number]
            return "level:\(level) " + (name ?? number)
        }
        guard isInternet else { return "level:\(level) \(number)" }
        return (internetLevelName ?? "level:\(level)") + " " + (internetName ?? number)
    }

    private var socketOptionName: String? {
        platform == .linux
            ? RubyLinuxNames.options[number] : RubyBSDNames.options(on: platform)[number]
    }

    fileprivate func optionContents(of option: SocketOption) -> String? {
        if isOfSocketLevel { return socketContents(of: option) }
        if isUnix {
            guard level == 0, RubyBSDNames.local(on: platform)[number] == "PEERCRED" else {
                return nil
            }
            let text = text(
                of: try? option.credentials, fields: ["euid", "groups"], structure: "xucred")
            return text.map { "version=0 " + $0 }
        }
        guard isInternet, platform == .linux else { return nil }
        switch level {
        case 0: return ipv4Contents
        case 6: return tcpContents
        case 41: return ipv6Contents
        default: return nil
        }
    }

    private func socketContents(of option: SocketOption) -> String? {
        switch socketOptionName {
        case "DEBUG", "ACCEPTCONN", "BROADCAST", "REUSEADDR", "KEEPALIVE", "OOBINLINE", "SNDBUF",
            "RCVBUF", "DONTROUTE", "RCVLOWAT", "SNDLOWAT":
            return intText
        case "ERROR":
            guard platform == .linux, bytes.count == 4 else { return nil }
            return "\(LinuxErrorText.text(of: int(at: 0))) (\(int(at: 0)))"
        case "TYPE": return socketType
        case "LINGER": return linger
        case "RCVTIMEO", "SNDTIMEO":
            guard bytes.count == 16 else { return nil }
            let fraction = RubyText.padded(fraction(isNanoseconds: false), to: 6)
            return "\(long(at: 0)).\(fraction)sec"
        case "PEERCRED":
            return text(
                of: try? option.credentials, fields: ["pid", "euid", "egid"], structure: "ucred")
        default: return nil
        }
    }

    /// The first five types have the same numbers everywhere; Linux's have more names.
    private var socketType: String? {
        guard bytes.count == 4 else { return nil }
        let type = int(at: 0)
        let isNamed = platform == .linux || (1...5).contains(type)
        return isNamed ? RubyLinuxNames.socketTypes[type] ?? "\(type)" : "\(type)"
    }

    private var linger: String? {
        guard bytes.count == 8 else { return nil }
        let isOn =
            switch int(at: 0) {
            case 0: "off"
            case 1: "on"
            case let other: "on(\(other))"
            }
        return "\(isOn) \(int(at: 4))sec"
    }
}

// MARK: - Linux's levels of IP

extension RubyItem {
    private var ipv4Contents: String? {
        switch (number, bytes.count) {
        case (32, 4): RubyText.ipv4(bytes)
        case (33, 4), (34, 4): intText
        case (35, 8), (36, 8): "\(RubyText.ipv4(bytes[..<4])) \(RubyText.ipv4(bytes[4...]))"
        case (32, 12), (35, 12), (36, 12):
            "\(RubyText.ipv4(bytes[..<4])) \(RubyText.ipv4(bytes[4..<8])) "
                + interface(word(at: 8), prefix: "ifindex:")
        default: nil
        }
    }

    private var ipv6Contents: String? {
        switch (number, bytes.count) {
        case (16, 4), (18, 4), (26, 4): intText
        case (19, 4): "\(word(at: 0))"
        case (17, 4): interface(word(at: 0), prefix: "")
        case (20, 20), (21, 20):
            "\(RubyText.ipv6(Array(bytes[..<16]))) "
                + interface(word(at: 16), prefix: "interface:")
        default: nil
        }
    }

    private var tcpContents: String? {
        switch number {
        case 1: intText
        case 11: tcpInformation
        default: nil
        }
    }
}

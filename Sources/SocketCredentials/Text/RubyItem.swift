// What an option and an item of ancillary data have in common for Ruby: a family, a level, a
// number, bytes, and a text that begins with their names and ends with what is in the bytes, or
// with a dump of them where Ruby does not know their shape.

/// One of Ruby's `Socket::AncillaryData` and `Socket::Option`, to be written as they inspect.
struct RubyItem {
    let platform: Platform
    let family: Int32
    let level: Int32
    let number: Int32
    let bytes: [UInt8]
    let interfaceName: (UInt32) -> String?

    /// The corresponding C constant is `SOL_SOCKET`.
    var isOfSocketLevel: Bool { level == platform.socketLevel }

    /// The corresponding C constants are `AF_UNIX` and `AF_LOCAL`.
    var isUnix: Bool { family == 1 }

    /// The corresponding C constants are `AF_INET` and `AF_INET6`; of the other systems only the
    /// first, since this knows no names of theirs.
    var isInternet: Bool { family == 2 || platform == .linux && family == 10 }

    /// The family's name, or its number.
    var familyText: String {
        let names = platform == .linux ? RubyLinuxNames.families : RubyBSDNames.families
        return names[family] ?? "family:\(family)"
    }

    /// The level's name among those of IP; nil where it has none.
    var internetLevelName: String? {
        platform == .linux ? RubyLinuxNames.levels[level] : nil
    }

    /// The name of an option, or of an item, of a level of IP; nil where it has none.
    var internetName: String? {
        guard platform == .linux else { return nil }
        return switch level {
        case 0: RubyLinuxNames.ip[number]
        case 6: RubyLinuxNames.tcp[number]
        case 17: RubyLinuxNames.udp[number]
        case 41: RubyLinuxNames.ipv6[number]
        default: nil
        }
    }

    /// `#<Socket::Option: UNIX SOCKET PEERCRED pid=1 ...>`.
    ///
    /// - Parameter contents: nil where Ruby does not know the shape of the bytes.
    func text(of kind: String, _ names: String, _ contents: String?) -> String {
        "#<Socket::\(kind): \(familyText) \(names) \(contents ?? RubyText.dump(bytes))>"
    }
}

// MARK: - What is in the bytes

extension RubyItem {
    /// The number at `offset`, which the caller has checked to be inside; native byte order.
    func word(at offset: Int) -> UInt32 {
        let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << ($1 * 8) }
        return UInt32(littleEndian: word)
    }

    func int(at offset: Int) -> Int32 { Int32(bitPattern: word(at: offset)) }

    func long(at offset: Int) -> Int64 {
        let long = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[offset + $1]) << ($1 * 8) }
        return Int64(bitPattern: UInt64(littleEndian: long))
    }

    /// An `int`; nil where these are not as many bytes.
    var intText: String? { bytes.count == 4 ? "\(int(at: 0))" : nil }

    /// The second half of a `timeval` or `timespec`: an int where `suseconds_t` is one.
    func fraction(isNanoseconds: Bool) -> Int64 {
        let isInt = (platform == .macOS || platform == .netBSD) && !isNanoseconds
        return isInt ? Int64(int(at: 8)) : long(at: 8)
    }

    /// A network interface's name; where it has none, its number behind `prefix`.
    func interface(_ index: UInt32, prefix: String, isSigned: Bool = false) -> String {
        if let name = interfaceName(index) { return name }
        return isSigned ? "\(prefix)\(Int32(bitPattern: index))" : "\(prefix)\(index)"
    }

    /// The fields of a credentials structure that Ruby prints, and the structure's name.
    func text(of credentials: Credentials?, fields: [String], structure: String) -> String? {
        guard let credentials else { return nil }
        let texts = fields.compactMap { name -> String? in
            switch name {
            case "pid": credentials.pid.map { "pid=\(UInt32(bitPattern: $0))" }
            case "uid": credentials.uid.map { "uid=\($0)" }
            case "euid": credentials.euid.map { "euid=\($0)" }
            case "gid": credentials.gid.map { "gid=\($0)" }
            case "egid": credentials.egid.map { "egid=\($0)" }
            default: groups(of: credentials)
            }
        }
        return (texts + ["(\(structure))"]).joined(separator: " ")
    }

    private func groups(of credentials: Credentials) -> String? {
        guard let groups = credentials.groups, !groups.isEmpty else { return nil }
        return "groups=" + groups.map { "\($0)" }.joined(separator: ",")
    }
}

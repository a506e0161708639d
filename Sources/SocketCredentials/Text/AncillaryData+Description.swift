// Control messages and options in words. What a peer wrote is escaped and cut, so that no log line
// is longer or other than its writer meant.

extension AncillaryData: CustomStringConvertible {
    /// The item's constant, and what it holds.
    public var description: String {
        switch Result(catching: { () throws(CredentialsError) in try credentials }) {
        case .success(let credentials?): return "\(credentials)"
        case .failure(let error): return "\(error)"
        case .success(nil): break
        }
        if let rights { return "SCM_RIGHTS: " + Self.text(of: rights) }
        if let processDescriptor {
            return processDescriptor < 0
                ? "SCM_PIDFD: errno \(processDescriptor.magnitude) and no descriptor"
                : "SCM_PIDFD: descriptor \(processDescriptor)"
        }
        if let securityLabel { return "SCM_SECURITY: " + DataText.label(securityLabel) }
        return "control message of level \(level) and type \(type) on \(platform): "
            + DataText.hexadecimal(bytes)
    }

    /// Descriptors are numbers from 0 on; a negative one is an errno in its place.
    private static func text(of descriptors: [Int32]) -> String {
        if descriptors.isEmpty { return "no descriptors" }
        let texts = descriptors.map { $0 < 0 ? "errno \($0.magnitude)" : "\($0)" }
        let noun = descriptors.count == 1 ? "descriptor" : "descriptors"
        return "\(noun) " + texts.joined(separator: " ")
    }
}

extension SocketOption: CustomStringConvertible {
    /// The option's constant, and its value.
    public var description: String {
        switch Result(catching: { () throws(CredentialsError) in try credentials }) {
        case .success(let credentials?): return "\(credentials)"
        case .failure(let error): return "\(error)"
        case .success(nil): break
        }
        if let groups {
            let texts = groups.map { "\($0)" }.joined(separator: " ")
            return "SO_PEERGROUPS: " + (groups.isEmpty ? "no groups" : "groups \(texts)")
        }
        if let processDescriptor { return "SO_PEERPIDFD: descriptor \(processDescriptor)" }
        if let securityLabel { return "SO_PEERSEC: " + DataText.label(securityLabel) }
        let value = int.map { "\($0)" } ?? DataText.hexadecimal(bytes)
        return "\(constant) on \(platform): \(value)"
    }

    private var constant: String {
        let number = "socket option \(name) of level \(level)"
        guard platform == .linux, level == platform.socketLevel else { return number }
        return switch name {
        case Self.socketType: "SO_TYPE"
        case Self.passCredentials: "SO_PASSCRED"
        case Self.passSecurityLabel: "SO_PASSSEC"
        case Self.domain: "SO_DOMAIN"
        case Self.passProcessDescriptor: "SO_PASSPIDFD"
        case Self.passRights: "SO_PASSRIGHTS"
        default: number
        }
    }
}

/// Bytes of unknown meaning or origin, in words.
private enum DataText {
    /// The most bytes that a description shows.
    static let limit = 64

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        let shown = bytes.prefix(limit).map(digits)
        let count = bytes.count == 1 ? "1 byte" : "\(bytes.count) bytes"
        return bytes.isEmpty
            ? "no bytes" : "\(count), " + shown.joined(separator: " ") + rest(bytes, " ...")
    }

    /// A label without its closing zero byte.
    static func label(_ bytes: [UInt8]) -> String {
        let label = bytes.last == 0 ? Array(bytes.dropLast()) : bytes
        let shown = label.prefix(limit).map { byte in
            switch byte {
            case 0x22, 0x5c: "\\" + String(UnicodeScalar(byte))
            case 0x20...0x7e: String(UnicodeScalar(byte))
            default: "\\x\(digits(byte))"
            }
        }
        return "\"" + shown.joined() + "\"" + rest(label, "...")
    }

    private static func digits(_ byte: UInt8) -> String {
        String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
    }

    private static func rest(_ bytes: [UInt8], _ mark: String) -> String {
        bytes.count > limit ? mark : ""
    }
}

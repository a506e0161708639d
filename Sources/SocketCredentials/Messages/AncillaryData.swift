// One control message (cmsg(3)): decoded from what recvmsg(2) delivered, or built for sendmsg(2).

/// One item of ancillary data on a socket.
public struct AncillaryData: Hashable, Sendable {
    /// Whose numbers and layouts it has.
    public var platform: Platform
    /// The protocol the item belongs to. The corresponding C field is `cmsg_level`.
    public var level: Int32
    /// The item's type within its level. The corresponding C field is `cmsg_type`.
    public var type: Int32
    /// The item's data, without header and padding.
    public var bytes: [UInt8]

    /// An item with the given `cmsg_level`, `cmsg_type` and data.
    public init(level: Int32, type: Int32, bytes: [UInt8], on platform: Platform = .current) {
        self.platform = platform
        self.level = level
        self.type = type
        self.bytes = bytes
    }

    /// Linux's `SOL_SOCKET`; ``Platform/socketLevel`` has every platform's.
    public static let socketLevel: Int32 = 1
    /// Linux's `SCM_RIGHTS`; ``Platform/rightsType`` has every platform's.
    public static let rightsType: Int32 = 1
    /// Linux's `SCM_CREDENTIALS`.
    public static let credentialsType: Int32 = 2
    /// Linux's `SCM_SECURITY`.
    public static let securityType: Int32 = 3
    /// Linux's `SCM_PIDFD`.
    public static let pidfdType: Int32 = 4
    /// The most descriptors one message can carry on Linux. The corresponding C constant is
    /// `SCM_MAX_FD`.
    public static let maximumRights = 253
}

// MARK: - What an item holds

extension AncillaryData {
    /// The sender's credentials; nil where this is another kind of item.
    ///
    /// - Throws: `CredentialsError`: `malformed` where the item is cut short or is not what the
    ///   platform's kernel writes, `ambiguous` where it can be read as two structures.
    public var credentials: Credentials? {
        get throws(CredentialsError) {
            let sources = Credentials.Source.carried(level: level, type: type, on: platform)
            return try Credentials(decoding: bytes[...], asOneOf: sources, on: platform)
        }
    }

    /// The credentials that this item holds if it is a `source`, which settles an ambiguity.
    ///
    /// - Throws: `CredentialsError`: `notCarried` where an item of this level and type cannot be
    ///   one, `malformed` where it is none.
    public func credentials(
        as source: Credentials.Source
    ) throws(CredentialsError) -> Credentials {
        let sources = Credentials.Source.carried(level: level, type: type, on: platform)
        guard sources.contains(source) else { throw .notCarried(source) }
        return try Credentials(decoding: bytes[...], as: source, on: platform)
    }

    /// The descriptor numbers of a `SCM_RIGHTS` item in their order; nil for any other item. Every
    /// whole slot is listed. A negative one is an errno that the kernel put there, and nothing to
    /// close.
    public var rights: [Int32]? {
        guard level == platform.socketLevel, type == platform.rightsType else { return nil }
        return bytes[...].nativeInts
    }

    /// The descriptor number of a `SCM_PIDFD` item (Linux 6.5); nil for any other item. A negative
    /// one is an errno that the kernel put there, and nothing to close.
    public var processDescriptor: Int32? {
        guard platform == .linux, level == Self.socketLevel, type == Self.pidfdType else {
            return nil
        }
        return int
    }

    /// The sender's label in the words of the security module, a closing zero byte included where
    /// the module writes one (Linux `SCM_SECURITY`); nil for any other item.
    public var securityLabel: [UInt8]? {
        guard platform == .linux, level == Self.socketLevel, type == Self.securityType else {
            return nil
        }
        return bytes
    }

    /// The data as one C `int`; nil where they are not as long as one.
    public var int: Int32? { bytes[...].nativeInt }
}

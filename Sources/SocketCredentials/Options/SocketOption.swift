/// The value of one socket option (getsockopt(2)).
public struct SocketOption: Hashable, Sendable {
    /// Whose numbers and layouts it has.
    public var platform: Platform
    /// The protocol the option belongs to: `SOL_SOCKET` and its like.
    public var level: Int32
    /// The option within its level: `SO_PEERCRED` and its like.
    public var name: Int32
    /// The value as the kernel wrote it.
    public var bytes: [UInt8]

    /// An option with the given level, name and value.
    public init(level: Int32, name: Int32, bytes: [UInt8], on platform: Platform = .current) {
        self.platform = platform
        self.level = level
        self.name = name
        self.bytes = bytes
    }

    /// An option whose value is one C `int`.
    public init(level: Int32, name: Int32, int: Int32, on platform: Platform = .current) {
        var bytes: [UInt8] = []
        bytes.append(native: UInt32(bitPattern: int))
        self.init(level: level, name: name, bytes: bytes, on: platform)
    }
}

// MARK: - What an option holds

extension SocketOption {
    /// The peer's credentials; nil where this is another kind of option.
    ///
    /// A TCP or unconnected socket's `SO_PEERCRED` on Linux decodes, to process id 0 and user id
    /// 4294967295: ``Credentials/defect(overflow:)`` says that this is nobody.
    ///
    /// - Throws: `CredentialsError`: `malformed` where the value is not what the platform's kernel
    ///   writes.
    public var credentials: Credentials? {
        get throws(CredentialsError) {
            let sources = Credentials.Source.carried(level: level, option: name, on: platform)
            return try Credentials(decoding: bytes[...], asOneOf: sources, on: platform)
        }
    }

    /// The credentials that this option holds if it is a `source`.
    ///
    /// - Throws: `CredentialsError`: `notCarried` where an option of this level and name cannot be
    ///   one, `malformed` where it is none.
    public func credentials(
        as source: Credentials.Source
    ) throws(CredentialsError) -> Credentials {
        let sources = Credentials.Source.carried(level: level, option: name, on: platform)
        guard sources.contains(source) else { throw .notCarried(source) }
        return try Credentials(decoding: bytes[...], as: source, on: platform)
    }

    /// The peer's supplementary groups when it connected (Linux 4.13 `SO_PEERGROUPS`); nil for any
    /// other option, and where the bytes are not a whole number of groups.
    public var groups: [UInt32]? {
        guard isLinux(Self.peerGroups), bytes.count.isMultiple(of: 4) else { return nil }
        return bytes[...].nativeWords
    }

    /// The peer's label in the words of the security module, a closing zero byte included where
    /// the module writes one (Linux `SO_PEERSEC`); nil for any other option.
    public var securityLabel: [UInt8]? {
        isLinux(Self.peerSecurityLabel) ? bytes : nil
    }

    /// The number of a descriptor of the peer's process (Linux 6.5 `SO_PEERPIDFD`), which belongs
    /// to whoever asked for it; nil for any other option.
    public var processDescriptor: Int32? {
        isLinux(Self.peerProcessDescriptor) ? int : nil
    }

    /// The value as one C `int`; nil where it is not as long as one.
    public var int: Int32? { bytes[...].nativeInt }

    private func isLinux(_ name: Int32) -> Bool {
        platform == .linux && level == platform.socketLevel && self.name == name
    }
}

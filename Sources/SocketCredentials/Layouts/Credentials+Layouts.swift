extension Credentials {
    /// The credentials that `bytes`, one whole structure, hold.
    ///
    /// - Parameters:
    ///   - bytes: the structure from its first byte to its last.
    ///   - source: which structure it is.
    ///   - platform: whose structure it is, where several have one of that name; its first platform
    ///     unless said.
    /// - Throws: `CredentialsError`: never `ambiguous`, since the structure is named.
    public init(
        decoding bytes: ArraySlice<UInt8>, as source: Source, on platform: Platform? = nil
    ) throws(CredentialsError) {
        guard let platform = source.platform(platform) else { throw .notCarried(source) }
        do throws(Malformation) {
            if let layout = Layout.of(source, on: platform) {
                self = try layout.decode(bytes, as: source)
            } else {
                self = try IllumosUcred.decode(bytes)
            }
        } catch {
            throw .malformed(source, error)
        }
    }

    /// The structure that these decode from, byte for byte but for its padding; nil where they
    /// lack one of its fields, have more groups than it can hold, or came from no structure that
    /// can be written.
    public func encoded(on platform: Platform? = nil) -> [UInt8]? {
        guard let platform = source.platform(platform) else { return nil }
        return Layout.of(source, on: platform)?.encode(self)
    }

    /// The reading of `bytes` that none of the others contests.
    init?(
        decoding bytes: ArraySlice<UInt8>, asOneOf sources: [Source], on platform: Platform
    ) throws(CredentialsError) {
        guard let first = sources.first else { return nil }
        if sources.count == 1 {
            try self.init(decoding: bytes, as: first, on: platform)
            return
        }
        var readings: [Credentials] = []
        var errors: [CredentialsError] = []
        for source in sources {
            do throws(CredentialsError) {
                readings.append(try Credentials(decoding: bytes, as: source, on: platform))
            } catch {
                errors.append(error)
            }
        }
        if readings.count > 1 { throw .ambiguous(readings) }
        guard let only = readings.first else {
            throw errors.first { !$0.isAboutLength } ?? errors.last ?? .notCarried(first)
        }
        self = only
    }
}

extension Credentials.Source {
    /// `platform` if it has the structure, and the first that does if none is named.
    fileprivate func platform(_ platform: Platform?) -> Platform? {
        guard let platform else { return platforms.first }
        return platforms.contains(platform) ? platform : nil
    }
}

extension CredentialsError {
    /// Whether another structure may be meant.
    fileprivate var isAboutLength: Bool {
        switch self {
        case .malformed(_, .length), .malformed(_, .tooShort): true
        default: false
        }
    }
}

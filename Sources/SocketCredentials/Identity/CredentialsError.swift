/// Why bytes that should be credentials are not.
///
/// That there are none at all is not an error: the accessors answer nil.
public enum CredentialsError: Error, Hashable, Sendable {
    /// The bytes are not what the platform's kernel writes for this structure.
    case malformed(Credentials.Source, Malformation)
    /// The bytes fit more than one structure, and nothing in them tells which it is: each reading.
    case ambiguous([Credentials])
    /// A structure was asked for that the platform does not carry there.
    case notCarried(Credentials.Source)
}

/// What is wrong with a structure.
public enum Malformation: Error, Hashable, Sendable {
    /// It has `found` bytes where it must have exactly `expected`.
    case length(found: Int, expected: Int)
    /// It has `found` bytes where its fixed part alone has `minimum`.
    case tooShort(found: Int, minimum: Int)
    /// Its version field has a value that is not known.
    case version(UInt32)
    /// It says that it has `found` groups, and the platform has 0 to `maximum`.
    case groupCount(found: Int, maximum: Int)
    /// It says that a part of it is at `found` (a byte offset), which is not inside it.
    case offset(found: UInt32)
}

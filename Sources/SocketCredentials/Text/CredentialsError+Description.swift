extension CredentialsError: CustomStringConvertible {
    /// What was wrong, as a full sentence, and what to do about it where something can be done.
    public var description: String {
        switch self {
        case .malformed(let source, let malformation):
            return "The \(source) is malformed: \(malformation)."
        case .ambiguous(let readings):
            let names = readings.map { "\($0.source)" }.joined(separator: " and as ")
            return "The bytes can be read as \(names): say which of them the socket was asked for."
        case .notCarried(let source):
            return "No \(source) comes in an item or an option of this level and number."
        }
    }
}

extension Malformation: CustomStringConvertible {
    /// What is wrong with the structure, as the end of a sentence.
    public var description: String {
        switch self {
        case .length(let found, let expected):
            "its length in bytes is \(found) and must be exactly \(expected)"
        case .tooShort(let found, let minimum):
            "its length in bytes is \(found), and its fixed part alone takes \(minimum)"
        case .version(let version): "its version is \(version), which is not known"
        case .groupCount(let found, let maximum):
            "it says that it has \(found) groups, and there can be 0 to \(maximum)"
        case .offset(let found):
            "it says that a part of it is at byte \(found), which is not inside it"
        }
    }
}

extension ControlFault: CustomStringConvertible {
    /// What ended the walk, as a full sentence.
    public var description: String {
        switch self {
        case .headerCut(let offset, let remaining):
            "The \(remaining) bytes at \(offset) of the control buffer are too few for a header."
        case .length(let length, let offset):
            "The header at \(offset) of the control buffer gives a length of \(length) bytes, "
                + "which is below its own or reaches past the buffer."
        }
    }
}

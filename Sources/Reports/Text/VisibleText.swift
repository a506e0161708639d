// Names come from ELF files, from prctl(2) and from whoever wrote the recording: none of them is to
// be trusted with a terminal or a page. What could move a cursor, end a line or turn the direction
// of the text is shown instead of obeyed.

/// The longest name a report shows, in UTF-8 bytes; C++ templates reach tens of thousands.
private let maximumNameLength = 4_096

/// `text` with every control character, line separator and invisible direction mark written out as
/// `\u{1B}`; cut at 4,096 bytes.
public func visibleText(_ text: String) -> String {
    visibleText(text, limit: maximumNameLength)
}

func visibleText(_ text: String, limit: Int) -> String {
    if text.utf8.count <= limit, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = ""
    for scalar in text.unicodeScalars {
        if result.utf8.count >= limit { return result + "…" }
        if isHidden(scalar) {
            result += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// Whether a scalar acts on its surroundings instead of being seen.
private func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    // Cc; Cf, with the bidirectional controls and zero-width marks; U+2028; U+2029.
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    // Private use and unassigned scalars have no agreed look; terminals differ in their width.
    case .privateUse, .unassigned, .surrogate: true
    default: false
    }
}

// How much room a text takes on a terminal, after wcwidth(3) in its usual approximation.

/// The terminal columns a text takes.
func columns(of text: String) -> Int {
    text.utf8.allSatisfy { $0 < 0x80 }
        ? text.utf8.count : text.unicodeScalars.reduce(0) { $0 + columns(of: $1) }
}

/// `text` in exactly `width` columns: filled with blanks, or its middle replaced by `…`.
func fitted(_ text: String, to width: Int) -> String {
    let taken = columns(of: text)
    guard taken > width else { return text + String(repeating: " ", count: width - taken) }
    guard width > 1 else { return String(repeating: "…", count: max(width, 0)) }
    // The start of a name says more than its end.
    let tailWidth = (width - 1) / 3
    let head = prefix(of: text.unicodeScalars, columns: width - 1 - tailWidth)
    let tail = prefix(of: text.unicodeScalars.reversed(), columns: tailWidth).reversed()
    let cut = head + ["…"] + tail
    let result = String(String.UnicodeScalarView(cut))
    return result + String(repeating: " ", count: max(width - columns(of: result), 0))
}

/// `text` moved to the right edge of `width` columns.
func rightAligned(_ text: String, to width: Int) -> String {
    String(repeating: " ", count: max(width - columns(of: text), 0)) + text
}

private func prefix(of scalars: some Sequence<Unicode.Scalar>, columns limit: Int)
    -> [Unicode.Scalar]
{
    var taken = 0
    var result: [Unicode.Scalar] = []
    for scalar in scalars {
        taken += columns(of: scalar)
        if taken > limit { break }
        result.append(scalar)
    }
    return result
}

private func columns(of scalar: Unicode.Scalar) -> Int {
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark: return 0
    default: break
    }
    switch scalar.value {
    // East Asian wide and fullwidth forms, and the emoji.
    case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
        0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
        return 2
    default: return 1
    }
}

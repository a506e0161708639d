// Reads any bytes as the text of /proc/PID/maps, and compares each line with a second reading that
// takes it apart at its blanks.

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = input(start, count)
    let lines = text.split(separator: UInt8(ascii: "\n"))
    let found = MapsLine.executable(in: text)
    check(found.count <= lines.count, "more mappings than lines")
    check(found == lines.flatMap { MapsLine.executable(in: Array($0)) }, "lines depend on others")
    for line in lines {
        let mapping = MapsLine.executable(in: Array(line)).first
        check(mapping == reading(of: Array(line)), "the second reading says otherwise")
        if let mapping { checkMapping(mapping, line) }
    }
    return 0
}

private func checkMapping(_ mapping: MapsLine, _ line: ArraySlice<UInt8>) {
    check(mapping.start < mapping.end, "a mapping of no bytes")
    check(!mapping.path.isEmpty, "a mapping without a name")
    // Three bytes take the place of one that is no UTF-8.
    check(mapping.path.utf8.count <= max(3 * line.count, "//anon".utf8.count), "a longer path")
    let again = MapsLine.executable(in: text(of: mapping))
    check(again == [mapping], "written and read again it is another")
}

/// The line as the kernel would write it.
private func text(of mapping: MapsLine) -> [UInt8] {
    func hexadecimal(_ number: some BinaryInteger) -> String { String(number, radix: 16) }
    let permissions =
        (mapping.isReadable ? "r" : "-") + (mapping.isWritable ? "w" : "-") + "x"
        + (mapping.isShared ? "s" : "p")
    let path = mapping.path.utf8.flatMap { byte in
        byte == UInt8(ascii: "\n") ? Array("\\012".utf8) : [byte]
    }
    let head =
        "\(hexadecimal(mapping.start))-\(hexadecimal(mapping.end)) \(permissions) "
        + "\(hexadecimal(mapping.fileOffset)) \(hexadecimal(mapping.deviceMajor)):"
        + "\(hexadecimal(mapping.deviceMinor)) \(mapping.inode) "
    return Array(head.utf8) + path
}

// MARK: - The second reading

private func reading(of line: [UInt8]) -> MapsLine? {
    let fields = line.split(
        separator: UInt8(ascii: " "), maxSplits: 5, omittingEmptySubsequences: false)
    guard fields.count >= 5 else { return nil }
    let range = fields[0].split(
        separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
    let device = fields[3].split(
        separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    let permissions = Array(fields[1])
    guard range.count == 2, device.count == 2, permissions.count == 4,
        permissions[2] == UInt8(ascii: "x"), let start = number(range[0], 16),
        let end = number(range[1], 16), start < end, let offset = number(fields[2], 16),
        let major = number(device[0], 16), let minor = number(device[1], 16),
        let inode = number(fields[4], 10), let deviceMajor = UInt32(exactly: major),
        let deviceMinor = UInt32(exactly: minor)
    else { return nil }
    return MapsLine(
        start: start, end: end, fileOffset: offset, deviceMajor: deviceMajor,
        deviceMinor: deviceMinor, inode: inode, isWritable: permissions[1] == UInt8(ascii: "w"),
        isReadable: permissions[0] == UInt8(ascii: "r"),
        isShared: permissions[3] == UInt8(ascii: "s"),
        path: path(fields.count > 5 ? fields[5] : []))
}

/// What follows the blanks in front, each `\012` a newline.
private func path(_ field: ArraySlice<UInt8>) -> String {
    let escape = Array("\\012".utf8)
    var rest = field.drop { $0 == UInt8(ascii: " ") }
    var bytes: [UInt8] = []
    while let byte = rest.first {
        let isNewline = rest.starts(with: escape)
        bytes.append(isNewline ? UInt8(ascii: "\n") : byte)
        rest = rest.dropFirst(isNewline ? escape.count : 1)
    }
    return bytes.isEmpty ? "//anon" : String(decoding: bytes, as: UTF8.self)
}

/// Digits in lower case and nothing else, of 64 bits at most.
private func number(_ digits: ArraySlice<UInt8>, _ radix: Int) -> UInt64? {
    let known = Array("0123456789abcdef".utf8.prefix(radix))
    guard digits.allSatisfy(known.contains) else { return nil }
    return UInt64(String(decoding: digits, as: UTF8.self), radix: radix)
}

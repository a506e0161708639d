// Walks and decodes any bytes as any platform's control buffer, structure and option. The first
// byte of an input chooses the platform; the rest is all of these at once.

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var reader = InputReader(input(start, count))
    let platform = Platform.allCases[Int(reader.byte()) % Platform.allCases.count]
    let bytes = reader.rest
    checkWalk(bytes, on: platform)
    for item in AncillaryData.items(in: bytes, on: platform) { checkItem(item) }
    for source in Credentials.Source.allCases {
        checkStructure(bytes, as: source, on: platform)
    }
    checkOptions(Array(bytes), on: platform)
    return 0
}

/// What a value says of itself.
private func text(of value: some CustomStringConvertible) -> String { value.description }

/// A value without words of its own has nothing to check: the standard ones take a hundred times as
/// long as all the rest.
private func text<Value>(of value: Value) -> String { "-" }

// MARK: - The walk

private func checkWalk(_ buffer: ArraySlice<UInt8>, on platform: Platform) {
    let format = platform.controlFormat
    let again = AncillaryData.controlBuffer(
        of: AncillaryData.items(in: buffer, on: platform), on: platform)
    var cursor = ControlCursor(on: platform)
    var end = buffer.startIndex
    while let item = cursor.next(in: buffer) {
        let header = item.data.lowerBound - format.dataOffset
        check(header >= end, "an item starts inside the one before it")
        check(header - end < format.alignment, "bytes between two items")
        check(item.data.upperBound <= buffer.endIndex, "an item ends outside the buffer")
        end = item.data.upperBound
        // Items are put where they were, so that header and data can be compared in place.
        let offset = header - buffer.startIndex
        check(
            buffer[header..<header + format.headerSize]
                == again[offset..<offset + format.headerSize], "another header")
        check(
            buffer[item.data]
                == again[offset + format.dataOffset..<offset + end - header], "other data")
    }
    check(cursor.next(in: buffer) == nil, "an item behind the end")
    let isComplete = buffer.endIndex - end < format.alignment
    check(cursor.fault != nil || isComplete, "a walk that ended early has no fault")
}

private func checkItem(_ item: AncillaryData) {
    check(item.rights.map { $0.count == item.bytes.count / 4 } ?? true, "slots of rights")
    check(item.securityLabel ?? item.bytes == item.bytes, "label")
    check((item.int != nil) == (item.bytes.count == 4), "int")
    check(item.processDescriptor ?? item.int == item.int, "process descriptor")
    check(!text(of: item).isEmpty, "no text")
    check(item.rubyInspect.hasPrefix("#<"), "not Ruby's text")
    do throws(CredentialsError) {
        guard let credentials = try item.credentials else { return }
        let named = try item.credentials(as: credentials.source)
        check(named == credentials, "the reading depends on who names it")
        check(credentials.source.carrier == .message, "not from a message")
    } catch {
        checkError(error)
        guard case .ambiguous(let readings) = error else { return }
        check(item.platform == .freeBSD && item.bytes.count == 84, "ambiguous elsewhere")
        check(readings.map(\.source) == [.cmsgcred, .sockcred], "other readings")
        for reading in readings {
            check((try? item.credentials(as: reading.source)) == reading, "another reading")
        }
    }
}

// MARK: - Structures and options

private func checkStructure(
    _ bytes: ArraySlice<UInt8>, as source: Credentials.Source, on platform: Platform
) {
    let credentials: Credentials
    do throws(CredentialsError) {
        credentials = try Credentials(decoding: bytes, as: source, on: platform)
    } catch {
        checkError(error)
        if case .ambiguous = error { fatalError("a named structure is ambiguous") }
        return
    }
    let isEmpty = credentials == Credentials(source: .ucred)
    check(isEmpty || !text(of: credentials).isEmpty, "no text")
    check(credentials.groups?.count ?? 0 <= (source == .ucred ? 1024 : 16), "too many groups")
    _ = credentials.defect()
    guard let encoded = credentials.encoded(on: platform) else {
        check(source == .ucred, "what was decoded cannot be encoded")
        return
    }
    let again = try? Credentials(decoding: encoded[...], as: source, on: platform)
    check(again == credentials, "decoded again it is another")
    switch source {
    case .cmsgcred, .xucred, .darwinXucred:
        // Padding and unused slots may hold anything.
        check(encoded.count == bytes.count, "another length")
    default:
        let hasSlot = platform == .netBSD && credentials.groups?.isEmpty == true
        let whole = hasSlot ? encoded.dropLast(4) : encoded[...]
        check(bytes.starts(with: whole), "other bytes, though nothing is padding")
        check(hasSlot || encoded.count == bytes.count, "another length")
    }
}

private func checkOptions(_ bytes: [UInt8], on platform: Platform) {
    let names: [Int32] = [1, 2, 3, 17, 31, 59, 77, 0x1022]
    let options = [platform.socketLevel, platform.localLevel].flatMap { level in
        names.map { SocketOption(level: level, name: $0, bytes: bytes, on: platform) }
    }
    for option in options {
        check(option.groups.map { $0.count * 4 == bytes.count } ?? true, "groups")
        check(option.securityLabel ?? bytes == bytes, "label")
        check(option.processDescriptor ?? option.int == option.int, "process descriptor")
        do throws(CredentialsError) {
            guard let credentials = try option.credentials else { continue }
            check(credentials.source.carrier == .connection, "not from a connection")
        } catch {
            checkError(error)
        }
    }
    // Texts take longer than all the rest: one for each input, which its last byte chooses.
    let chosen = options[Int(bytes.last ?? 0) % options.count]
    check(!text(of: chosen).isEmpty, "no text")
    check(chosen.rubyInspect.hasPrefix("#<"), "not Ruby's text")
}

private func checkError(_ error: CredentialsError) {
    check(!text(of: error).isEmpty, "no text")
}

// The walk over a control buffer. The kernel wrote it, but it may have cut it short, and a decoder
// that also reads captured bytes of other machines cannot tell who wrote those.

/// Where an item of a control buffer is.
struct ControlItem: Hashable, Sendable {
    let level: Int32
    let type: Int32
    /// The indices of its data in the buffer, without header and padding.
    let data: Range<Int>
}

/// Why a walk ended before the end of the buffer.
public enum ControlFault: Hashable, Sendable {
    /// The `remaining` bytes at `offset` are too few for a header.
    case headerCut(offset: Int, remaining: Int)
    /// The header at `offset` gives a length that is below its own or reaches past the buffer.
    case length(UInt64, offset: Int)
}

/// A place in a control buffer. Yields each item once and in order, and nothing past the end.
struct ControlCursor: Sendable {
    private let format: ControlFormat
    /// The byte at which the next item starts, counted from the buffer's start.
    private var offset = 0
    /// Why there are no more items though the buffer has more bytes; nil before that.
    private(set) var fault: ControlFault?

    init(on platform: Platform = .current) {
        format = platform.controlFormat
    }

    /// The next item of `buffer`, which must be the same at each call; nil at its end, and where
    /// its header is malformed: nothing behind that can be trusted to be an item.
    mutating func next(in buffer: ArraySlice<UInt8>) -> ControlItem? {
        let remaining = buffer.count - offset
        guard fault == nil, remaining > 0 else { return nil }
        let start = buffer.startIndex + offset
        guard let header = try? format.readHeader(buffer[start...]) else {
            fault = .headerCut(offset: offset, remaining: remaining)
            return nil
        }
        guard header.length >= format.dataOffset, header.length <= remaining else {
            fault = .length(header.length, offset: offset)
            return nil
        }
        let length = Int(header.length)
        // The padding of the last item may be missing.
        offset += min(format.aligned(length), remaining)
        return ControlItem(
            level: header.level, type: header.type,
            data: start + format.dataOffset..<start + length)
    }
}

extension ControlFormat {
    fileprivate func readHeader(
        _ bytes: ArraySlice<UInt8>
    ) throws(Malformation) -> (length: UInt64, level: Int32, type: Int32) {
        var cursor = ByteCursor(bytes)
        let length = lengthSize == 8 ? try cursor.uint64() : UInt64(try cursor.uint32())
        return (length, try cursor.int32(), try cursor.int32())
    }
}

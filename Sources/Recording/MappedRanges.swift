// What is mapped where, as mmap(2) has it: a new mapping takes the place of whatever was there, and
// of what it overlaps the rest stays.

/// A range of addresses that something is mapped at.
public protocol MappedRange {
    /// The first address.
    var start: UInt64 { get }
    /// In bytes.
    var length: UInt64 { get }
    /// What is left of it between two addresses of its own.
    func cut(from start: UInt64, to end: UInt64) -> Self
}

extension MappedRange {
    /// The first address after it; one that would wrap ends at the last address.
    @inlinable
    public var end: UInt64 {
        let (end, isBeyond) = start.addingReportingOverflow(length)
        return isBeyond ? .max : end
    }
}

/// Mappings of one address space, disjoint and sorted by address.
public struct MappedRanges<Element: MappedRange> {
    public private(set) var elements: [Element] = []

    public init() {}

    /// Maps `new` over whatever was there: overlapped ranges are cut or go.
    ///
    /// - Returns: what went, and what is there in its place.
    @discardableResult
    public mutating func map(_ new: Element) -> (before: [Element], after: [Element]) {
        guard new.length > 0 else { return ([], []) }
        let first = firstIndex(endingAfter: new.start)
        var replacement: [Element] = []
        var index = first
        while index < elements.count, elements[index].start < new.end {
            let old = elements[index]
            if old.start < new.start { replacement.append(old.cut(from: old.start, to: new.start)) }
            if old.end > new.end { replacement.append(old.cut(from: new.end, to: old.end)) }
            index += 1
        }
        let position = replacement.first.map { $0.start < new.start ? 1 : 0 } ?? 0
        replacement.insert(new, at: position)
        let before = Array(elements[first..<index])
        elements.replaceSubrange(first..<index, with: replacement)
        return (before, replacement)
    }

    public func element(containing address: UInt64) -> Element? {
        let index = firstIndex(endingAfter: address)
        guard index < elements.count, elements[index].start <= address else { return nil }
        return elements[index]
    }

    /// The first element whose end is after `address`, by bisection.
    private func firstIndex(endingAfter address: UInt64) -> Int {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if elements[middle].end <= address { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension MappedRanges: Sendable where Element: Sendable {}

extension MemoryMapping: MappedRange {
    public func cut(from start: UInt64, to end: UInt64) -> MemoryMapping {
        var rest = self
        rest.fileOffset = fileOffset &+ (start - self.start)
        rest.start = start
        rest.length = end - start
        return rest
    }
}

// Address ranges that may nest, overlap or lie about themselves, in one sorted array.

/// Half-open address ranges with a value each, searched by address.
struct RangeIndex<Value> {
    struct Entry {
        var low: UInt64
        var high: UInt64
        var value: Value
    }

    private var entries: [Entry]
    /// For each entry, the greatest `high` up to and with it: where a search may stop.
    private var reach: [UInt64]

    /// Empty ranges are dropped. Of ranges with one start, the longest comes first.
    init(_ unsorted: [Entry]) {
        entries = unsorted.filter { $0.low < $0.high }
        entries.sort { ($0.low, $1.high) < ($1.low, $0.high) }
        reach = []
        reach.reserveCapacity(entries.count)
        var greatest: UInt64 = 0
        for entry in entries {
            greatest = max(greatest, entry.high)
            reach.append(greatest)
        }
    }

    var count: Int { entries.count }

    /// Every range, in the order of the starts.
    var ranges: [(low: UInt64, high: UInt64)] { entries.map { ($0.low, $0.high) } }

    /// The values of the ranges around `address`, the one with the nearest start first, `limit` of
    /// them at most.
    func values(around address: UInt64, limit: Int = 16) -> [Value] {
        var found: [Value] = []
        var position = partitionPoint(address)
        while position > 0, found.count < limit {
            position -= 1
            if reach[position] <= address { break }
            if entries[position].high > address { found.append(entries[position].value) }
        }
        return found
    }

    /// The number of ranges that start at or below `address`.
    private func partitionPoint(_ address: UInt64) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].low <= address { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

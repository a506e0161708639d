// The executable mappings of one process at one time. A report replays the recording's mapping
// records in the order of time, so that an address is looked up in what was mapped there then.

/// A mapping, or what later ones left of it.
struct MappedFile {
    var start: UInt64
    var length: UInt64
    /// The index of the mapping as it was made (`MappingRecord`).
    var record: Int

    /// The first address after it; a mapping that would wrap ends at the last address.
    var end: UInt64 { start.addingSaturated(length) }
}

/// The mappings of a process, disjoint and sorted by address.
struct AddressSpace {
    private(set) var mappings: [MappedFile] = []
    /// Equal numbers mean equal mappings: a fork's child shares its parent's until either changes.
    private(set) var generation: UInt32 = 0

    /// Maps a file over whatever was there: overlapped ranges are cut or go.
    mutating func map(_ new: MappedFile, generation: UInt32) {
        guard new.length > 0 else { return }
        self.generation = generation
        let first = firstIndex(endingAfter: new.start)
        var replacement: [MappedFile] = []
        var index = first
        while index < mappings.count, mappings[index].start < new.end {
            let old = mappings[index]
            if old.start < new.start { replacement.append(old.cut(from: old.start, to: new.start)) }
            if old.end > new.end { replacement.append(old.cut(from: new.end, to: old.end)) }
            index += 1
        }
        let position = replacement.first.map { $0.start < new.start ? 1 : 0 } ?? 0
        replacement.insert(new, at: position)
        mappings.replaceSubrange(first..<index, with: replacement)
    }

    /// Forgets everything, as execve(2) does.
    mutating func clear(generation: UInt32) {
        mappings = []
        self.generation = generation
    }

    func mapping(containing address: UInt64) -> MappedFile? {
        let index = firstIndex(endingAfter: address)
        guard index < mappings.count, mappings[index].start <= address else { return nil }
        return mappings[index]
    }

    /// The first mapping whose end is after `address`, by bisection.
    private func firstIndex(endingAfter address: UInt64) -> Int {
        var low = 0
        var high = mappings.count
        while low < high {
            let middle = (low + high) / 2
            if mappings[middle].end <= address { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension MappedFile {
    fileprivate func cut(from newStart: UInt64, to newEnd: UInt64) -> MappedFile {
        MappedFile(start: newStart, length: newEnd - newStart, record: record)
    }
}

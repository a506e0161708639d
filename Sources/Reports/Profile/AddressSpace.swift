// The executable mappings of one process at one time. A report replays the recording's mapping
// records in the order of time, so that an address is looked up in what was mapped there then.

internal import Recording

/// A mapping, or what later ones left of it.
struct MappedFile: MappedRange {
    var start: UInt64
    var length: UInt64
    /// The index of the mapping as it was made (`MappingRecord`).
    var record: Int

    func cut(from newStart: UInt64, to newEnd: UInt64) -> MappedFile {
        MappedFile(start: newStart, length: newEnd - newStart, record: record)
    }
}

/// The mappings of a process.
struct AddressSpace {
    private var ranges = MappedRanges<MappedFile>()
    /// Equal numbers mean equal mappings: a fork's child shares its parent's until either changes.
    private(set) var generation: UInt32 = 0

    var mappings: [MappedFile] { ranges.elements }

    /// Maps a file over whatever was there: overlapped ranges are cut or go.
    mutating func map(_ new: MappedFile, generation: UInt32) {
        guard new.length > 0 else { return }
        self.generation = generation
        ranges.map(new)
    }

    /// Forgets everything, as execve(2) does.
    mutating func clear(generation: UInt32) {
        ranges = MappedRanges()
        self.generation = generation
    }

    func mapping(containing address: UInt64) -> MappedFile? {
        ranges.element(containing: address)
    }
}

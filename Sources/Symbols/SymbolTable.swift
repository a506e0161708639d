// The function symbols of one file, for search by address. Pure: what libdwfl reads comes in as
// values (ELFSymbols).

/// One symbol-table entry that may name code.
struct SymbolEntry: Equatable {
    /// The entry's number in the table, by which its name is read.
    var index: CInt
    var address: UInt64
    /// 0 when the table does not say (hand-written assembly).
    var size: UInt64
    /// Where the entry's section ends: how far a size of 0 may reach.
    var sectionEnd: UInt64
    var binding: Binding
    /// `STT_FUNC` or `STT_GNU_IFUNC`; false for a bare label (`STT_NOTYPE`).
    var isFunction: Bool
    /// Underscores at the name's start: of two aliases, the public one has fewer.
    var underscores: Int

    enum Binding: Int {
        case global
        case weak
        case local
    }

    /// Which of several names at one address to show: the smallest.
    fileprivate var rank: (Int, Int, Int, Int, Int, CInt) {
        (
            isFunction ? 0 : 1, size == 0 ? 1 : 0, binding == .local ? 1 : 0, underscores,
            binding.rawValue, index
        )
    }
}

/// Function symbols sorted by address, one an address.
struct SymbolTable {
    private struct Named {
        var index: CInt
        var isSized: Bool
    }

    private let ranges: RangeIndex<Named>

    init(_ entries: [SymbolEntry]) {
        let sorted = entries.sorted {
            $0.address == $1.address ? $0.rank < $1.rank : $0.address < $1.address
        }
        var chosen: [SymbolEntry] = []
        chosen.reserveCapacity(sorted.count)
        for entry in sorted where entry.address != chosen.last?.address { chosen.append(entry) }
        var ranges: [RangeIndex<Named>.Entry] = []
        ranges.reserveCapacity(chosen.count)
        for (position, entry) in chosen.enumerated() {
            let next = position + 1 < chosen.count ? chosen[position + 1].address : UInt64.max
            let (sizedEnd, overflow) = entry.address.addingReportingOverflow(entry.size)
            let high = entry.size == 0 ? min(next, entry.sectionEnd) : sizedEnd
            ranges.append(
                .init(
                    low: entry.address, high: overflow ? UInt64.max : high,
                    value: Named(index: entry.index, isSized: entry.size > 0)))
        }
        self.ranges = RangeIndex(ranges)
    }

    /// The number of addresses that have a name.
    var count: Int { ranges.count }

    /// The symbol around `address`: the nearest one whose size covers it, or else the nearest of
    /// unknown size.
    func index(at address: UInt64) -> CInt? {
        let around = ranges.values(around: address)
        return (around.first(where: \.isSized) ?? around.first)?.index
    }
}

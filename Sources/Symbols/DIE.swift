// Reading one debugging information entry through libdw. A DIE is a cursor into the file that stays
// valid as long as the Dwarf it came from; whoever holds one keeps that alive.

internal import CElfutils

/// How many entries may still be visited in one file: sibling and child links are the file's own
/// word, and a crafted file could make a walk very long.
struct WalkBudget {
    var remaining = 200_000_000

    mutating func spend() -> Bool {
        remaining -= 1
        return remaining > 0
    }
}

/// A debugging information entry.
@safe
struct DIE {
    private var raw: Dwarf_Die

    static let mostRanges = 1 << 20

    init(_ raw: Dwarf_Die) { unsafe self.raw = unsafe raw }

    /// `DW_TAG_…`, or 0 when the entry cannot be read.
    var tag: Int {
        var raw = unsafe self.raw
        // SAFETY: here and below, the entry belongs to an open Dwarf, and libdw checks what it
        // follows against the section's bounds. It caches the abbreviation in its argument.
        return unsafe Int(max(0, dwarf_tag(&raw)))
    }

    var firstChild: DIE? {
        var raw = unsafe self.raw
        var child = unsafe Dwarf_Die()
        guard unsafe dwarf_child(&raw, &child) == 0 else { return nil }
        return unsafe DIE(child)
    }

    /// The next entry on this level; nil too when the link does not lead forward.
    var sibling: DIE? {
        var raw = unsafe self.raw
        var next = unsafe Dwarf_Die()
        guard unsafe dwarf_siblingof(&raw, &next) == 0,
            unsafe dwarf_dieoffset(&next) > dwarf_dieoffset(&raw)
        else { return nil }
        return unsafe DIE(next)
    }

    /// Whether the entry's code covers `address`.
    func covers(_ address: UInt64) -> Bool {
        var raw = unsafe self.raw
        return unsafe dwarf_haspc(&raw, address) == 1
    }

    /// The ranges of `DW_AT_ranges`, or of `DW_AT_low_pc` and `DW_AT_high_pc`.
    var ranges: [(low: UInt64, high: UInt64)] {
        var raw = unsafe self.raw
        var ranges: [(low: UInt64, high: UInt64)] = []
        var (base, low, high): (Dwarf_Addr, Dwarf_Addr, Dwarf_Addr) = (0, 0, 0)
        var position = 0
        while ranges.count < Self.mostRanges {
            position = unsafe dwarf_ranges(&raw, position, &base, &low, &high)
            if position <= 0 { break }
            ranges.append((low, high))
        }
        return ranges
    }

    /// `DW_AT_linkage_name`, also of the entry this one is an instance of.
    var linkageName: String? {
        string(DW_AT_linkage_name) ?? string(DW_AT_MIPS_linkage_name)
    }

    /// `DW_AT_name`, also of the entry this one is an instance of.
    var name: String? { string(DW_AT_name) }

    /// `DW_AT_comp_dir`.
    var compilationDirectory: String? { string(DW_AT_comp_dir) }

    /// Whether a unit's `DW_AT_language` is the assembler's.
    var isAssembly: Bool {
        var raw = unsafe self.raw
        return unsafe dwarf_srclang(&raw) == DW_LANG_Mips_Assembler
    }

    /// An unsigned constant of this very entry, such as `DW_AT_call_line`.
    func unsigned(_ attribute: Int) -> UInt64? {
        var raw = unsafe self.raw
        var value = unsafe Dwarf_Attribute()
        var number: Dwarf_Word = 0
        guard unsafe dwarf_attr(&raw, UInt32(attribute), &value) != nil,
            unsafe dwarf_formudata(&value, &number) == 0
        else { return nil }
        return number
    }

    private func string(_ attribute: Int) -> String? {
        var raw = unsafe self.raw
        var value = unsafe Dwarf_Attribute()
        guard unsafe dwarf_attr_integrate(&raw, UInt32(attribute), &value) != nil,
            let text = unsafe dwarf_formstring(&value)
        else { return nil }
        return unsafe String(cString: text)
    }

    /// Runs `body` with libdw's own structure, for the calls that take a unit's entry.
    func withRaw<Result>(_ body: (UnsafeMutablePointer<Dwarf_Die>) -> Result) -> Result {
        var raw = unsafe self.raw
        return unsafe body(&raw)
    }
}

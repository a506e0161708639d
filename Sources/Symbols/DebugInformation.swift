// The DWARF of one module: which compilation unit covers an address, which function of it, and what
// was inlined there. The index of the units is ours because clang and swiftc write no
// .debug_aranges, which dwarf_addrdie(3) needs.

internal import CElfutils

/// A module's DWARF, indexed when it is first asked.
@safe
final class DebugInformation {
    private let dwarf: OpaquePointer
    /// What to take off a module's address for the debug file's (prelinked files; usually 0).
    private let bias: UInt64
    private let identity: ELFIdentity
    private var units: [CompilationUnit] = []
    private var ranges = RangeIndex<Int>([])
    private var walk = WalkBudget()

    /// Nil when neither the file nor its debug file has DWARF.
    @unsafe init?(_ module: OpaquePointer, _ identity: ELFIdentity) {
        var bias: Dwarf_Addr = 0
        // SAFETY: the caller keeps the module's session alive longer than this object.
        guard let dwarf = unsafe dwfl_module_getdwarf(module, &bias) else { return nil }
        unsafe self.dwarf = unsafe dwarf
        self.bias = bias
        self.identity = identity
        indexUnits()
    }

    /// The functions at `address` of the module, innermost first.
    func frames(at address: UInt64) -> [RawFrame] {
        let address = address &- bias
        var withoutFunction: [RawFrame] = []
        for unit in ranges.values(around: address) {
            let frames = units[unit].frames(at: address, identity, &walk)
            if frames.first?.sourceName != nil || frames.first?.linkerName != nil { return frames }
            if withoutFunction.isEmpty { withoutFunction = frames }
        }
        return withoutFunction
    }

    private func indexUnits() {
        var entries: [RangeIndex<Int>.Entry] = []
        var current: OpaquePointer?
        var die = unsafe Dwarf_Die()
        // SAFETY: libdw owns the units as long as the Dwarf lives; the DIE is a copy.
        while true {
            var next: OpaquePointer?
            var version: Dwarf_Half = 0
            var kind: UInt8 = 0
            let result = unsafe dwarf_get_units(
                dwarf, current, &next, &version, &kind, &die, nil)
            guard result == 0, let next = unsafe next else { break }
            unsafe current = unsafe next
            guard unsafe [DW_TAG_compile_unit, DW_TAG_skeleton_unit].contains(DIE(die).tag) else {
                continue
            }
            let unit = unsafe CompilationUnit(die)
            for range in unit.ranges(identity, bias, &walk) {
                entries.append(.init(low: range.low, high: range.high, value: units.count))
            }
            units.append(unit)
        }
        ranges = RangeIndex(entries)
    }
}

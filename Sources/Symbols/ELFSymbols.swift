// The symbol table as libdwfl joins it: the file's `.symtab`, else its debug file's, else
// `.dynsym`, with what `.gnu_debugdata` holds added to the last.

internal import CElfutils

enum ELFSymbols {
    /// Every entry of the module's table that may name code in an executable segment.
    @unsafe static func read(_ module: OpaquePointer, _ identity: ELFIdentity) -> [SymbolEntry] {
        // SAFETY: the caller keeps the module's session alive; libdwfl checks each index.
        let count = unsafe dwfl_module_getsymtab(module)
        var entries: [SymbolEntry] = []
        entries.reserveCapacity(max(0, Int(count)))
        for index in 0..<max(0, count) {
            if let entry = unsafe entry(module, index), identity.isCode(entry.address) {
                entries.append(entry)
            }
        }
        return entries
    }

    /// The name of entry `index`.
    @unsafe static func name(_ module: OpaquePointer, _ index: CInt) -> String? {
        var symbol = GElf_Sym()
        var address: GElf_Addr = 0
        // SAFETY: the name points into the file's string table, checked by libelf to end there.
        let name = unsafe dwfl_module_getsym_info(
            module, index, &symbol, &address, nil, nil, nil)
        return unsafe name.map { unsafe String(cString: $0) }
    }

    private static func entry(_ module: OpaquePointer, _ index: CInt) -> SymbolEntry? {
        var symbol = GElf_Sym()
        var address: GElf_Addr = 0
        var section: GElf_Word = 0
        var elf: OpaquePointer?
        // SAFETY: as in `name`; the results are copied to this frame.
        let name = unsafe dwfl_module_getsym_info(
            module, index, &symbol, &address, &section, &elf, nil)
        guard let name = unsafe name, let binding = binding(of: symbol),
            section != SHN_UNDEF, section != SHN_ABS
        else { return nil }
        let type = CInt(symbol.st_info & 0xf)
        let isFunction = type == STT_FUNC || type == STT_GNU_IFUNC
        let isLabel = unsafe type == STT_NOTYPE && isLabel(name)
        guard isFunction || isLabel else { return nil }
        return SymbolEntry(
            index: index, address: address, size: symbol.st_size,
            sectionEnd: symbol.st_size == 0 ? unsafe sectionEnd(elf, section) : 0,
            binding: binding, isFunction: isFunction, underscores: unsafe underscores(name))
    }

    private static func binding(of symbol: GElf_Sym) -> SymbolEntry.Binding? {
        switch CInt(symbol.st_info >> 4) {
        case STB_GLOBAL, STB_GNU_UNIQUE: .global
        case STB_WEAK: .weak
        case STB_LOCAL: .local
        default: nil
        }
    }

    /// Whether an untyped symbol is a name for people: not empty, and not one of the assembler's
    /// own (`$x` on AArch64, `.L4`).
    private static func isLabel(_ name: UnsafePointer<CChar>) -> Bool {
        // SAFETY: a C string has at least its end.
        let first = unsafe name.pointee
        return first != 0 && first != CChar(UInt8(ascii: "$")) && first != CChar(UInt8(ascii: "."))
    }

    private static func underscores(_ name: UnsafePointer<CChar>) -> Int {
        var count = 0
        // SAFETY: the count stops at the string's end at the latest.
        while unsafe name[count] == CChar(UInt8(ascii: "_")) { count += 1 }
        return count
    }

    private static func sectionEnd(_ elf: OpaquePointer?, _ section: GElf_Word) -> UInt64 {
        var header = GElf_Shdr()
        // SAFETY: libelf checks the index; a null handle or section gives null.
        guard let section = unsafe elf_getscn(elf, Int(section)),
            unsafe gelf_getshdr(section, &header) != nil
        else { return 0 }
        let (end, overflow) = header.sh_addr.addingReportingOverflow(header.sh_size)
        return overflow ? 0 : end
    }
}

// One compilation unit: its functions by address, what was inlined into them, and its line table.
// dwarf_getscopes(3) walks the whole unit for each address; a Swift module is one unit, so the
// functions are indexed at the first question and only the inlined tree below one is walked.

internal import CElfutils

@safe
final class CompilationUnit {
    private let die: DIE
    private var functions: RangeIndex<DIE>?
    private lazy var compilationDirectory = die.compilationDirectory

    static let deepestNesting = 256

    @unsafe init(_ die: Dwarf_Die) { self.die = unsafe DIE(die) }

    /// The unit's code: what its entry says, or its functions' where it says nothing.
    /// Ranges outside the executable segments are functions the linker dropped.
    func ranges(_ identity: ELFIdentity, _ bias: UInt64, _ walk: inout WalkBudget)
        -> [(low: UInt64, high: UInt64)]
    {
        let own = die.ranges.filter { identity.isCode($0.low &+ bias) }
        if !own.isEmpty { return own }
        return index(&walk).ranges.filter { identity.isCode($0.low &+ bias) }
    }

    /// The functions at `address`, innermost first. One frame without a name when only the line
    /// table knows the address.
    func frames(at address: UInt64, _ identity: ELFIdentity, _ walk: inout WalkBudget)
        -> [RawFrame]
    {
        var position = linePosition(at: address)
        guard let function = index(&walk).values(around: address, limit: 1).first else {
            return position.map { [RawFrame(file: $0.file, line: $0.line)] } ?? []
        }
        var frames: [RawFrame] = []
        for scope in inlineChain(in: function, at: address, &walk).reversed() {
            frames.append(
                RawFrame(
                    linkerName: scope.linkageName, sourceName: scope.name, file: position?.file,
                    line: position?.line ?? 0, isInlined: scope.tag == DW_TAG_inlined_subroutine))
            position = callPosition(of: scope)
        }
        return frames
    }

    private func index(_ walk: inout WalkBudget) -> RangeIndex<DIE> {
        if let functions { return functions }
        // as(1) describes a label with each of its aliases; the symbol table knows which to prefer.
        let index = RangeIndex(die.isAssembly ? [] : functionEntries(&walk))
        functions = index
        return index
    }

    /// Every function with code, wherever it is nested; in depth, with the way back on a stack.
    private func functionEntries(_ walk: inout WalkBudget) -> [RangeIndex<DIE>.Entry] {
        var entries: [RangeIndex<DIE>.Entry] = []
        var parents: [DIE] = []
        var next = die.firstChild
        while walk.spend() {
            guard let current = next else {
                guard let parent = parents.popLast() else { break }
                next = parent.sibling
                continue
            }
            let tag = current.tag
            if tag == DW_TAG_subprogram {
                for range in current.ranges {
                    entries.append(.init(low: range.low, high: range.high, value: current))
                }
            }
            if Self.mayHoldFunctions(tag), parents.count < Self.deepestNesting,
                let child = current.firstChild
            {
                parents.append(current)
                next = child
            } else {
                next = current.sibling
            }
        }
        return entries
    }

    private static func mayHoldFunctions(_ tag: Int) -> Bool {
        switch tag {
        case DW_TAG_subprogram, DW_TAG_lexical_block, DW_TAG_namespace, DW_TAG_module,
            DW_TAG_class_type, DW_TAG_structure_type, DW_TAG_union_type, DW_TAG_interface_type,
            DW_TAG_enumeration_type, DW_TAG_variant_part, DW_TAG_variant:
            true
        default: false
        }
    }

    /// `function` and the calls inlined around `address`, outermost first.
    private func inlineChain(in function: DIE, at address: UInt64, _ walk: inout WalkBudget)
        -> [DIE]
    {
        var chain = [function]
        var next = function.firstChild
        var depth = 0
        while let current = next, walk.spend() {
            let tag = current.tag
            guard Self.isScope(tag), current.covers(address), depth < Self.deepestNesting else {
                next = current.sibling
                continue
            }
            if tag == DW_TAG_inlined_subroutine { chain.append(current) }
            depth += 1
            next = current.firstChild
        }
        return chain
    }

    private static func isScope(_ tag: Int) -> Bool {
        switch tag {
        case DW_TAG_inlined_subroutine, DW_TAG_lexical_block, DW_TAG_try_block,
            DW_TAG_catch_block, DW_TAG_with_stmt:
            true
        default: false
        }
    }

    /// The line table's row for `address`.
    private func linePosition(at address: UInt64) -> (file: String, line: UInt32)? {
        // SAFETY: the entry is the unit's own; libdw keeps the table it returns a row of.
        let position: (file: String, line: UInt32)? = unsafe die.withRaw { raw in
            guard let row = unsafe dwarf_getsrc_die(raw, address),
                let file = unsafe dwarf_linesrc(row, nil, nil)
            else { return nil }
            var line: CInt = 0
            guard unsafe dwarf_lineno(row, &line) == 0 else { return nil }
            return unsafe (String(cString: file), UInt32(clamping: line))
        }
        return position.map { (shownPath($0.file), $0.line) }
    }

    /// Where an inlined function was called: `DW_AT_call_file` and `DW_AT_call_line`.
    private func callPosition(of scope: DIE) -> (file: String, line: UInt32)? {
        guard let number = scope.unsigned(DW_AT_call_file),
            let line = scope.unsigned(DW_AT_call_line)
        else { return nil }
        // SAFETY: as above; dwarf_filesrc checks the number against the table.
        let position: (file: String, line: UInt32)? = unsafe die.withRaw { raw in
            var files: OpaquePointer?
            var count = 0
            guard unsafe dwarf_getsrcfiles(raw, &files, &count) == 0,
                let number = Int(exactly: number), number < count,
                let file = unsafe dwarf_filesrc(files, number, nil, nil)
            else { return nil }
            return unsafe (String(cString: file), UInt32(clamping: line))
        }
        return position.map { (shownPath($0.file), $0.line) }
    }

    /// The path with the compilation directory before it where libdw left that out, and without
    /// any directory for what is no file, `<compiler-generated>`.
    private func shownPath(_ path: String) -> String {
        let name = path[path.lastComponentStart...]
        if name.hasPrefix("<"), name.hasSuffix(">") { return String(name) }
        guard !path.hasPrefix("/"), let home = compilationDirectory,
            !path.hasPrefix(home + "/")
        else { return path }
        return "\(home)/\(path)"
    }
}

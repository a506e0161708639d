// The running kernel's symbols out of /proc/kallsyms (kernel/kallsyms.c): one line each,
// `ffffffff81000040 T name` and, for a module's, a tab and `[module]`. The file is opened by
// whoever may read the addresses and handed over as a descriptor.

public import LinuxSystem

/// Why there are no kernel symbols.
public enum KernelSymbolsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Every address is zero: the opener may not see them (`kernel.kptr_restrict`, CAP_SYSLOG).
    case restricted
    case empty
    /// A line that is not kallsyms'; counted from 1.
    case malformed(line: Int)
    case unreadable(RegularFileError)

    public var description: String {
        switch self {
        case .restricted:
            "The kernel hides its addresses from this user: /proc/kallsyms has only zeros. "
                + "kernel.kptr_restrict=1 shows them to CAP_SYSLOG."
        case .empty: "/proc/kallsyms is empty: the kernel has no symbol table."
        case .malformed(let line): "Line \(line) of the kernel's symbols cannot be understood."
        case .unreadable(let error): "The kernel's symbols cannot be read: \(error)"
        }
    }
}

/// The kernel's functions, sorted by address.
public struct KernelSymbols: Sendable {
    /// A kernel function's name, and the module it belongs to.
    public struct Symbol: Equatable, Sendable {
        public var name: String
        public var module: String?
    }

    /// A text is not read past this; today's are about 10 MB.
    public static let longestText = 1 << 28

    private let text: [UInt8]
    private let entries: [KallsymsEntry]

    /// Reads a descriptor of /proc/kallsyms from its start.
    ///
    /// - Throws: `KernelSymbolsError`.
    public init(kallsyms: borrowing OwnedDescriptor) throws(KernelSymbolsError) {
        let text: [UInt8]
        do throws(RegularFileError) {
            text = try RegularFile.contents(of: kallsyms, limit: Self.longestText)
        } catch {
            throw .unreadable(error)
        }
        try self.init(text: text)
    }

    init(text: [UInt8]) throws(KernelSymbolsError) {
        var parser = KallsymsParser()
        var entries = try parser.parse(text.span)
        guard !entries.isEmpty else { throw .empty }
        guard entries.contains(where: { $0.address != 0 }) else { throw .restricted }
        entries.sort { ($0.address, $0.rank) < ($1.address, $1.rank) }
        self.text = text
        self.entries = entries
    }

    /// The function around `runtimeAddress`: the last symbol at or below it, if that is code.
    public func symbol(at runtimeAddress: UInt64) -> Symbol? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].address <= runtimeAddress { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        var first = low - 1
        let address = entries[first].address
        while first > 0, entries[first - 1].address == address { first -= 1 }
        let entry = entries[first]
        guard entry.isCode else { return nil }
        return Symbol(name: string(entry.name), module: entry.module.map(string))
    }

    private func string(_ range: Range<UInt32>) -> String {
        String(decoding: text[Int(range.lowerBound)..<Int(range.upperBound)], as: UTF8.self)
    }
}

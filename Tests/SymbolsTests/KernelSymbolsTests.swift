import LinuxSystem
import Testing

@testable import Symbols

struct KernelSymbolsTests {
    private static let text = """
        ffffffff81000000 T _stext
        ffffffff81000100 t local_alias
        ffffffff81000100 T vfs_read
        ffffffff81000200 W weak_one
        ffffffff81000300 D _etext
        ffffffffc0001000 t nf_hook\t[nf_conntrack]
        ffffffffc0002000 t _ZN4core3fmt5write17h0123456789abcdefE\t[rust_module]
        ffffffffc0000000 t first_of_module\t[other]
        0000000000000000 A fixed_percpu_data

        """

    private func symbols(_ text: String) throws -> KernelSymbols {
        try KernelSymbols(text: Array(text.utf8))
    }

    @Test(
        arguments: [
            (0xffff_ffff_8100_0000, "_stext", nil), (0xffff_ffff_8100_00ff, "_stext", nil),
            (0xffff_ffff_8100_0100, "vfs_read", nil), (0xffff_ffff_8100_0250, "weak_one", nil),
            (0xffff_ffff_8100_0300, nil, nil), (0xffff_ffff_bfff_ffff, nil, nil),
            (0xffff_ffff_c000_0010, "first_of_module", "other"),
            (0xffff_ffff_c000_1fff, "nf_hook", "nf_conntrack"), (0xffff, nil, nil),
        ] as [(UInt64, String?, String?)])
    func `an address belongs to the last code symbol at or below it`(
        address: UInt64, name: String?, module: String?
    ) throws {
        let found = try symbols(Self.text).symbol(at: address)
        #expect(found == name.map { KernelSymbols.Symbol(name: $0, module: module) })
    }

    @Test func `a module's function is shown with the module, and demangled`() throws {
        let symbolizer = Symbolizer(kernelSymbols: try symbols(Self.text))
        #expect(
            symbolizer.kernelFrame(at: 0xffff_ffff_c000_1000)
                == SourceFrame(function: "nf_hook [nf_conntrack]"))
        #expect(
            symbolizer.kernelFrame(at: 0xffff_ffff_c000_2000)
                == SourceFrame(
                    function: "core::fmt::write [rust_module]",
                    mangledName: "_ZN4core3fmt5write17h0123456789abcdefE"))
        #expect(symbolizer.kernelFrame(at: 0x1000) == nil)
    }

    @Test func `without kernel symbols there is no kernel frame`() {
        #expect(Symbolizer(kernelSymbols: nil).kernelFrame(at: 0xffff_ffff_8100_0000) == nil)
    }

    @Test func `only zeros mean that the reader may not see the addresses`() {
        #expect(throws: KernelSymbolsError.restricted) {
            try symbols("0000000000000000 T _stext\n0000000000000000 t foo\t[bar]\n")
        }
    }

    @Test func `no line at all is an empty table`() {
        #expect(throws: KernelSymbolsError.empty) { try symbols("") }
    }

    @Test(arguments: [
        "zz T a", "ffff T", "ffff T ", "ffffT a", "ffff  a", "ffff T a [b", "ffff T a b",
        "ffff T a [b] c", " T a", "11112222333344445 T a", "\n", "ffff T a []x",
    ])
    func `a line of another form is refused with its number`(line: String) {
        #expect(throws: KernelSymbolsError.malformed(line: 2)) {
            try symbols("1000 T a\n\(line)\n2000 T b\n")
        }
    }

    @Test func `every truncation is read or refused`() {
        let bytes = Array(Self.text.utf8)
        for length in 0..<bytes.count {
            _ = try? KernelSymbols(text: Array(bytes[..<length]))
        }
    }

    @Test func `the running kernel's table is read, or said to be restricted`() throws {
        let file = try RegularFile.open("/proc/kallsyms")
        do throws(KernelSymbolsError) {
            let symbols = try KernelSymbols(kallsyms: file)
            let line = try? Shell.run("grep -m1 -E ' T (vfs_read|ksys_read)$' /proc/kallsyms")
            guard let fields = line?.trimmed.split(separator: " "), fields.count == 3,
                let address = UInt64(fields[0], radix: 16)
            else { return }
            #expect(symbols.symbol(at: address + 1)?.name == String(fields[2]))
        } catch {
            #expect(error == .restricted || error == .empty)
        }
    }
}

import Testing

@testable import Symbols

struct SymbolTableTests {
    private func entry(
        _ index: CInt, at address: UInt64, size: UInt64 = 0,
        _ binding: SymbolEntry.Binding = .global, isFunction: Bool = true, underscores: Int = 0,
        sectionEnd: UInt64 = 0x1000
    ) -> SymbolEntry {
        SymbolEntry(
            index: index, address: address, size: size, sectionEnd: sectionEnd, binding: binding,
            isFunction: isFunction, underscores: underscores)
    }

    @Test(
        arguments: [(0xff, nil), (0x100, 1), (0x10f, 1), (0x110, nil), (0x200, 2), (0x2ff, 2)]
            as [(UInt64, CInt?)])
    func `a symbol covers its size and no more`(address: UInt64, expected: CInt?) {
        let table = SymbolTable([entry(2, at: 0x200, size: 0x100), entry(1, at: 0x100, size: 0x10)])
        #expect(table.index(at: address) == expected)
    }

    @Test(
        arguments: [(0x100, 1), (0x1ff, 1), (0x200, 2), (0x7ff, 2), (0x800, nil)]
            as [(UInt64, CInt?)])
    func `a symbol of size 0 reaches to the next, or to its section's end`(
        address: UInt64, expected: CInt?
    ) {
        let table = SymbolTable([
            entry(1, at: 0x100), entry(2, at: 0x200, sectionEnd: 0x800),
        ])
        #expect(table.index(at: address) == expected)
    }

    @Test func `a label inside a function does not hide it`() {
        let table = SymbolTable([
            entry(1, at: 0x100, size: 0x100), entry(2, at: 0x140, isFunction: false),
        ])
        #expect(table.index(at: 0x150) == 1)
    }

    @Test(arguments: [
        ("global before local", 0, 1), ("weak before local", 2, 1), ("fewer underscores", 2, 3),
        ("global before weak", 0, 2), ("function before label", 1, 4), ("sized first", 1, 5),
    ])
    func `of several names at one address the better is taken`(_: String, better: Int, worse: Int) {
        let choices = [
            entry(10, at: 0x100, size: 8), entry(11, at: 0x100, size: 8, .local),
            entry(12, at: 0x100, size: 8, .weak),
            entry(13, at: 0x100, size: 8, .global, underscores: 2),
            entry(14, at: 0x100, size: 8, .global, isFunction: false), entry(15, at: 0x100),
        ]
        let pair = [choices[worse], choices[better]]
        #expect(SymbolTable(pair).index(at: 0x100) == choices[better].index)
        #expect(SymbolTable(pair.reversed()).index(at: 0x100) == choices[better].index)
    }

    @Test func `a size past the end of the address space is cut`() {
        let table = SymbolTable([entry(1, at: 0x100, size: UInt64.max)])
        #expect(table.index(at: UInt64.max - 1) == 1)
    }

    @Test func `an empty table answers nothing`() {
        #expect(SymbolTable([]).index(at: 0) == nil)
    }
}

import Testing

@testable import Recording

/// A stack table and what it wrote, which a reader's tree takes in.
private struct Interning {
    var table: StackTable
    var nodes = StackNodes()

    init(limit: Int = 1 << 16) { table = StackTable(limit: limit) }

    /// Interns the chain, hands new nodes to the reader's tree and counts them.
    mutating func intern(_ chain: [UInt64]) throws -> (node: UInt32, new: Int) {
        var entries = Encoder()
        let node = table.intern(chain.span, defining: &entries)
        if entries.isEmpty { return (node, 0) }
        var cursor = Cursor(entries.storage, offset: 1, end: entries.count)
        let end = try cursor.enterBody()
        let definition = try nodes.insert(from: &cursor)
        cursor.leaveBody(outerEnd: end)
        #expect(cursor.remaining == 0)
        return (node, definition.addresses.count)
    }
}

struct StackTableTests {
    @Test func `the empty chain is node 0`() throws {
        var interning = Interning()
        #expect(try interning.intern([]) == (0, 0))
    }

    @Test func `chains share the frames of their callers`() throws {
        var interning = Interning()
        #expect(try interning.intern([3, 2, 1]) == (3, 3))
        #expect(try interning.intern([3, 2, 1]) == (3, 0))
        #expect(try interning.intern([2, 1]) == (2, 0))
        #expect(try interning.intern([4, 2, 1]) == (4, 1))
        #expect(try interning.intern([1]) == (1, 0))
        #expect(try interning.intern([1, 2, 3]) == (7, 3))
    }

    @Test func `chains that differ in length by zeros are different`() throws {
        var interning = Interning()
        for count in 1...9 {
            #expect(
                try interning.intern([UInt64](repeating: 0, count: count)) == (UInt32(count), 1))
        }
        for count in 1...9 {
            #expect(
                try interning.intern([UInt64](repeating: 0, count: count)) == (UInt32(count), 0))
        }
    }

    @Test func `a chain as long as a perf record comes back`() throws {
        var interning = Interning()
        let chain = (0..<8192).map { UInt64($0) << 40 | 0xffff_0000_0000_0000 }
        let node = try interning.intern(chain).node
        #expect(interning.nodes.callchain(of: node) == chain)
        #expect(try interning.intern(chain) == (node, 0))
    }

    @Test func `every chain of many comes back, cached or not`() throws {
        var interning = Interning(limit: 1 << 20)
        var random = SystemRandomNumberGenerator()
        var chains: [[UInt64]] = []
        for _ in 0..<20_000 {
            let depth = Int.random(in: 0...12, using: &random)
            chains.append((0..<depth).map { _ in UInt64.random(in: 0..<40, using: &random) })
        }
        for chain in chains + chains.shuffled() {
            let node = try interning.intern(chain).node
            #expect(interning.nodes.callchain(of: node) == chain)
        }
        #expect(interning.table.resets == 0)
    }

    @Test func `a full table begins anew and loses no frame`() throws {
        var interning = Interning(limit: 0)
        for round in 0..<3 {
            for first in 0..<5000 as Range<UInt64> {
                let chain = [first, first + 1, 7]
                let node = try interning.intern(chain).node
                #expect(interning.nodes.callchain(of: node) == chain)
                #expect(interning.table.count <= StackTable.longestChain)
            }
            #expect(interning.table.resets > round)
        }
    }
}

struct SeededTableTests {
    @Test func `keys keep their values while the table grows`() {
        var table = SeededTable(capacity: 1)
        for key in 1...5000 as ClosedRange<UInt32> {
            table.insert(key, group: key % 7, key: UInt64(key) << 32)
        }
        #expect(table.count == 5000)
        for key in 1...5000 as ClosedRange<UInt32> {
            #expect(table.value(group: key % 7, key: UInt64(key) << 32) == key)
            #expect(table.value(group: key % 7 + 1, key: UInt64(key) << 32) == 0)
        }
        table.removeAll()
        #expect(table.value(group: 1, key: 1 << 32) == 0)
    }
}

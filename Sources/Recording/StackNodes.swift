// The reader's side of the stack tree: what `StackTable` numbered, by number.

/// The stacks that a recording has defined so far.
struct StackNodes: Sendable {
    // Node 0, the root, has no frame; it is kept so that a number is an index.
    private var addresses: [UInt64] = [0]
    private var parents: [UInt32] = [0]
    /// The nodes of earlier buckets: the file's node 1 is the one after them.
    private var base: UInt32 = 0

    /// How many nodes there are, with the root: the next node's number.
    var count: Int { addresses.count }

    /// Begins to count anew, as a bucket of the file does. The nodes there are stay.
    mutating func beginBucket() { base = UInt32(count - 1) }

    /// The node that the file calls `number` now; nil where there is none.
    func node(_ number: UInt32) -> UInt32? {
        if number == 0 { return 0 }
        let (node, isBeyond) = number.addingReportingOverflow(base)
        return !isBeyond && node < addresses.count ? node : nil
    }

    func parent(of node: UInt32) -> UInt32 { parents[Int(node)] }

    func address(of node: UInt32) -> UInt64 { addresses[Int(node)] }

    /// The addresses from `node` to the root, innermost first.
    func callchain(of node: UInt32) -> [UInt64] {
        var chain: [UInt64] = []
        var node = Int(node)
        // A parent was there before its children, so the walk ends.
        while node != 0 {
            chain.append(addresses[node])
            node = Int(parents[node])
        }
        return chain
    }

    /// Reads the body of a stack entry and adds its nodes: all of them, or none.
    mutating func insert(from body: inout Cursor) throws(RecordingError) -> StackDefinition {
        let start = body.offset
        guard let parent = node(try body.word()) else {
            throw .damaged(.unknownParent, offset: start)
        }
        let frames = try body.count()
        guard frames <= Int(UInt32.max) - count else {
            throw .damaged(.tooManyStacks, offset: start)
        }
        var definition = StackDefinition(firstID: UInt32(count), parent: parent, addresses: [])
        definition.addresses.reserveCapacity(frames)
        var above = address(of: parent)
        for _ in 0..<frames {
            above = try body.varint(after: above)
            definition.addresses.append(above)
        }
        var parentOfNext = parent
        for address in definition.addresses {
            addresses.append(address)
            parents.append(parentOfNext)
            parentOfNext = UInt32(addresses.count - 1)
        }
        return definition
    }
}

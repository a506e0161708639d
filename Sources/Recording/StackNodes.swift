// The reader's side of the stack tree: what `StackTable` numbered, by number.

/// The stacks that a recording has defined so far.
struct StackNodes: Sendable {
    // Node 0, the root, has no frame; it is kept so that a number is an index.
    private var addresses: [UInt64] = [0]
    private var parents: [UInt32] = [0]

    /// How many nodes there are, with the root: the next node's number.
    var count: Int { addresses.count }

    func contains(_ node: UInt32) -> Bool { node < addresses.count }

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
        let parent = try body.word()
        guard contains(parent) else { throw .damaged(.unknownParent, offset: start) }
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

// The profile's stacks by function: what a flame graph draws and a folded file lists. Locations of
// one function merge, inlined functions get frames of their own.

/// A function as a frame of a stack; the same function called and inlined are two frames.
struct CallFrame: Hashable, Sendable {
    var function: Int
    var isInlined: Bool
}

/// A prefix tree of call frames, as flat arrays: node 0 is the root, a parent precedes its
/// children.
struct CallTree: Sendable {
    private(set) var parents: [Int32] = [0]
    /// Indices into `frames`; the root's is -1.
    private(set) var frameIndices: [Int32] = [-1]
    private(set) var frames: [CallFrame] = []
    /// For each node of the profile's stacks, the node here.
    private(set) var nodeOfStack: [Int32] = [0]

    var count: Int { parents.count }

    init(_ profile: Profile) {
        var frames = Table<CallFrame>()
        let framesOfLocation = profile.locations.map { location in
            location.lines.reversed().map { line in
                Int32(
                    frames.index(of: CallFrame(function: line.function, isInlined: line.isInlined)))
            }
        }
        var children: [UInt64: Int32] = [:]
        nodeOfStack.reserveCapacity(profile.stacks.count)
        for stack in 1..<max(profile.stacks.count, 1) {
            var node = nodeOfStack[Int(profile.stacks.parents[stack])]
            for frame in framesOfLocation[Int(profile.stacks.locations[stack])] {
                let key = UInt64(node) << 32 | UInt64(frame)
                if let known = children[key] {
                    node = known
                } else {
                    parents.append(node)
                    frameIndices.append(frame)
                    node = Int32(count - 1)
                    children[key] = node
                }
            }
            nodeOfStack.append(node)
        }
        self.frames = frames.values
    }

    /// Turns each node's own value into the value of its subtree.
    func accumulate(_ values: inout [UInt64]) {
        for node in stride(from: count - 1, to: 0, by: -1) {
            let parent = Int(parents[node])
            values[parent] = values[parent].addingSaturated(values[node])
        }
    }

    /// The node's frames, outermost first.
    func path(to node: Int32) -> [Int32] {
        var path: [Int32] = []
        var node = node
        while node != 0 {
            path.append(frameIndices[Int(node)])
            node = parents[Int(node)]
        }
        path.reverse()
        return path
    }

    /// The nodes depth first, siblings by `totals`, the greatest first; the root leads.
    func preorder(by totals: [UInt64]) -> [Int32] {
        let siblings = (1..<max(count, 1)).sorted { left, right in
            if parents[left] != parents[right] { return parents[left] < parents[right] }
            if totals[left] != totals[right] { return totals[left] > totals[right] }
            return left < right
        }
        var firstChild = [Int](repeating: siblings.count, count: count + 1)
        for (position, node) in siblings.enumerated().reversed() {
            firstChild[Int(parents[node])] = position
        }
        var order: [Int32] = []
        order.reserveCapacity(count)
        var pending: [Int32] = [0]
        while let node = pending.popLast() {
            order.append(node)
            var end = firstChild[Int(node)]
            while end < siblings.count, parents[siblings[end]] == node { end += 1 }
            for position in (firstChild[Int(node)]..<end).reversed() {
                pending.append(Int32(siblings[position]))
            }
        }
        return order
    }
}

/// How much of an event was spent in each function.
struct FunctionTotals {
    struct Row {
        var function: Int
        /// Samples and weight in the function itself.
        var selfCount: UInt64 = 0
        var selfWeight: UInt64 = 0
        /// In it and what it called; a recursive function counts a sample once.
        var totalCount: UInt64 = 0
        var totalWeight: UInt64 = 0
    }

    /// The greatest self weight first; only functions that were seen.
    let rows: [Row]

    init(_ profile: Profile, event: Int) {
        let tree = CallTree(profile)
        var counts = [UInt64](repeating: 0, count: tree.count)
        var weights = counts
        for sample in profile.samples where sample.event == event {
            let node = Int(tree.nodeOfStack[Int(sample.stack)])
            counts[node] = counts[node].addingSaturated(sample.count)
            weights[node] = weights[node].addingSaturated(sample.weight)
        }
        var rows = profile.functions.indices.map { Row(function: $0) }
        for node in 1..<max(tree.count, 1) {
            let function = tree.frames[Int(tree.frameIndices[node])].function
            rows[function].selfCount = rows[function].selfCount.addingSaturated(counts[node])
            rows[function].selfWeight = rows[function].selfWeight.addingSaturated(weights[node])
        }
        tree.accumulate(&counts)
        tree.accumulate(&weights)
        Self.visitOutermost(tree, functionCount: profile.functions.count) { node, function in
            rows[function].totalCount = rows[function].totalCount.addingSaturated(counts[node])
            rows[function].totalWeight = rows[function].totalWeight.addingSaturated(weights[node])
        }
        let names = profile.functions
        self.rows = rows.filter { $0.totalCount > 0 }.sorted {
            ($1.selfWeight, $1.selfCount, $1.totalWeight, names[$0.function].name)
                < ($0.selfWeight, $0.selfCount, $0.totalWeight, names[$1.function].name)
        }
    }

    /// Visits every node that has no ancestor of the same function.
    private static func visitOutermost(
        _ tree: CallTree, functionCount: Int, _ visit: (_ node: Int, _ function: Int) -> Void
    ) {
        var depthOfFunction = [Int32](repeating: 0, count: functionCount)
        var path: [(node: Int32, function: Int)] = []
        let unordered = [UInt64](repeating: 0, count: tree.count)
        for node in tree.preorder(by: unordered).dropFirst() {
            while let last = path.last, last.node != tree.parents[Int(node)] {
                depthOfFunction[last.function] -= 1
                path.removeLast()
            }
            let function = tree.frames[Int(tree.frameIndices[Int(node)])].function
            if depthOfFunction[function] == 0 { visit(Int(node), function) }
            depthOfFunction[function] += 1
            path.append((node, function))
        }
    }
}

// Folded stacks, the text format of Brendan Gregg's FlameGraph tools that most viewers read: one
// line a stack, `comm;outermost;…;innermost COUNT`. Kernel frames end in `_[k]` and inlined ones in
// `_[i]`, as stackcollapse-perf.pl writes them.

enum FoldedStacks {
    private struct Key: Hashable {
        var comm: Int
        var node: Int32
    }

    /// The samples of one event. Lost samples are a root `[lost]` of their own.
    static func render(_ profile: Profile, event: Int) -> [UInt8] {
        let tree = CallTree(profile)
        let names = tree.frames.map { Array(name(of: $0, in: profile).utf8) }
        var comms = Table<String>()
        let commOfThread = profile.threads.map { comms.index(of: escaped($0.name)) }
        var counts: [Key: UInt64] = [:]
        for sample in profile.samples where sample.event == event {
            let node = tree.nodeOfStack[Int(sample.stack)]
            counts[Key(comm: commOfThread[sample.thread], node: node), default: 0] += sample.count
        }
        var output = ReportBuffer()
        let lines = counts.sorted {
            (comms[$0.key.comm], $0.key.node) < (comms[$1.key.comm], $1.key.node)
        }
        for (key, count) in lines {
            output.append(comms[key.comm])
            for frame in tree.path(to: key.node) {
                output.append(byte: UInt8(ascii: ";"))
                output.append(names[Int(frame)])
            }
            output.append(" \(count)\n")
        }
        let lost = profile.losses.count(ofEvent: event)
        if lost > 0 { output.append("[lost] \(lost)\n") }
        // The format has no place for a note: a root without a width.
        if profile.session.isCut { output.append("[the recording was cut] 0\n") }
        if profile.session.damage != nil { output.append("[the recording is damaged] 0\n") }
        return output.bytes
    }

    private static func name(of frame: CallFrame, in profile: Profile) -> String {
        let function = profile.functions[frame.function]
        let isKernel = profile.modules[function.module].kind == .kernel
        return escaped(function.name) + (frame.isInlined ? "_[i]" : isKernel ? "_[k]" : "")
    }

    /// The separator becomes a colon; line ends cannot occur in a visible text.
    private static func escaped(_ name: String) -> String {
        String(name.map { $0 == ";" ? ":" : $0 })
    }
}

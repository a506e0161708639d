// The data of the flame graph's page. Texts are JSON; the tree and its values, which are nearly all
// of it, are two strings of numbers in base 64 (five bits a digit, the sixth says that more
// follow, the least significant digit first), a third of what JSON's decimal numbers take.
//
// tree: for each node in preorder, how many levels to go up first, and its frame:
//       index into `functions` times two, plus one if inlined there.
// values: for each (node, thread name, event) that was sampled: the node's number less the one
//       before, thread name, event, samples, weight.

struct FlameGraphData {
    private let profile: Profile
    private let tree: CallTree
    /// The tree's nodes in the order of the page, and the place of each there.
    private let order: [Int32]

    init(_ profile: Profile) {
        self.profile = profile
        tree = CallTree(profile)
        var totals = [UInt64](repeating: 0, count: tree.count)
        for sample in profile.samples where sample.event == 0 {
            let node = Int(tree.nodeOfStack[Int(sample.stack)])
            totals[node] = totals[node].addingSaturated(max(sample.weight, sample.count))
        }
        tree.accumulate(&totals)
        order = tree.preorder(by: totals)
    }

    func json() -> [UInt8] {
        let (threadNames, values) = encodedValues()
        var text = JSONText()
        text.object { object in
            writeSession(to: &object)
            writeEvents(to: &object)
            writeLosses(to: &object)
            writeFunctions(to: &object)
            object.key("threads")
            object.array { array in for name in threadNames { array.string(name) } }
            object.field("tree", encodedTree())
            object.field("values", values)
        }
        return text.buffer.bytes
    }

    private func writeSession(to object: inout JSONText) {
        let session = profile.session
        object.field("program", session.program)
        object.field("command", session.command)
        if let pid = session.pid { object.field("pid", pid) }
        object.field("host", session.host)
        if let start = session.startRealtime {
            object.field("startMilliseconds", start / 1_000_000)
        }
        object.field("duration", session.duration)
        object.field("threadCount", Set(profile.threads.map(\.tid)).count)
        object.key("notes")
        object.array { array in for note in session.notes { array.string(note) } }
        if profile.samples.isEmpty {
            object.field("explanation", HotFunctions.explanation(profile))
        }
    }

    private func writeEvents(to object: inout JSONText) {
        object.key("events")
        object.array { array in
            for event in profile.events {
                array.object { object in
                    object.field("name", event.name)
                    object.field("unit", event.unit)
                    object.key("isFrequency")
                    object.bool(event.isFrequency)
                    object.field("rate", event.periodOrFrequency)
                }
            }
        }
    }

    private func writeLosses(to object: inout JSONText) {
        object.key("losses")
        object.array { array in
            for loss in profile.losses.losses {
                array.object { object in
                    object.field("cause", loss.cause)
                    object.field("count", loss.count)
                }
            }
        }
        object.key("lostOfEvents")
        object.array { array in
            for event in profile.events.indices {
                array.object { object in
                    object.field("count", profile.losses.count(ofEvent: event))
                    object.field("weight", profile.lostWeight(ofEvent: event))
                }
            }
        }
        object.field("throttled", profile.losses.throttleCount)
        object.field("throttledNanoseconds", profile.losses.throttledNanoseconds)
        object.field("gap", profile.losses.gapNanoseconds)
    }

    private func writeFunctions(to object: inout JSONText) {
        object.key("modules")
        object.array { array in
            for module in profile.modules {
                array.object { object in
                    object.field("name", module.name)
                    object.field("path", module.path)
                    object.field("kind", "\(module.kind)")
                }
            }
        }
        var files = Table<String>()
        object.key("functions")
        object.array { array in
            for function in profile.functions { array.string(function.name) }
        }
        object.key("functionModules")
        object.array { array in
            for function in profile.functions { array.number(function.module) }
        }
        object.key("functionFiles")
        object.array { array in
            for function in profile.functions { array.number(files.index(of: function.file)) }
        }
        object.key("files")
        object.array { array in for file in files.values { array.string(file) } }
    }

    private func encodedTree() -> String {
        var numbers = NumberText()
        var depths = [Int](repeating: 0, count: tree.count)
        var depth = 0
        for node in order.dropFirst().map(Int.init) {
            depths[node] = depths[Int(tree.parents[node])] + 1
            numbers.append(UInt64(depth - depths[node] + 1))
            depth = depths[node]
            let frame = tree.frames[Int(tree.frameIndices[node])]
            numbers.append(UInt64(frame.function) << 1 | (frame.isInlined ? 1 : 0))
        }
        return numbers.text
    }

    private struct Key: Hashable {
        var node: Int32
        var thread: Int
        var event: Int
    }

    private func encodedValues() -> (threadNames: [String], values: String) {
        var names = Table<String>()
        let nameOfThread = profile.threads.map { names.index(of: $0.name) }
        var place = [Int32](repeating: 0, count: tree.count)
        for (index, node) in order.enumerated() { place[Int(node)] = Int32(index) }
        var values: [Key: (count: UInt64, weight: UInt64)] = [:]
        for sample in profile.samples {
            let key = Key(
                node: place[Int(tree.nodeOfStack[Int(sample.stack)])],
                thread: nameOfThread[sample.thread], event: sample.event)
            let old = values[key] ?? (0, 0)
            values[key] = (old.count + sample.count, old.weight.addingSaturated(sample.weight))
        }
        var numbers = NumberText()
        var last: Int32 = 0
        let sorted = values.sorted {
            ($0.key.node, $0.key.thread, $0.key.event) < ($1.key.node, $1.key.thread, $1.key.event)
        }
        for (key, value) in sorted {
            numbers.append(UInt64(key.node - last))
            numbers.append(UInt64(key.thread))
            numbers.append(UInt64(key.event))
            numbers.append(value.count)
            numbers.append(value.weight)
            last = key.node
        }
        return (names.values, numbers.text)
    }
}

/// Numbers as base 64 digits of five bits, least significant first; the sixth bit continues.
struct NumberText {
    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private var digits: [UInt8] = []

    var text: String { String(decoding: digits, as: UTF8.self) }

    mutating func append(_ number: UInt64) {
        var rest = number
        repeat {
            let digit = Int(rest & 31)
            rest >>= 5
            digits.append(Self.alphabet[rest > 0 ? digit | 32 : digit])
        } while rest > 0
    }
}

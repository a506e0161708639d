// Command-line options by getopt_long(3), which every program of the system reads its own with.

internal import CLinux

/// Reads `--name VALUE`, `--name=VALUE` and `--flag`.
public enum LongOptions {
    /// What the reader met, in its order.
    public enum Item: Equatable, Sendable {
        /// One of the known options; nil where it takes no value.
        case option(String, value: String?)
        case unknown(String)
        case missingValue(String)
        case operand(String)
    }

    /// Reads `arguments`; the program's name comes first. A name may be cut where it stays
    /// unambiguous. Called once, before any other thread is started: getopt_long keeps its place
    /// in global variables.
    ///
    /// - Parameter known: each option's name, without the dashes, and whether it takes a value.
    public static func read(
        _ arguments: [String], known: [(name: String, takesValue: Bool)]
    ) -> [Item] {
        let list = CStringList(arguments)
        let names = CStringList(known.map(\.name))
        var options = unsafe known.indices.map { index in
            // SAFETY: the name lives as long as `names`, which outlives the calls.
            unsafe option(
                name: names.pointers[index], has_arg: known[index].takesValue ? 1 : 0, flag: nil,
                val: CInt(firstValue + index))
        }
        unsafe options.append(option(name: nil, has_arg: 0, flag: nil, val: 0))
        var items: [Item] = []
        while true {
            let before = Int(clinux_optind())
            // SAFETY: both lists end as the call expects, and live until after it. The leading
            // '-' has operands come in their order, the ':' tells a missing value apart.
            let result = unsafe getopt_long(
                CInt(arguments.count), list.pointers, "-:", &options, nil)
            if result == -1 { break }
            let value = unsafe clinux_optarg().map { unsafe String(cString: $0) }
            switch result {
            case 1: items.append(.operand(value ?? ""))
            case 0x3a: items.append(.missingValue(arguments[before]))
            case 0x3f: items.append(.unknown(arguments[before]))
            default:
                items.append(.option(known[Int(result) - firstValue].name, value: value))
            }
        }
        return items + arguments.dropFirst(Int(clinux_optind())).map(Item.operand)
    }

    /// Above every character that getopt_long may return.
    private static let firstValue = 256
}

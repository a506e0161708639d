import Testing

@testable import Symbols

/// What each compiler writes, read back: every function of a program is found under its own name.
struct LanguageTests {
    private static let cpp = """
        #include <vector>
        #include <string>
        namespace shop {
        template <typename T> struct Basket {
            std::vector<T> items;
            __attribute__((noinline)) void add(T item) { items.push_back(item); }
        };
        struct Till {
            __attribute__((noinline)) explicit Till(int n) : n(n) {}
            __attribute__((noinline)) int operator()(int x) const { return x * n; }
            int n;
        };
        }
        int main(int argc, char **) {
            shop::Basket<std::string> names;
            shop::Basket<int> numbers;
            shop::Till till(argc);
            auto twice = [&](int x) __attribute__((noinline)) { return till(till(x)); };
            numbers.add(twice(argc));
            names.add(std::to_string(argc));
            return numbers.items[0];
        }

        """
    private static let rust = """
        mod shop {
            pub struct Till { pub n: u64 }
            impl Till {
                #[inline(never)] pub fn total(&self, xs: &[u64]) -> u64 {
                    xs.iter().map(|x| x * self.n).sum()
                }
            }
            #[inline(never)] pub fn generic<T: std::fmt::Debug>(x: T) -> String { format!("{x:?}") }
        }
        fn main() {
            let n = std::env::args().count() as u64;
            let till = shop::Till { n };
            println!("{} {}", till.total(&[1, 2, n]), shop::generic(n));
        }

        """
    private static let swift = """
        struct Basket<Item> {
            var items: [Item] = []
            @inline(never) mutating func add(item: Item) { items.append(item) }
        }
        final class Till {
            var n: Int
            init(n: Int) { self.n = n }
            @inline(never) func total(of xs: [Int]) -> Int { xs.reduce(0) { $0 + $1 * n } }
        }
        let n = CommandLine.arguments.count
        var basket = Basket<Int>()
        basket.add(item: Till(n: n).total(of: [1, 2, n]))
        print(basket.items)

        """

    @Test(
        .enabled(if: Tool.areInstalled(.gpp, .nm), "g++ or nm is not installed"),
        arguments: ["-g -O2", "-g -O0", "-O2"])
    func `C++`(options: String) throws {
        let functions = try functions(
            of: Self.cpp, in: "program.cpp", by: "g++ \(options) -o program program.cpp",
            prefix: "_Z", section: "TtWw")
        #expect(functions.contains("shop::Basket<int>::add(int)"))
        #expect(functions.contains("shop::Till::operator()(int) const"))
        #expect(functions.contains { $0.hasPrefix("main::{lambda(int)#1}") })
    }

    @Test(
        .enabled(if: Tool.areInstalled(.rustc, .nm), "rustc or nm is not installed"),
        arguments: ["legacy", "v0"])
    func `Rust`(mangling: String) throws {
        let unstable = mangling == "legacy" ? "-Z unstable-options" : ""
        let functions = try functions(
            of: Self.rust, in: "program.rs",
            by: "RUSTC_BOOTSTRAP=1 rustc -g -O \(unstable) -C symbol-mangling-version=\(mangling)"
                + " program.rs", prefix: mangling == "v0" ? "_RNvMNtC" : "_ZN7program",
            section: "Tt")
        let total = ["<program::shop::Till>::total", "program::shop::Till::total"]
        #expect(!functions.isDisjoint(with: total))
    }

    @Test(
        .enabled(if: Tool.areInstalled(.swiftc, .nm), "swiftc or nm is not installed"),
        arguments: ["-g -O", "-g -Onone", "-Onone"])
    func `Swift`(options: String) throws {
        let functions = try functions(
            of: Self.swift, in: "program.swift", by: "swiftc \(options) -o program program.swift",
            prefix: "$s7program", section: "Tt")
        #expect(functions.contains { $0.hasSuffix("Till.total(of:)") })
        #expect(functions.contains { $0.hasSuffix("Basket.add(item:)") })
    }

    /// Compiles, asks for the frame at the start of every function whose name has `prefix`, checks
    /// that it is found under that name or an alias, and returns the names shown.
    private func functions(
        of source: String, in file: String, by command: String, prefix: String, section: String
    ) throws -> Set<String> {
        let directory = try TestDirectory()
        try directory.write(source, to: file)
        try directory.run(command)
        let program = try Program("\(directory.path)/program")
        let symbols = try program.symbols().filter {
            section.contains($0.type) && program.identity.isCode($0.address)
        }
        let aliases = Dictionary(grouping: symbols, by: \.address)
        let symbolizer = Symbolizer(kernelSymbols: nil)
        var shown: Set<String> = []
        for symbol in symbols where symbol.name.hasPrefix(prefix) {
            let frames = symbolizer.frames(
                in: program.module, fileOffset: try program.fileOffset(of: symbol.address))
            let last = try #require(frames.last, "\(symbol.name) has no frames")
            let names = aliases[symbol.address, default: []].map {
                // The DWARF of a clone names the function it was made from.
                withoutClone(Demangler.displayName(of: $0.name))
            }
            #expect(names.contains(withoutClone(last.function)))
            #expect(!last.isInlined)
            shown.insert(withoutClone(last.function))
        }
        #expect(symbolizer.diagnostics == [])
        return shown
    }

    private func withoutClone(_ name: String) -> String {
        String(name.prefix(upTo: name.firstRange(of: " [clone")?.lowerBound ?? name.endIndex))
    }
}

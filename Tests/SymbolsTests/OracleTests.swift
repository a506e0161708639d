import LinuxSystem
import Testing

@testable import Symbols

/// The same questions to eu-addr2line(1) and addr2line(1), which find functions by other means.
@Suite(
    .enabled(
        if: Tool.areInstalled(.gpp, .nm, .addr2line, .euAddr2line),
        "g++, binutils or elfutils are not installed"))
struct OracleTests {
    private static let source = """
        #include <algorithm>
        #include <cstdio>
        #include <map>
        #include <string>
        #include <vector>
        int main(int argc, char **argv) {
            std::map<std::string, std::vector<int>> words;
            for (int i = 0; i < argc; i++) words[argv[i]].push_back(i);
            for (auto &[key, value] : words) {
                std::sort(value.begin(), value.end());
                std::printf("%s %zu\\n", key.c_str(), value.size());
            }
        }

        """

    @Test(arguments: ["-O2", "-O1 -no-pie", "-O2 -gdwarf-4", "-O0"])
    func `names, inlined calls and lines agree with both tools for a C++ program`(
        options: String
    ) throws {
        let directory = try TestDirectory()
        try directory.write(Self.source, to: "program.cpp")
        try directory.run("g++ -std=c++17 -g \(options) -o program program.cpp")
        let program = try Program("\(directory.path)/program", keeping: directory)
        let addresses = try self.addresses(of: program, about: 600)
        let ours = try self.ours(program, addresses)
        let elfutils = try answers("eu-addr2line", program, addresses)
        let binutils = try answers("addr2line", program, addresses)
        try #require(addresses.count > 300)
        try #require(elfutils.count == addresses.count && binutils.count == addresses.count)
        // Each tool has faults of its own (a scope too many, a line for code without any), so an
        // answer is wrong when neither gives it, and few may be the second tool's alone.
        var disputed = 0
        for index in addresses.indices where ours[index] != elfutils[index] {
            disputed += 1
            let address = String(addresses[index], radix: 16)
            #expect(ours[index] == binutils[index], "\(address), not \(elfutils[index])")
        }
        #expect(disputed * 20 < addresses.count)
    }

    /// Addresses inside the program's functions, evenly spread.
    private func addresses(of program: Program, about count: Int) throws -> [UInt64] {
        let functions = try program.symbols("-S").filter { "TtWw".contains($0.type) }
            .filter { !Self.startFiles.contains($0.name) && $0.size > 0 }
        let all = Set(functions.flatMap { $0.address..<$0.address + $0.size }).sorted()
        return stride(from: 0, to: all.count, by: max(1, all.count / count)).map { all[$0] }
    }

    private static let startFiles = [
        "_start", "_init", "_fini", "frame_dummy", "register_tm_clones", "deregister_tm_clones",
        "__do_global_dtors_aux", "_dl_relocate_static_pie",
    ]

    private func ours(_ program: Program, _ addresses: [UInt64]) throws -> [[String]] {
        let symbolizer = Symbolizer(kernelSymbols: nil)
        return try addresses.map { address in
            let offset = try program.fileOffset(of: address)
            return symbolizer.frames(in: program.module, fileOffset: offset).map {
                "\($0.function) \($0.file ?? "??"):\($0.line)"
            }
        }
    }

    /// One list an address: `name file:line`, without columns and discriminators.
    private func answers(_ tool: String, _ program: Program, _ addresses: [UInt64]) throws
        -> [[String]]
    {
        let directory = try TestDirectory()
        let text = addresses.map { "0x" + String($0, radix: 16) }.joined(separator: "\n")
        try directory.write(text, to: "addresses")
        let output = try directory.run("\(tool) -a -f -i -e '\(program.path)' <addresses")
        var answers: [[String]] = []
        var name: String?
        for line in output.lines {
            if line.hasPrefix("0x") {
                answers.append([])
            } else if let known = name {
                name = nil
                let place = line.split(separator: " ")[0].split(separator: ":")
                let line = place[1] == "?" ? "0" : place[1]
                answers[answers.count - 1].append("\(known) \(place[0]):\(line)")
            } else {
                name = line.split(separator: " ").first.map {
                    Demangler.displayName(of: String($0))
                }
            }
        }
        return answers
    }
}

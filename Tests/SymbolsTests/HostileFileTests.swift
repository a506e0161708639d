import Glibc
import LinuxSystem
import Testing

@testable import Symbols

/// Files that are not what they should be. None of them may end the process or hold it.
@Suite(.enabled(if: Tool.areInstalled(.gcc, .nm), "gcc or nm is not installed"))
struct HostileFileTests {
    @Test(arguments: [
        ("mkfifo victim", "not a regular file"), ("mkdir victim", "not a regular file"),
        ("ln -s /dev/zero victim", "not a regular file"), ("ln -s victim victim", "open failed"),
        ("true", "open failed"), (": >victim", "no ELF"), ("echo text >victim", "no ELF"),
        ("printf '\\177ELF' >victim", "no ELF"), ("head -c 64 program >victim", "not used"),
        ("gcc -c -g -o victim program.c", "no ELF"),
        ("ar rc victim program", "no ELF"), ("gzip -c program >victim", "no ELF"),
    ])
    func `a file that is no program or library is not used, and that is said`(
        command: String, reason: String
    ) throws {
        let (directory, _) = try CProgram.build("-g")
        try directory.run(command)
        let symbolizer = Symbolizer(kernelSymbols: nil)
        let module = Module(path: "\(directory.path)/victim")
        #expect(symbolizer.frames(in: module, fileOffset: 0x1000) == [])
        #expect(symbolizer.diagnostics.count == 1)
        #expect(symbolizer.diagnostics.first?.contains(reason) == true)
    }

    @Test(arguments: ["-g", "-g -gz=zlib", "-gdwarf-4"])
    func `a file cut at any page or damaged at any byte does no harm`(options: String) throws {
        let (directory, program) = try CProgram.build(options)
        let whole = try RegularFile.contents(of: RegularFile.open(program.path), limit: 1 << 24)
        let mark = try program.fileOffset(ofSymbol: "mark")
        var random = SplitMix64(state: 1)
        for round in 0..<200 {
            var bytes = whole
            if round % 4 == 0 {
                bytes.removeLast(Int(random.next() % UInt64(bytes.count)))
            } else {
                for _ in 0..<(1 << (round % 8)) {
                    let place = Int(random.next() % UInt64(bytes.count))
                    bytes[place] = UInt8(truncatingIfNeeded: random.next())
                }
            }
            let path = "\(directory.path)/damaged\(round)"
            try write(bytes, to: path)
            let symbolizer = Symbolizer(kernelSymbols: nil)
            for offset in stride(from: mark - 64, to: mark + 64, by: 16) {
                let frames = symbolizer.frames(in: Module(path: path), fileOffset: offset)
                #expect(frames.count <= CompilationUnit.deepestNesting + 1)
            }
        }
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "w"))
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
        fclose(file)
    }
}

/// The generator of Steele, Lea and Flood: the same damage in every run.
private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

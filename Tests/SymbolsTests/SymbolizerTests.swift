import LinuxSystem
import Testing

@testable import Symbols

@Suite(.enabled(if: Tool.areInstalled(.gcc, .nm), "gcc or nm is not installed"))
struct SymbolizerTests {
    @Test(arguments: ["-g -pie", "-g -no-pie", "-gdwarf-4 -pie", "-g -shared -fPIC", "-g -gz=zlib"])
    func `an inlined function comes before its caller, with the line of the call`(
        options: String
    ) throws {
        let (directory, program) = try CProgram.build(options)
        let frames = Symbolizer(kernelSymbols: nil).frames(
            in: program.module, fileOffset: try program.fileOffset(ofSymbol: "mark"))
        let file = "\(directory.path)/program.c"
        #expect(
            frames == [
                SourceFrame(function: "inner", file: file, line: 4, isInlined: true),
                SourceFrame(function: "outer", file: file, line: 11),
            ])
    }

    @Test func `without DWARF there is the symbol alone`() throws {
        let (_, program) = try CProgram.build("")
        let symbolizer = Symbolizer(kernelSymbols: nil)
        func frames(at symbol: String) throws -> [SourceFrame] {
            let offset = try program.fileOffset(ofSymbol: symbol)
            return symbolizer.frames(in: program.module, fileOffset: offset)
        }
        #expect(try frames(at: "mark") == [SourceFrame(function: "outer")])
        #expect(try frames(at: "hidden") == [SourceFrame(function: "hidden")])
        #expect(try frames(at: "indirect").map(\.function) == ["indirect"])
    }

    @Test func `of a function's aliases the public name is shown`() throws {
        let (_, program) = try CProgram.build("")
        let offset = try program.fileOffset(ofSymbol: "__aliased")
        let frames = Symbolizer(kernelSymbols: nil).frames(in: program.module, fileOffset: offset)
        #expect(frames == [SourceFrame(function: "public_alias")])
    }

    @Test func `a stripped library keeps its dynamic symbols`() throws {
        let (directory, program) = try CProgram.build("-g -shared -fPIC", as: "library.so")
        let offset = try program.fileOffset(ofSymbol: "outer")
        let hidden = try program.fileOffset(ofSymbol: "hidden")
        try directory.run("strip library.so")
        let symbolizer = Symbolizer(kernelSymbols: nil)
        #expect(
            symbolizer.frames(in: program.module, fileOffset: offset)
                == [SourceFrame(function: "outer")])
        #expect(symbolizer.frames(in: program.module, fileOffset: hidden) == [])
    }

    @Test func `a function of the C library has its name`() throws {
        let libc = try Program(try Shell.run("gcc -print-file-name=libc.so.6").trimmed)
        let offset = try libc.fileOffset(ofSymbol: "qsort@@GLIBC_2.2.5", "-D")
        let frames = Symbolizer(kernelSymbols: nil).frames(
            in: libc.module, fileOffset: offset + 1)
        #expect(frames.last.map { $0.function.hasSuffix("qsort") } == true)
    }

    @Test func `an offset outside the segments has no frames`() throws {
        let (_, program) = try CProgram.build("-g")
        let symbolizer = Symbolizer(kernelSymbols: nil)
        for offset in [0, 1 << 40, UInt64.max, UInt64.max - 1] {
            #expect(symbolizer.frames(in: program.module, fileOffset: offset) == [])
        }
    }

    @Test(arguments: [true, false])
    func `a file with another build ID than the recorded one is not used`(hasOwn: Bool) throws {
        let (directory, program) = try CProgram.build("-g")
        if !hasOwn { try directory.run("objcopy --remove-section .note.gnu.build-id program") }
        let offset = try program.fileOffset(ofSymbol: "outer")
        let symbolizer = Symbolizer(kernelSymbols: nil)
        let recorded = Module(path: program.path, buildID: [UInt8](repeating: 7, count: 20))
        #expect(symbolizer.frames(in: recorded, fileOffset: offset) == [])
        #expect(symbolizer.frames(in: recorded, fileOffset: offset + 1) == [])
        try #require(symbolizer.diagnostics.count == 1)
        #expect(symbolizer.diagnostics[0].contains("has changed since the recording"))
        let found = hasOwn ? program.identity.buildID.hexadecimal : "missing"
        #expect(symbolizer.diagnostics[0].contains(found))
    }

    @Test func `a file is used when no build ID was recorded`() throws {
        let (_, program) = try CProgram.build("-g")
        let offset = try program.fileOffset(ofSymbol: "outer")
        let frames = Symbolizer(kernelSymbols: nil).frames(
            in: Module(path: program.path), fileOffset: offset)
        #expect(frames.last?.function == "outer")
    }

    @Test(arguments: [
        ("[vdso]", [SourceFrame(function: "[vdso]")]), ("[heap]", []), ("//anon", []), ("", []),
        ("anon_inode:[perf_event]", []), ("program.c", []),
    ])
    func `a mapping without a file needs none`(path: String, expected: [SourceFrame]) {
        let symbolizer = Symbolizer(kernelSymbols: nil)
        #expect(symbolizer.frames(in: Module(path: path), fileOffset: 0x100) == expected)
        #expect(symbolizer.diagnostics == [])
    }
}

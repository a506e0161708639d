import Testing

@testable import Symbols

@Suite(
    .enabled(
        if: Tool.areInstalled(.gcc, .nm, .objcopy, .strip), "gcc or binutils are not installed"))
struct DebugFileTests {
    /// The stripped program, and what asks it for the frames at `mark`.
    private struct Stripped {
        let directory: TestDirectory
        let program: Program
        let mark: UInt64

        /// Moves the debug information to `debug`, with a link to it if wanted.
        init(_ debug: String, link: Bool, options: String = "-g") throws {
            (directory, program) = try CProgram.build(options)
            mark = try program.fileOffset(ofSymbol: "mark")
            try directory.run(
                """
                mkdir -p "$(dirname '\(debug)')"
                objcopy --only-keep-debug program '\(debug)'
                strip program
                """)
            if link { try directory.run("objcopy --add-gnu-debuglink='\(debug)' program") }
        }

        func frames(_ symbolizer: Symbolizer) -> [String] {
            symbolizer.frames(in: program.module, fileOffset: mark).map {
                "\($0.function):\($0.line)"
            }
        }

        func symbolizer() -> Symbolizer {
            Symbolizer(kernelSymbols: nil, debugDirectories: ["\(directory.path)/debug"])
        }
    }

    private let expected = ["inner:4", "outer:11"]

    @Test(arguments: ["program.debug", ".debug/program.debug"])
    func `a debug file is found by its link beside the program`(place: String) throws {
        let stripped = try Stripped(place, link: true)
        #expect(stripped.frames(stripped.symbolizer()) == expected)
    }

    @Test func `a debug file is found by its link under the debug directory`() throws {
        let stripped = try Stripped("program.debug", link: true)
        let home = "debug\(stripped.directory.path)"
        try stripped.directory.run("mkdir -p \(home) && mv program.debug \(home)")
        #expect(stripped.frames(stripped.symbolizer()) == expected)
    }

    @Test func `a debug file is found by its build ID`() throws {
        let stripped = try Stripped("program.debug", link: false)
        let digits = stripped.program.identity.buildID.hexadecimal
        let home = "debug/.build-id/\(digits.prefix(2))"
        try stripped.directory.run(
            "mkdir -p \(home) && mv program.debug \(home)/\(digits.dropFirst(2)).debug")
        #expect(stripped.frames(stripped.symbolizer()) == expected)
    }

    @Test func `a debug file with another build ID than its name says is not used`() throws {
        let stripped = try Stripped("program.debug", link: false)
        let digits = stripped.program.identity.buildID.hexadecimal
        let home = "debug/.build-id/\(digits.prefix(2))"
        try stripped.directory.run(
            "mkdir -p \(home) && gcc -g -Wl,--build-id=0x1234 -o other program.c"
                + " && objcopy --only-keep-debug other \(home)/\(digits.dropFirst(2)).debug")
        let symbolizer = stripped.symbolizer()
        #expect(stripped.frames(symbolizer) == [])
        #expect(symbolizer.diagnostics.first?.contains("its build ID is not") == true)
    }

    @Test func `a linked debug file with another CRC is not used`() throws {
        let stripped = try Stripped("program.debug", link: true)
        try stripped.directory.run("printf x >>program.debug")
        let symbolizer = stripped.symbolizer()
        #expect(stripped.frames(symbolizer) == [])
        #expect(symbolizer.diagnostics.first?.contains("its CRC is not") == true)
    }

    @Test(.enabled(if: Tool.areInstalled(.mkfifo), "mkfifo is not installed"))
    func `a FIFO in a debug file's place holds nobody`() throws {
        let stripped = try Stripped("program.debug", link: true)
        try stripped.directory.run("rm program.debug && mkfifo program.debug")
        #expect(stripped.frames(stripped.symbolizer()) == [])
    }

    @Test(arguments: ["", ".", "..", "../program.debug", "/etc/passwd"])
    func `a link that is no plain name is not followed`(name: String) {
        #expect(!DebugLink(name: name, crc: 0).hasPlainName)
    }

    @Test(.enabled(if: Tool.areInstalled(.xz), "xz is not installed"))
    func `the symbols of .gnu_debugdata are used`() throws {
        let (directory, program) = try CProgram.build("")
        let hidden = try program.fileOffset(ofSymbol: "hidden")
        try directory.run(
            """
            objcopy --only-keep-debug program full
            echo hidden >keep
            objcopy -S --remove-section .comment --keep-symbols=keep full mini
            xz mini
            strip program
            objcopy --add-section .gnu_debugdata=mini.xz program
            """)
        let frames = Symbolizer(kernelSymbols: nil).frames(
            in: program.module, fileOffset: hidden)
        #expect(frames == [SourceFrame(function: "hidden")])
    }

    @Test(.enabled(if: Tool.areInstalled(.dwz), "dwz is not installed"))
    func `names in a dwz file are found`() throws {
        let stripped = try Stripped("program.debug", link: false, options: "-gdwarf-4")
        let digits = stripped.program.identity.buildID.hexadecimal
        let home = "debug/.build-id/\(digits.prefix(2))"
        let name = "\(home)/\(digits.dropFirst(2)).debug"
        try stripped.directory.run(
            """
            mkdir -p \(home) debug/.dwz
            cp program.debug second.debug
            dwz -m debug/.dwz/common -M "$PWD/debug/.dwz/common" program.debug second.debug
            mv program.debug \(name)
            """)
        #expect(stripped.frames(stripped.symbolizer()) == expected)
    }
}

import Glibc
import LinuxSystem
import Testing

extension IntegrationTests {
    /// Names that would act on a terminal: of functions, of a program's file, of a thread.
    @Suite(.serialized, .enabled(if: cannotRecord == nil, "\(cannotRecord ?? "")"))
    struct TerminalTextTests {}
}

/// Colours, a window's title, an 8-bit CSI, a line of one's own, DEL, and text turned round.
private let hostile = [
    "\u{1B}[31mred", "\u{1B}]0;title\u{7}", "\u{9B}2Jclear", "fake\nline", "\u{7F}\u{8}\u{8}",
    "\u{202E}gnp.exe\u{2066}",
]

extension IntegrationTests.TerminalTextTests {
    /// Expects nothing in `text` but what can be seen, blanks and ends of lines.
    private func expectVisible(
        _ text: String, _ what: String, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(!text.isEmpty, "\(what)", sourceLocation: location)
        for scalar in text.unicodeScalars where scalar != "\n" {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                Issue.record(
                    "\(what) has U+\(String(scalar.value, radix: 16))", sourceLocation: location)
                return
            default: continue
            }
        }
    }

    /// A program whose hottest functions, file and thread have hostile names.
    private func makeProgram(_ world: World) throws -> String {
        let directory = world.scratch.newPath("build")
        mkdir(directory, 0o755)
        var source = """
            #include <sys/prctl.h>
            #include <time.h>
            volatile unsigned long sink;
            """
        for index in hostile.indices {
            source += """

                __attribute__((noinline)) void name_\(index)(void) {
                    for (int i = 0; i < 20000; i++) sink += 1;
                }
                """
        }
        source += """

            int main(void) {
                prctl(PR_SET_NAME, "\\033[2J\\rt\\302\\233m");
                time_t end = time(0) + 2;
                while (time(0) < end) {
                    \(hostile.indices.map { "name_\($0)();" }.joined(separator: " "))
                }
                return 0;
            }

            """
        try writeFile("\(directory)/program.c", source)
        let program = "\(directory)/\u{1B}[32mprogram"
        let renames = hostile.indices.flatMap { ["--redefine-sym", "name_\($0)=\(hostile[$0])"] }
        try run(
            "gcc",
            [
                "-g0", "-O1", "-fno-omit-frame-pointer", "-c", "-o", "\(directory)/plain.o",
                "\(directory)/program.c",
            ], world)
        try run("objcopy", renames + ["\(directory)/plain.o", "\(directory)/program.o"], world)
        try run("gcc", ["-o", program, "\(directory)/program.o"], world)
        return program
    }

    private func run(_ tool: String, _ arguments: [String], _ world: World) throws {
        let running = try Running(
            try #require(installed(tool)), arguments, in: world.scratch)
        guard try running.wait() == .exited(0) else { throw Failure(running.errors) }
    }

    @Test(.enabled(if: installed("gcc") != nil, "needs gcc"))
    func `names that would act on a terminal are shown and do not`() throws {
        try World.run { world in
            let program = try makeProgram(world)
            let user = isRoot ? ["--user", world.user.name] : []
            let recording = world.output("names.recording")
            let client = try world.startClient(
                world.withSocket(["record"]) + user
                    + [
                        "--frequency", "999", "--event", "cpu-clock", "--output", recording, "--",
                        program,
                    ])
            // While it runs: the list of sessions, with the thread's name.
            try eventually("the command") {
                if let ending = client.poll() { throw Failure("\(ending): \(client.errors)") }
                return try world.succeed("list").output.split(separator: "\n").count > 1
            }
            for arguments in [["list"], ["list", "--json"], ["status"], ["status", "--json"]] {
                let running = try world.startClient(world.withSocket(arguments))
                try running.wait()
                expectVisible(running.output, arguments.joined(separator: " "))
            }
            #expect(try client.wait() == .exited(0), "\(client.errors)")

            for format in ["table", "folded"] {
                let report = try world.succeed("report", recording, "--format", format)
                expectVisible(report.output, format)
                // What they are is seen.
                #expect(report.output.contains("\\u{1B}[31mred"), "\(report.output)")
                #expect(report.output.contains("\\u{202E}gnp.exe"))
                #expect(report.output.contains("fake\\u{A}line"))
            }
            let page = try world.succeed("report", recording, "--format", "html").output
            #expect(
                !page.unicodeScalars.contains {
                    "\u{1B}\u{9B}\u{7}\u{202E}".unicodeScalars.contains($0)
                })
        }
    }

    @Test func `error messages show what they were given`() throws {
        try World.run { world in
            for name in hostile {
                let stopped = try world.client("stop", name)
                #expect(stopped.ending == .exited(66), "\(stopped.errors)")
                expectVisible(stopped.errors, "stop")
                let report = try world.client("report", "/nowhere/\(name)")
                expectVisible(report.errors, "report")
                let output = try world.client(
                    "report", "/etc/passwd", "--output", "/nowhere/\(name).html")
                expectVisible(output.errors, "output")
                let command = try world.startClient(
                    world.withSocket(["record", "--", "/nowhere/\(name)"]))
                try command.wait()
                expectVisible(command.errors, "command")
                let user = try world.client("record", "--user", name, "--", "true")
                expectVisible(user.errors, "user")
            }
        }
    }
}

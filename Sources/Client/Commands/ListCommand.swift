internal import ArgumentParser
internal import ControlProtocol
internal import LinuxSystem
internal import Reports
internal import Varlink

/// `profilerctl list`.
struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Show the sessions: a user's own; for root everybody's.",
        discussion: """
            EXAMPLES
              sudo profilerctl list
              profilerctl list --json
            """)

    @Flag(help: "Print a JSON array for scripts.")
    var json = false

    @OptionGroup var options: SessionOptions

    func run() throws {
        try running(with: Privileges.connecting) { () throws(ClientError) in
            var sessions: [SessionStatus] = []
            try options.daemons.forEach {
                (connection: inout ControlConnection) throws(ClientError) -> Bool in
                sessions += try connection.list()
                return false
            }
            try printText(
                json
                    ? SessionText.json(.array(sessions.map(\.json)))
                    : SessionText.table(sessions))
        }
    }
}

/// `profilerctl status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the daemon and its sessions; for root every daemon's.",
        discussion: """
            EXAMPLES
              profilerctl status
              sudo profilerctl status --uid 1000 --json
            """)

    @Flag(help: "Print a JSON array for scripts, an object for each daemon.")
    var json = false

    @OptionGroup var options: SessionOptions

    func run() throws {
        try running(with: Privileges.connecting) { () throws(ClientError) in
            var text = ""
            var objects: [JSONValue] = []
            try options.daemons.forEach {
                (connection: inout ControlConnection) throws(ClientError) -> Bool in
                let path = connection.instance.path
                let (service, sessions) = try connection.status()
                objects.append([
                    "socket": .string(path), "service": service.json,
                    "sessions": .array(sessions.map(\.json)),
                ])
                text += visibleLines(SessionText.paragraph(service, socket: path))
                if !sessions.isEmpty {
                    text += SessionText.table(sessions) + SessionText.losses(sessions)
                }
                text += visibleLines(SessionText.notices(sessions))
                return false
            }
            try printText(json ? SessionText.json(.array(objects)) : text)
        }
    }
}

/// `text` with each line fit for a terminal.
private func visibleLines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { visibleText(String($0)) }
        .joined(separator: "\n")
}

/// Prints lines that are fit for a terminal.
func printText(_ text: String) throws(ClientError) {
    do throws(SystemCallError) {
        try StandardOutput.write(Array(text.utf8))
    } catch {
        throw ClientError(.cannotCreate, "Standard output cannot be written: \(error.errno).")
    }
}

/// Prints a line, made fit for a terminal.
func printLine(_ text: String) throws(ClientError) { try printText(visibleText(text) + "\n") }

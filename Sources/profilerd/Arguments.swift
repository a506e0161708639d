// The daemon's command line. ArgumentParser would be half of what an idle daemon has touched of its
// own program, for it looks its types up at run time; three options are getopt_long(3)'s.

internal import LinuxSystem

/// What the command line asks for.
enum Arguments: Equatable {
    case run(Options)
    case help
    case version
    /// The sentence that says what is wrong with it.
    case invalid(String)

    struct Options: Equatable {
        var listen: String?
        var config: String?
        var stateDirectory: String?
    }

    private static let known = [
        (name: "listen", takesValue: true), (name: "config", takesValue: true),
        (name: "state-directory", takesValue: true), (name: "help", takesValue: false),
        (name: "version", takesValue: false),
    ]

    /// Reads `arguments`; the program's name comes first.
    init(_ arguments: [String]) {
        var options = Options()
        for item in LongOptions.read(arguments, known: Self.known) {
            switch item {
            case .option("listen", let value): options.listen = value
            case .option("config", let value): options.config = value
            case .option("state-directory", let value): options.stateDirectory = value
            case .option(let name, _):
                self = name == "help" ? .help : .version
                return
            case .unknown(let argument):
                self = .invalid("Unknown option '\(argument)'.")
                return
            case .missingValue(let argument):
                self = .invalid("Missing value for '\(argument)'.")
                return
            case .operand(let argument):
                self = .invalid("Unexpected argument '\(argument)'.")
                return
            }
        }
        self = .run(options)
    }

    static let usage = "Usage: profilerd [--listen PATH] [--config FILE] [--state-directory DIR]"

    static let helpText = """
        Records perf events that a privileged client hands over, with no privilege.

        \(usage)

        systemd starts profilerd when somebody connects to its socket: enable profilerd.socket in
        your user manager, or profilerd@UID.socket for a service account.

        Without systemd:
          profilerd --listen /run/user/1000/profilerd/control.sock

        Options:
          --listen PATH          Listen on this path instead of a socket from systemd.
          --config FILE          Read this configuration file only. Default:
                                 /etc/profilerd/profilerd.toml, then
                                 ~/.config/profilerd/profilerd.toml.
          --state-directory DIR  Keep recordings here.
          --version              Show the version.
          --help                 Show this help.

        SIGHUP, or systemctl reload, has it read its configuration again.

        Exit codes: 0 ended as told or because it was idle, 1 could not start or go on, 64 wrong
        arguments, 78 the configuration is invalid.
        """
}

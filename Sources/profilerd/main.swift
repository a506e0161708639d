// The daemon's entry point: arguments and environment become options; errors become a sentence.

internal import Configuration
internal import Daemon
internal import LinuxSystem

switch Arguments(CommandLine.arguments) {
case .help: print(Arguments.helpText)
case .version: print(DaemonProgram.version)
case .invalid(let reason): fail("\(reason)\n\(Arguments.usage)", status: 64)
case .run(let options):
    do {
        // Its own log may be such a file.
        ignoreFileSizeSignal()
        try OwnProcess.keepToItself()
        try DaemonProgram.run(daemonOptions(options))
    } catch let error as ConfigurationError {
        fail(error.description, status: 78)
    } catch {
        fail("\(error)", status: 1)
    }
}

func fail(_ reason: String, status: Int32) -> Never {
    StandardError.write(Array("profilerd: \(reason)\n".utf8))
    OwnProcess.exit(status)
}

/// What the environment says where the command line does not.
func daemonOptions(_ options: Arguments.Options) -> DaemonOptions {
    let home = OwnProcess.environment("HOME")
    let stateHome = OwnProcess.environment("XDG_STATE_HOME") ?? home.map { $0 + "/.local/state" }
    let files =
        options.config.map { [$0] }
        ?? ConfigurationFile.paths(
            home: home, configurationHome: OwnProcess.environment("XDG_CONFIG_HOME"))
    return DaemonOptions(
        listen: options.listen, configurationFiles: files,
        mustHaveConfiguration: options.config != nil, stateDirectory: options.stateDirectory,
        // systemd names the unit's StateDirectory= here (systemd.exec(5)).
        defaultStateDirectory: OwnProcess.environment("STATE_DIRECTORY")
            ?? stateHome.map { "\($0)/profilerd" })
}

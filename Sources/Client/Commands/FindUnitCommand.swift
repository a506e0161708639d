internal import ArgumentParser
internal import LinuxSystem
internal import Systemd

/// The child that asks for a unit (UnitLocator.swift); hidden, for nobody calls it by hand.
struct FindUnitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: UnitLocator.subcommand, abstract: "Print the cgroup of a unit.",
        shouldDisplay: false)

    @Option var uid: UInt32?
    @Argument var name: String

    func run() throws {
        try running(with: []) { () throws(ClientError) in
            let manager = uid.map { ServiceManager.user($0) } ?? .system
            try printLine(FindUnit.answer(name, at: manager))
        }
    }
}

internal import ArgumentParser
internal import LinuxSystem

/// `profilerctl start`.
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a recording that goes on without this program; print its session.",
        discussion: """
            EXAMPLES
              session=$(sudo profilerctl start --pid 4242)
              sudo profilerctl fetch $session --output now.folded
              sudo profilerctl stop $session --output cpu.html
            """)

    @Option(
        name: [.customShort("p", allowingJoined: true), .long], help: "The process to record.")
    var pid: Int32

    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        let needed = Privileges.opening.union(Privileges.connecting)
        try running(with: needed) { () throws(ClientError) in
            var plan = RecordingPlan(lifetime: .detached)
            plan.opening = try sampling.openingOptions()
            plan.duration = sampling.duration
            plan.commandLine = CommandLine.arguments
            let target = try openTarget(pid, plan.opening)
            let notes = target.notes
            let daemons = Daemons(locator: daemon.locator, uid: nil)
            var connection = try daemons.connect(to: target.identity.userID)
            try Privileges.drop(Privileges.connecting.subtracting(Privileges.claiming))
            let session = try Handover(plan: plan, command: nil).perform(target, over: &connection)
            for note in notes { Console.say(note.description) }
            try printLine(session)
        }
    }
}

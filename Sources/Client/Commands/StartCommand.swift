internal import ArgumentParser
internal import LinuxSystem
internal import PerfRing

/// `profilerctl start`.
struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start a recording that goes on without this program; print its session.",
        discussion: """
            EXAMPLES
              session=$(sudo profilerctl start --pid 4242)
              session=$(sudo profilerctl start --unit my-server.service)
              sudo profilerctl fetch $session --output now.folded
              sudo profilerctl stop $session --output cpu.html

              session=$(sudo profilerctl start --unit my-server.service --last 30s)
              sudo profilerctl fetch $session --output what-just-happened.html
            """)

    @OptionGroup var target: TargetOptions
    @OptionGroup var sampling: SamplingOptions
    @OptionGroup var daemon: DaemonOptions

    func validate() throws {
        guard target.count == 1 else {
            throw ValidationError("Give --pid PID, --unit NAME or --cgroup PATH, one of them.")
        }
        try target.validate(sampling)
    }

    func run() throws {
        let needed = Privileges.opening.union(Privileges.connecting)
            // The child that asks for a unit becomes another user.
            .union(target.unit == nil ? [] : Privileges.reporting)
        try running(with: needed) { () throws(ClientError) in
            var plan = RecordingPlan(lifetime: .detached)
            plan.opening = try sampling.openingOptions()
            plan.duration = sampling.duration
            plan.last = sampling.last
            plan.commandLine = CommandLine.arguments
            let subject = try opened(plan.opening)
            let notes = subject.notes
            let daemons = Daemons(locator: daemon.locator, uid: nil)
            var connection = try daemons.connect(to: subject.owner.uid)
            try Privileges.drop(
                Privileges.connecting.union(Privileges.reporting)
                    .subtracting(Privileges.claiming))
            let session = try Handover(plan: plan, command: nil).perform(subject, over: &connection)
            for note in notes { Console.say(note) }
            try printLine(session)
        }
    }

    private func opened(_ options: OpeningOptions) throws(ClientError) -> OpenedSubject {
        guard let group = target.group(for: .current()) else {
            return .process(try openTarget(target.pid ?? 0, options))
        }
        return .group(try group.open(options))
    }
}

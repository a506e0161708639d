import CLinux
import Glibc
import LinuxSystem
import PerfRecords
import PerfRing
import Synchronization
import SystemPackage
import Testing

/// Targets whose number is taken by another process while they are opened. TestProgram has one
/// process after the other live under one number, and each writes its own name into the events that
/// are open on it: so the events say themselves whose they are. (With every check taken out of
/// TargetOpener and TargetProcess, a run of 3,000 rounds finds one to three wrong ones.)
@Suite(
    .enabled(if: geteuid() == 0, "needs root: processes are made with a number of one's choice"),
    .serialized)
struct PIDReuseTests {
    /// As many as take some seconds; more where PROFILERD_PID_REUSE_ROUNDS says so.
    private static let rounds =
        getenv("PROFILERD_PID_REUSE_ROUNDS").flatMap { Int(String(cString: $0)) }
        ?? 100

    private struct Tally: CustomStringConvertible {
        /// What was opened said its own name.
        var right = 0
        /// It said another process' name.
        var wrong = 0
        /// It ended before it said any.
        var silent = 0
        /// It was not opened.
        var refused = 0

        var description: String {
            "\(right) right, \(wrong) wrong, \(silent) silent, \(refused) refused"
        }

        mutating func count(_ names: Set<String>, expecting name: String) {
            if names.isEmpty {
                silent += 1
            } else if names == [name] {
                right += 1
            } else {
                wrong += 1
            }
        }
    }

    /// The number under which processes follow one another, none of which lives longer than that.
    private func recycler(microseconds: Int) throws -> (RunningProgram, Int32) {
        let program = try RunningProgram(starting: "recycle", "1", "\(microseconds)")
        let line = try program.nextLine()
        try program.awaitLine("ready")
        return (program, try #require(Int32(line.dropFirst("number ".count))))
    }

    private var options: OpeningOptions {
        var options = OpeningOptions()
        options.events = [.cpuClock]
        options.dataPages = 1
        return options
    }

    /// The names that the events' processes gave themselves in a while.
    private func names(_ target: borrowing OpenedTarget) throws -> Set<String> {
        let drain = try TargetDrain(target)
        try target.enable()
        usleep(300)
        try target.disable()
        try drain.drain()
        return Set(
            drain.drained.others.compactMap { record in
                if case .comm(let comm) = record { comm.name } else { nil }
            })
    }

    @Test(arguments: [2_000, 20_000])
    func `events are never those of the process that took the number`(lifetime: Int) throws {
        let (program, number) = try recycler(microseconds: lifetime)
        let opener = TargetOpener(options)
        var tally = Tally()
        let stutter = Stutter()
        for round in 0..<Self.rounds * 50 {
            // A busy machine needs more of them to see both.
            if round >= Self.rounds, tally.right > 0, tally.refused > 0 { break }
            do {
                let target = try opener.open(processID: number)
                let name = target.identity.name
                // A process that has not named itself yet has its parent's name.
                if name.hasPrefix("g") { tally.count(try names(target), expecting: name) }
            } catch is OpeningError {
                tally.refused += 1
            }
        }
        stutter.end()
        print("pid reuse, lifetimes below \(lifetime) us: \(tally)")
        #expect(tally.wrong == 0, "\(tally)")
        #expect(tally.right > 0 && tally.refused > 0, "\(tally)")
        withExtendedLifetime(program) {}
    }

    // What would happen otherwise: the same processes, opened by their number after a look at
    // the name.
    @Test func `a number alone does lead to the wrong process`() throws {
        let (program, number) = try recycler(microseconds: 300)
        var attributes = PerfEventAttributes(
            type: EventSelection.cpuClock.type, config: EventSelection.cpuClock.config,
            rate: .frequency(99), wakeupWatermark: 4096)
        attributes.reportsTasks = true
        var mistakes = 0
        let end = monotonicNanoseconds() + 20_000_000_000
        while mistakes == 0, monotonicNanoseconds() < end {
            let directory = "/proc/\(number)"
            guard let before = try? SystemDirectory(directory).text(of: "comm") else { continue }
            // As long as it takes to do something else first.
            usleep(200)
            guard (try? PerfEvent.open(attributes, threadID: number, cpu: 0)) != nil,
                let after = try? SystemDirectory(directory).text(of: "comm")
            else { continue }
            if before.hasPrefix("g"), after.hasPrefix("g"), before != after { mistakes += 1 }
        }
        #expect(mistakes > 0)
        withExtendedLifetime(program) {}
    }
}

/// Holds the thread that makes it up again and again, at any point and long enough for a process to
/// end and another one to begin: it opens events within microseconds, and would hardly ever be
/// between two of its steps at that moment.
private final class Stutter {
    private final class Work: Sendable {
        let isOver = Atomic(false)
    }

    private let work = Work()
    private var thread = pthread_t()

    init() {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in usleep(800) }
        action.sa_flags = SA_RESTART
        sigaction(SIGUSR1, &action, nil)
        // The test runner's threads block what they do not expect.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGUSR1)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        let victim = pthread_self()
        let context = Unmanaged.passRetained(Context(work, victim)).toOpaque()
        let error = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Context>.fromOpaque(context).takeRetainedValue()
                while !start.work.isOver.load(ordering: .relaxed) {
                    usleep(.random(in: 0..<400))
                    pthread_kill(start.victim, SIGUSR1)
                }
                return nil
            }, context)
        precondition(error == 0)
    }

    private final class Context {
        let work: Work
        let victim: pthread_t

        init(_ work: Work, _ victim: pthread_t) {
            self.work = work
            self.victim = victim
        }
    }

    func end() {
        work.isOver.store(true, ordering: .relaxed)
        pthread_join(thread, nil)
    }
}

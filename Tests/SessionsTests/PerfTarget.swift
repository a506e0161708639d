import ControlProtocol
import Glibc
import LinuxSystem
import PerfRing
import TestSupport
import Testing

@testable import Sessions

/// A child that computes on the first CPU, with one event of it on one CPU, as a client holds them.
final class PerfTarget {
    let pid: pid_t
    private(set) var event: OwnedDescriptor
    private var ring: Mapping?

    init(pages: Int = 8, rate: SamplingRate = .frequency(999)) throws {
        var pid: pid_t = 0
        let words = ["taskset", "-c", "0", "sh", "-c", "while :; do :; done"]
        var arguments: [UnsafeMutablePointer<CChar>?] = []
        for word in words { arguments.append(strdup(word)) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        precondition(posix_spawnp(&pid, "taskset", nil, nil, &arguments, Glibc.environ) == 0)
        self.pid = pid
        event = try Self.open(pid, rate: rate)
        ring = try Mapping(event, count: (1 + pages) * 4096)
    }

    deinit { end() }

    /// Lets go of the client's mapping.
    func unmap() { ring = nil }

    /// Kills and reaps the child.
    func end() {
        kill(pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    static func open(
        _ pid: pid_t, cpu: Int32 = 0, rate: SamplingRate = .frequency(999)
    ) throws -> OwnedDescriptor {
        var attributes = PerfEventAttributes(
            type: 1, config: 0, rate: rate, wakeupWatermark: 1024)
        attributes.reportsTasks = true
        return try PerfEvent.open(attributes, threadID: pid, cpu: cpu)
    }

    func declaration(cpu: Int32 = 0, ring: Bool = true) -> DescriptorDeclaration {
        .event(EventDescriptor(event: 0, cpu: cpu, tid: pid, ownsRing: ring, isLate: false))
    }

    func request(lifetime: Lifetime = .detached, duration: UInt64? = nil, pages: Int = 8)
        -> BeginRequest
    {
        BeginRequest(
            target: Target(pid: pid, command: "sh"), events: [Self.clock], kernel: .mode,
            lifetime: lifetime, ringPages: pages, durationNanoseconds: duration)
    }

    static let clock = Event(
        name: "cpu-clock", type: 1, config: 0, sampling: .frequency(999), unit: .nanoseconds)

    func pidfd() -> OwnedDescriptor {
        TestSupport.pidfd(of: pid)
    }

    func maps() -> OwnedDescriptor {
        OwnedDescriptor(adopting: Glibc.open("/proc/\(pid)/maps", O_RDONLY | O_CLOEXEC))
    }
}

/// A list of one.
func list(_ descriptor: consuming OwnedDescriptor) -> DescriptorList {
    var list = DescriptorList()
    list.append(descriptor)
    return list
}

let needsPerf = Comment("perf_event_open needs root here")

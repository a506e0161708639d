import Glibc
import LinuxSystem
import Testing

@testable import Systemd

@Suite struct TimerAndSignalTests {
    @Test func `a timer fires once, not early, and again when armed again`() throws {
        let loop = try EventLoop()
        let start = loop.now
        var fired: [UInt64] = []
        var timer: TimerSource?
        timer = try loop.addTimer {
            fired.append(loop.now)
            if fired.count == 1 { timer?.arm(after: .milliseconds(20)) } else { loop.stop() }
        }
        timer?.arm(after: .milliseconds(10))
        try loop.run()
        try #require(fired.count == 2)
        #expect(fired[0] >= start + 10_000_000)
        #expect(fired[1] >= fired[0] + 20_000_000)
        timer = nil
    }

    @Test func `an absolute deadline is one of the monotonic clock`() throws {
        let loop = try EventLoop()
        let deadline = loop.now + 5_000_001
        let timer = try loop.addTimer { loop.stop() }
        timer.arm(at: deadline)
        try loop.run()
        #expect(loop.now >= deadline)
    }

    @Test func `a timer that is disarmed or armed anew forgets the first deadline`() throws {
        let loop = try EventLoop()
        var fired: [String] = []
        let disarmed = try loop.addTimer { fired.append("disarmed") }
        let delayed = try loop.addTimer {
            fired.append("delayed")
            loop.stop()
        }
        let between = try loop.addTimer { fired.append("between") }
        disarmed.arm(after: .milliseconds(1))
        delayed.arm(after: .milliseconds(1))
        delayed.arm(after: .milliseconds(30))
        between.arm(after: .milliseconds(10))
        disarmed.disarm()
        try loop.run()
        #expect(fired == ["between", "delayed"])
    }

    @Test func `a timer that was never armed does not fire`() throws {
        let loop = try EventLoop()
        var fired = false
        let idle = try loop.addTimer { fired = true }
        let end = try loop.addTimer { loop.stop() }
        end.arm(after: .milliseconds(5))
        try loop.run()
        #expect(!fired)
        withExtendedLifetime(idle) {}
    }

    @Test(
        arguments: [
            (Duration.zero, 0), (.seconds(-1), 0), (.nanoseconds(1), 1), (.microseconds(1), 1),
            (.nanoseconds(1001), 2), (.seconds(1), 1_000_000),
            (.seconds(Int64.max), UInt64.max),
        ] as [(Duration, UInt64)])
    func `a duration is rounded up to microseconds`(duration: Duration, expected: UInt64) {
        #expect(duration.microsecondsRoundedUp == expected)
    }

    @Test func `a signal reaches its handler and does not end the process`() throws {
        let loop = try EventLoop()
        var count = 0
        let source = try loop.addSignal(SIGUSR1) {
            count += 1
            loop.stop()
        }
        // For this thread alone: the other threads of the test process do not block it.
        pthread_kill(pthread_self(), SIGUSR1)
        try loop.run()
        #expect(count == 1)
        source.cancel()
    }

    @Test func `a number that is no signal is refused`() throws {
        let loop = try EventLoop()
        #expect(throws: SystemCallError.self) { try loop.addSignal(4711) {} }
    }
}

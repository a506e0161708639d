import Glibc
import LinuxSystem
import Testing

@testable import Systemd

private struct Unwell: Error, Equatable {
    let number: Int
}

@Suite struct EventLoopTests {
    @Test func `a readable descriptor calls its handler with what it is ready for`() throws {
        let loop = try EventLoop()
        let pipe = Pipe()
        var seen: [IOEvents] = []
        let source = try loop.addIO(pipe.reading, .readable) { events in
            seen.append(events)
            loop.stop()
        }
        pipe.fill()
        try loop.run()
        #expect(seen == [.readable])
        source.cancel()
    }

    @Test func `a handler's error ends the loop, and it is the error of run`() throws {
        let loop = try EventLoop()
        let (first, second) = (Pipe(), Pipe())
        var ran = 0
        let sources = try [
            loop.addIO(first.reading, .readable) { _ in
                ran += 1
                throw Unwell(number: 1)
            },
            loop.addIO(second.reading, .readable) { _ in
                ran += 1
                throw Unwell(number: 2)
            },
        ]
        sources[0].setPriority(-1)
        first.fill()
        second.fill()
        #expect(throws: Unwell(number: 1)) { try loop.run() }
        #expect(ran == 1)
    }

    @Test func `a source cancelled inside its own handler does not run again`() throws {
        let loop = try EventLoop()
        let pipe = Pipe()
        var ran = 0
        var source: IOSource?
        source = try loop.addIO(pipe.reading, .readable) { _ in
            ran += 1
            source?.cancel()
            source = nil
            loop.post { loop.post { loop.stop() } }
        }
        pipe.fill()
        try loop.run()
        #expect(ran == 1)
        #expect(source == nil)
    }

    @Test func `a ready source cancelled by another handler does not run`() throws {
        let loop = try EventLoop()
        let pipes = [Pipe(), Pipe()]
        var sources: [IOSource] = []
        var ran: [Int] = []
        for index in 0...1 {
            try sources.append(
                loop.addIO(pipes[index].reading, .readable) { _ in
                    ran.append(index)
                    pipes[index].drain()
                    sources[1 - index].cancel()
                    loop.post { loop.post { loop.stop() } }
                })
            pipes[index].fill()
        }
        try loop.run()
        #expect(ran.count == 1)
        #expect(sources.count { $0.isCancelled } == 1)
        // Each handler holds them all.
        sources = []
    }

    @Test func `a source goes with its last owner, and its handler with it`() throws {
        final class Witness {}
        let loop = try EventLoop()
        let pipe = Pipe()
        var ran = false
        weak var witness: Witness?
        do {
            let held = Witness()
            witness = held
            let source = try loop.addIO(pipe.reading, .readable) { _ in
                ran = true
                withExtendedLifetime(held) {}
            }
            #expect(!source.isCancelled)
        }
        #expect(witness == nil)
        pipe.fill()
        loop.post { loop.post { loop.stop() } }
        try loop.run()
        #expect(!ran)
    }

    @Test func `a source may outlive its loop`() throws {
        let pipe = Pipe()
        var loop: EventLoop? = try EventLoop()
        let source = try #require(try loop?.addIO(pipe.reading, .readable) { _ in })
        let timer = try #require(try loop?.addTimer {})
        loop = nil
        timer.arm(after: .seconds(1))
        source.setEnabled(false)
        source.cancel()
        #expect(source.isCancelled)
    }

    @Test func `a paused descriptor keeps quiet until it is resumed`() throws {
        let loop = try EventLoop()
        let pipe = Pipe()
        var order: [String] = []
        let source = try loop.addIO(pipe.reading, .readable) { _ in
            order.append("io")
            loop.stop()
        }
        source.setEnabled(false)
        pipe.fill()
        let timer = try loop.addTimer {
            order.append("timer")
            source.setEnabled(true)
        }
        timer.arm(after: .milliseconds(5))
        try loop.run()
        #expect(order == ["timer", "io"])
    }

    @Test func `what is posted runs in order, and what a body posts waits for the next round`()
        throws
    {
        let loop = try EventLoop()
        var order: [Int] = []
        loop.post {
            order.append(1)
            loop.post {
                order.append(3)
                loop.stop()
            }
        }
        loop.post { order.append(2) }
        try loop.run()
        #expect(order == [1, 2, 3])
    }

    @Test func `a deferred source runs once each time it is scheduled`() throws {
        let loop = try EventLoop()
        var ran = 0
        var source: DeferredSource?
        source = try loop.addDeferred {
            ran += 1
            if ran < 3 { source?.schedule() } else { loop.stop() }
        }
        source?.schedule()
        source?.schedule()
        try loop.run()
        #expect(ran == 3)
        source = nil
    }

    @Test func `a regular file cannot be polled, and the error says so`() throws {
        let loop = try EventLoop()
        let file = OwnedDescriptor(adopting: open("/proc/self/exe", O_RDONLY | O_CLOEXEC))
        #expect(throws: SystemCallError("sd_event_add_io", .notPermitted)) {
            try loop.addIO(file, .readable) { _ in }
        }
    }

    @Test func `a loop and its sources leave no descriptor behind`() async {
        await #expect(processExitsWith: .success) {
            func once() throws {
                let loop = try EventLoop()
                let pipe = Pipe()
                let source = try loop.addIO(pipe.reading, .readable) { _ in loop.stop() }
                let timer = try loop.addTimer {}
                timer.arm(after: .seconds(60))
                let signal = try loop.addSignal(SIGUSR2) {}
                pipe.fill()
                try loop.run()
                withExtendedLifetime((source, signal)) {}
            }
            // The testing library's threads open and close a few meanwhile.
            let before = openDescriptors()
            for _ in 0..<100 { try once() }
            demand(openDescriptors() < before + 50, "no descriptor is left by each loop")
        }
    }
}

import Glibc
import LinuxSystem
import Testing

@testable import Recording

/// Kills this process with SIGKILL after `milliseconds`, wherever it is then.
func dieAfter(milliseconds: Int) throws {
    var event = sigevent()
    event.sigev_notify = Int32(SIGEV_SIGNAL)
    event.sigev_signo = SIGKILL
    var timer: timer_t?
    try #require(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0)
    var time = itimerspec()
    time.it_value.tv_nsec = milliseconds * 1_000_000
    try #require(timer_settime(timer, 0, &time, nil) == 0)
}

struct CrashTests {
    @Test(arguments: [1, 3, 8, 20, 50])
    func `a recording whose writer was killed has every commit`(milliseconds: Int) async throws {
        let scratch = try ScratchDirectory()
        let path = scratch.path
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, milliseconds = milliseconds as Int] in
            let directory = try OwnedDescriptor.openDirectory(path)
            var writer = try RecordingWriter(creating: "a.recording", in: directory)
            // Says, by a system call of its own, how many commits have returned.
            let filler = open(path + "/filler", O_RDWR | O_CREAT, 0o600)
            writer.append(event: .cpuClock)
            try writer.commit()
            try dieAfter(milliseconds: milliseconds)
            var number: UInt64 = 0
            while true {
                for index in 0..<100 as Range<UInt64> {
                    writer.appendSample(time: number, [number << 20 | index << 4, 0x1000])
                }
                try writer.commit()
                number += 1
                pwrite(filler, &number, 8, 0)
            }
        }
        var returned: UInt64 = 0
        for byte in try scratch.bytes("filler").reversed() {
            returned = returned << 8 | UInt64(byte)
        }
        var reader = try scratch.reader()
        var samples: UInt64 = 0
        while let entry = try reader.next() {
            guard case .sample(let sample) = entry else { continue }
            #expect(sample.time == samples / 100)
            samples += 1
        }
        #expect(!reader.isSealed && !reader.isTruncated)
        #expect(samples % 100 == 0)
        #expect((returned...returned + 1).contains(samples / 100))
    }
}

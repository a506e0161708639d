// Recordings that are not as their writer left them, and what `profilerctl report` makes of them.

import Glibc
import LinuxSystem
import Recording
import Testing

extension IntegrationTests {
    @Suite(.serialized) struct DamagedRecordingTests {}
}

extension IntegrationTests.DamagedRecordingTests {
    /// A sealed recording of a hundred samples in ten commits.
    private func recording(in scratch: Scratch) throws -> [UInt8] {
        let directory = try OwnedDescriptor.openDirectory(scratch.path)
        var writer = try RecordingWriter(creating: "whole", in: directory)
        writer.append(
            event: EventDefinition(
                index: 0, name: "cpu-clock", type: 1, config: 0, isFrequency: true,
                periodOrFrequency: 99, unit: .nanoseconds))
        for number in 0..<100 as Range<UInt64> {
            let callchain = [0x1000 + number / 7, 0x2000]
            writer.appendSample(
                time: number, pid: 1, tid: 1, cpu: 0, event: 0, weight: 1, isKernelMode: false,
                callchain: callchain.span)
            if number % 10 == 9 { try writer.commit() }
        }
        try writer.seal(at: 1000, reason: .stopped)
        return try readFile("\(scratch.path)/whole")
    }

    private func report(
        _ bytes: [UInt8], _ format: String, in scratch: Scratch
    ) throws -> Finished {
        let path = scratch.newPath("it.recording")
        try writeFile(path, bytes)
        chmod(path, 0o644)
        let client = try Running(
            Binaries.shared.profilerctl, ["report", path, "--format", format], in: scratch)
        let ending = try client.wait()
        return Finished(ending: ending, output: client.output, errors: client.errors)
    }

    @Test func `a recording that was cut gives a report of the rest, and it is said`() throws {
        let scratch = try Scratch()
        let whole = try recording(in: scratch)
        let cuts = [4096, 4097, 4150, 4200, 4300, whole.count - 1]
        var last = -1
        for cut in cuts {
            let bytes = Array(whole.prefix(cut))
            let folded = try report(bytes, "folded", in: scratch)
            #expect(folded.ending == .exited(0))
            #expect(folded.errors.contains("the file was cut"), "\(folded.errors)")
            #expect(folded.output.contains("[the recording was cut] 0\n"))
            let samples = Folded(folded.output).total
            #expect(samples >= last)
            last = samples
            let table = try report(bytes, "table", in: scratch)
            #expect(table.output.contains("the file was cut"))
            let copy = try report(bytes, "recording", in: scratch)
            #expect(copy.ending == .exited(0) && copy.errors.contains("the file was cut"))
        }
        #expect(last == 100)
        let sound = try report(whole, "folded", in: scratch)
        #expect(sound.ending == .exited(0) && sound.errors == "")
        #expect(!sound.output.contains("[the recording"))
    }

    @Test func `a recording that was cut inside its header has nothing to report`() throws {
        let scratch = try Scratch()
        let whole = try recording(in: scratch)
        for cut in [0, 7, 8, 28, 4095] {
            let finished = try report(Array(whole.prefix(cut)), "folded", in: scratch)
            expectFailure(finished, 65, "it was cut")
        }
    }

    @Test func `a damaged recording gives a report of what comes before, and fails`() throws {
        let scratch = try Scratch()
        var bytes = try recording(in: scratch)
        // A sample's flags that no version has, somewhere in the middle.
        let place = bytes.count / 2 + 2048
        let sample = try #require(bytes[place...].firstIndex { $0 & 0x83 == 0x80 })
        bytes[sample] |= 0x03
        let finished = try report(bytes, "folded", in: scratch)
        #expect(finished.ending == .exited(65))
        #expect(finished.errors.contains("is damaged at byte"), "\(finished.errors)")
        #expect(finished.errors.contains("what comes before"))
        #expect(finished.output.contains("[the recording is damaged] 0\n"))
        #expect((1..<100).contains(Folded(finished.output).total))
    }

    @Test func `an end that counted other samples than there are is damage`() throws {
        let scratch = try Scratch()
        var bytes = try recording(in: scratch)
        // The end's last two numbers: samples and lost.
        #expect(Array(bytes.suffix(2)) == [100, 0])
        bytes[bytes.count - 2] = 99
        let finished = try report(bytes, "folded", in: scratch)
        #expect(finished.ending == .exited(65))
        #expect(Folded(finished.output).total == 100)
    }
}

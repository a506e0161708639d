// `profilerctl record` beside everything else: it finds the next daemon by itself.

import ControlProtocol
import Glibc
import Testing

/// A client that records in the foreground.
struct ForegroundRecord {
    let client: Running
    let identifier: String
    let path: String
    let generation: Int
    let fills: Int
}

extension Soak {
    /// Starts a client that records for some seconds; returns when it does.
    func record() throws {
        if records.count >= 2 { try finishRecords() }
        let known = Set(try instance.sessions().keys)
        let path = instance.scratch.newPath("record") + ".recording"
        let seconds = Int.random(in: 1...6, using: &random)
        let client = try instance.startClient([
            "record", "--pid", "\(target.processID)", "-F", "199", "--duration", "\(seconds)s",
            "--output", path,
        ])
        var found: String?
        try wait("a session of record", seconds: 20) {
            if let ending = client.poll() { throw Failure("record \(ending): \(client.errors)") }
            found = try instance.sessions().first {
                !known.contains($0.key) && $0.value.lifetime == .connection
            }?.key
            return found != nil
        }
        records.append(
            ForegroundRecord(
                client: client, identifier: found ?? "", path: path, generation: generation,
                fills: fills))
        tally.sessions += 1
    }

    /// Waits for the clients that record, and looks at what they have written.
    func finishRecords() throws {
        for record in records {
            let ending = try record.client.wait(seconds: 60)
            let errors = record.client.errors
            let isFull = fills > record.fills && errors.contains("ENOSPC")
            guard ending == .exited(isFull ? 1 : 0) else {
                throw Failure("record \(record.identifier) \(ending): \(errors)")
            }
            let recorded = try Recorded(record.path)
            let gaps = recorded.gaps.count { $0.cause == .daemonRestarted }
            guard gaps == 0 || errors.contains("The daemon was restarted") else {
                throw Failure("record \(record.identifier) does not tell of a gap: \(errors)")
            }
            try check(
                record.path, of: record.identifier,
                restarts: 0...restarts(since: record.generation).upperBound,
                isFull ? nil : .durationReached, before: 1)
        }
        records = []
    }
}

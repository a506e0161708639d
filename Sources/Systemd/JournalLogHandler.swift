// Log lines as structured journal entries, sd_journal_sendv(3).

internal import CSystemd
public import Logging

/// Writes each log event to the journal: the message as it is, the metadata as fields.
///
/// `PRIORITY` is the level; the metadata key `message-id` becomes `MESSAGE_ID`; any other key
/// becomes a field of its own, `session` PROFILERD_SESSION and `peer.pid` PROFILERD_PEER_PID.
/// journald itself adds the sender's `_PID` and `_UID`, which no sender can forge.
public struct JournalLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level
    private let identifier: String

    /// - Parameter identifier: `SYSLOG_IDENTIFIER`, what `journalctl -t` selects.
    public init(identifier: String = "profilerd", level: Logger.Level = .info) {
        self.identifier = identifier
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        JournalFields(event, metadata: effectiveMetadata(of: event), identifier: identifier).send()
    }
}

extension JournalFields {
    /// Sends the entry. Where no journald runs the library drops it; a failure to log has nowhere
    /// to be logged, so it is dropped as well.
    func send() {
        var vectors = unsafe [iovec]()
        unsafe vectors.reserveCapacity(ends.count)
        var buffer = bytes
        unsafe buffer.withUnsafeMutableBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            var start = 0
            for end in ends {
                // SAFETY: each field lies inside the buffer, which outlives the call below.
                unsafe vectors.append(iovec(iov_base: base + start, iov_len: end - start))
                start = end
            }
            // SAFETY: the library reads the vectors and the fields during the call only.
            _ = unsafe sd_journal_sendv(unsafe vectors, CInt(ends.count))
        }
    }
}

// The events that have an identity in the journal: `journalctl MESSAGE_ID=…` finds them whatever
// their text is, and systemd/profilerd.catalog explains them in `journalctl -x`. An id is never
// changed and never given to another event.

public import Logging

/// The `MESSAGE_ID` of each kind of event, 128 random bits as 32 lowercase hexadecimal digits.
public enum JournalMessage: String, Sendable, CaseIterable {
    /// The daemon takes requests.
    case daemonStarted = "8bbd74e1c91b4398a955b8cf3c133ad8"
    /// The daemon has sealed its sessions and ends.
    case daemonStopping = "bbd9c7c28e7f4648935d67c4314a1f50"
    /// The daemon was started by a connection and took the listening socket over.
    case connectionActivated = "644e93fba6304a389a48f1d95e933442"
    /// A client handed over its descriptors, and samples are being recorded.
    case sessionStarted = "981bba5a50be4c179eead208b92ecac2"
    /// A session's recording was sealed.
    case sessionEnded = "a57ebd43244b4e938c7414a5ba8c2181"
    /// A session of an earlier daemon goes on, after a gap.
    case sessionResumed = "c9a10a7108244f4bbc4f1886d5a78fa0"
    /// The daemon ends, and a session waits for the next one.
    case sessionSuspended = "aa595bf02f8543379243a358f6f4b350"
    /// The service manager kept what is not a session, or is one no more.
    case sessionNotResumed = "c1a8ec40181d4d90b5258827a63f9865"
    /// The policy allowed a request.
    case requestAllowed = "9ab36f172282437dab98126128de597f"
    /// The policy denied a request.
    case requestDenied = "6de36146226746e7a94d312a9e4b1e38"
    /// A peer broke the protocol and was disconnected.
    case peerViolation = "1973df0f748642e7ade9ea779686d6d3"
    /// A limit kept a connection out, or ended one.
    case connectionRefused = "1a3fe32821a448a6a6d282d13c9ef12e"
    /// The configuration cannot be used, and the daemon does not start.
    case configurationInvalid = "2b8fc6a22881445ab179e818a74246d6"
    /// A running daemon has read its configuration again.
    case configurationReloaded = "89eb8cf9ac664a6e8e8a4c9cfcf7b2a7"
    /// A running daemon was to read its configuration again, could not, and keeps the old one.
    case reloadRefused = "0f21c4b8f78d46399a709c6da6e17f41"
    /// A ring held what the kernel does not write, and its session was ended.
    case ringViolation = "a8a32f732c1049809c709a554395f145"
    /// A session took more than the daemon's budget has, and samples less often or rests.
    case sessionHeldBack = "5d0f3a6f1be0478bb5c1f6a9c3b0e7d4"
    /// The kernel, or somebody, has lowered kernel.perf_event_max_sample_rate.
    case sampleRateLowered = "c7e2b94dd1a64f0f8e3b6a5d90c4f281"
    /// A recording was too old, or one too many.
    case recordingRemoved = "3fb1c8a2e6d94be7a0d5f4c7b9186e32"

    /// The metadata key that names the event.
    public static let metadataKey = "message-id"
}

extension Logger.Metadata {
    /// Metadata of a line that reports `message`:
    /// `logger.notice("A session started.", metadata: .journal(.sessionStarted, ["session": …]))`.
    public static func journal(
        _ message: JournalMessage, _ metadata: Logger.Metadata = [:]
    ) -> Logger.Metadata {
        var metadata = metadata
        metadata[JournalMessage.metadataKey] = .string(message.rawValue)
        return metadata
    }
}

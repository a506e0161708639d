// What the sessions may use together, and which recordings are kept.

public import ControlProtocol
internal import LinuxSystem

extension SessionTable {
    /// What the sessions may use together, from now on.
    public var budget: Budget {
        get { budgetKeeper.budget }
        set { budgetKeeper.budget = newValue }
    }

    /// Which recordings are kept, from now on.
    public var retention: Retention {
        get { recordingKeeper.retention }
        set {
            recordingKeeper.retention = newValue
            sweep()
        }
    }

    /// What the sessions use.
    public var load: ServiceLoad {
        ServiceLoad(
            budget: budget, retention: retention, drainNanoseconds: budgetKeeper.drainTime,
            memory: budgetKeeper.memory, recordings: recordingKeeper.total)
    }

    /// Removes recordings that are too old or too many. To be called at the start, once every
    /// session that goes on is there.
    public func sweep() {
        if let (session, failure) = recordingKeeper.sweep(sessions) {
            end(session, .failed, failure)
        }
    }

    /// Looks at every limit after rings of the session were emptied.
    func keepLimits(_ session: Session, since start: UInt64) {
        budgetKeeper.charge(session, since: start)
        if let (session, failure) = recordingKeeper.look(sessions) {
            end(session, .failed, failure)
        }
    }
}

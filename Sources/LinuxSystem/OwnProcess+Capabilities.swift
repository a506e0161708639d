// The capabilities of this process, through libcap (cap_get_proc(3)). What is permitted only ever
// shrinks. What is effective is what a single action needs, for as long as it takes: a file that is
// opened for the user beside it is opened with no more than the user's own rights.
//
// The calls are about the calling thread. Programs that use them have one.

internal import CCapabilities
internal import CLinux
internal import SystemPackage

/// The sets of a process or a file, in libcap's shape; freed with the value.
@safe
private struct CapabilityState: ~Copyable {
    private let state: cap_t

    @unsafe
    init(adopting state: cap_t) { unsafe self.state = state }

    /// Those of this thread.
    static func own() throws(SystemCallError) -> CapabilityState {
        guard let state = unsafe cap_get_proc() else {
            throw SystemCallError("capget", currentErrno)
        }
        return unsafe CapabilityState(adopting: state)
    }

    // SAFETY: libcap's allocation, freed once.
    deinit { _ = unsafe cap_free(UnsafeMutableRawPointer(state)) }

    subscript(_ flag: cap_flag_t) -> CapabilitySet {
        get {
            var set: CapabilitySet = []
            for number in 0..<cap_max_bits() {
                var value = CAP_CLEAR
                // SAFETY: the call writes one value in this frame.
                _ = unsafe cap_get_flag(state, number, flag, &value)
                if value == CAP_SET { set.insert(CapabilitySet(number: number)) }
            }
            return set
        }
        nonmutating set {
            for number in 0..<cap_max_bits() {
                var number = number
                let value = newValue.contains(CapabilitySet(number: number)) ? CAP_SET : CAP_CLEAR
                // SAFETY: the call reads one number in this frame.
                _ = unsafe cap_set_flag(state, flag, 1, &number, value)
            }
        }
    }

    /// Has this thread be so.
    func apply() throws(SystemCallError) {
        _ = try checked("capset") { unsafe cap_set_proc(state) }
    }
}

extension OwnProcess {
    /// What this process may make effective.
    ///
    /// - Throws: `SystemCallError` of `capget`.
    public static func permittedCapabilities() throws(SystemCallError) -> CapabilitySet {
        try CapabilityState.own()[CAP_PERMITTED]
    }

    /// What its caller had it start with, and would have had any program start with.
    public static var ambientCapabilities: CapabilitySet {
        var set: CapabilitySet = []
        for number in 0..<cap_max_bits() where cap_get_ambient(number) == 1 {
            set.insert(CapabilitySet(number: number))
        }
        return set
    }

    /// Gives up every permitted capability that is not in `kept`, for good, and makes none
    /// effective.
    ///
    /// - Throws: `SystemCallError` of `capget` or `capset`.
    public static func keepCapabilities(_ kept: CapabilitySet) throws(SystemCallError) {
        let state = try CapabilityState.own()
        state[CAP_EFFECTIVE] = []
        state[CAP_PERMITTED] = state[CAP_PERMITTED].intersection(kept)
        try state.apply()
    }

    /// Runs `body` with those of `wanted` effective that are permitted. Whether that was enough
    /// is the kernel's to say.
    public static func raising<Result: ~Copyable>(
        _ wanted: CapabilitySet, _ body: () throws(SystemCallError) -> Result
    ) throws(SystemCallError) -> Result {
        let before = try raise(wanted)
        // A process that could not lower them again would open the user's files with them.
        defer { lower(to: before) }
        return try body()
    }

    /// Makes those of `wanted` effective that are permitted, until `lower`.
    ///
    /// - Returns: what was effective before.
    /// - Throws: `SystemCallError` of `capget` or `capset`.
    public static func raise(_ wanted: CapabilitySet) throws(SystemCallError) -> CapabilitySet {
        let state = try CapabilityState.own()
        let before = state[CAP_EFFECTIVE]
        let raised = before.union(wanted.intersection(state[CAP_PERMITTED]))
        if raised == before { return before }
        state[CAP_EFFECTIVE] = raised
        try state.apply()
        return before
    }

    /// Makes effective again what `raise` returned, as far as it is permitted still.
    public static func lower(to before: CapabilitySet) {
        do throws(SystemCallError) {
            let state = try CapabilityState.own()
            let wanted = before.intersection(state[CAP_PERMITTED])
            if state[CAP_EFFECTIVE] == wanted { return }
            state[CAP_EFFECTIVE] = wanted
            try state.apply()
        } catch {
            preconditionFailure("capabilities cannot be lowered: \(error)")
        }
    }
}

// MARK: - The ways to new ones

extension OwnProcess {
    /// Closes every way to a capability that this process has not: no program that it executes
    /// from now on has more than it (`PR_SET_NO_NEW_PRIVS`), and none has what it has, as nothing
    /// stays inheritable or ambient, nor, where there is CAP_SETPCAP to say so, in the bounding set.
    ///
    /// What this program's own file would give stays in the bounding set: execve(2) of a file that
    /// cannot have what it is marked with fails (EPERM), and the program executes itself.
    ///
    /// - Throws: `SystemCallError` of `capset` or `prctl`.
    public static func sealCapabilities() throws(SystemCallError) {
        let ofFile = ownFileCapabilities()
        try raising([.setpcap]) { () throws(SystemCallError) in
            for number in 0..<cap_max_bits()
            where !ofFile.contains(CapabilitySet(number: number)) && cap_get_bound(number) == 1 {
                guard cap_drop_bound(number) == -1 else { continue }
                if currentErrno == .notPermitted { break }
                throw SystemCallError("prctl", currentErrno, on: "PR_CAPBSET_DROP")
            }
        }
        _ = try checked("prctl", on: "PR_CAP_AMBIENT_CLEAR_ALL") { cap_reset_ambient() }
        let state = try CapabilityState.own()
        state[CAP_INHERITABLE] = []
        state[CAP_EFFECTIVE] = state[CAP_EFFECTIVE].subtracting([.setpcap])
        state[CAP_PERMITTED] = state[CAP_PERMITTED].subtracting([.setpcap])
        try state.apply()
        _ = try checked("prctl", on: "PR_SET_NO_NEW_PRIVS") {
            clinux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        }
    }

    /// Has nobody look at this process or trace it but with CAP_SYS_PTRACE (`PR_SET_DUMPABLE`).
    ///
    /// - Throws: `SystemCallError` of `prctl`.
    public static func hide() throws(SystemCallError) {
        _ = try checked("prctl", on: "PR_SET_DUMPABLE") {
            clinux_prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
        }
    }

    /// What the file of this program is marked to give (setcap(8)).
    private static func ownFileCapabilities() -> CapabilitySet {
        // SAFETY: the string lives through the call.
        guard let state = unsafe cap_get_file("/proc/self/exe") else { return [] }
        return unsafe CapabilityState(adopting: state)[CAP_PERMITTED]
    }
}

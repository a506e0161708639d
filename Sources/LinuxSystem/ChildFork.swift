// The child between fork(2) and execve(2). Everything it needs was made before, so that it makes
// system calls and nothing else: no allocation, no lock, no Swift runtime call that takes one. (The
// client has one thread, so that even those would do.)
//
// The privilege is dropped here and not in the program that is executed, so that not one
// instruction of it, not even of its dynamic loader, runs with privilege, and so that the hidden
// subcommand that makes reports is one that anybody may call. That is also why the program is
// executed anew and the report not made in the forked image: what root had in memory, and where,
// stays root's. The price: the target's user must be allowed to execute the file of profilerctl;
// as it is executed by descriptor, the directories on its path do not matter.
//
// The order is capabilities(7)'s: the bounding set and the groups need privilege, the uid takes it
// away, and a change of uid clears the death signal (prctl(2)).

internal import CLinux
internal import SystemPackage

/// A plan in C's shapes.
@safe
struct ChildFork: ~Copyable {
    private let program: UnsafeMutablePointer<CChar>?
    private let arguments: CStringList
    private let environment: CStringList
    private let identity: UserIdentity?
    private let groups: UnsafeMutableBufferPointer<gid_t>
    /// What becomes descriptor 0, 1, 2, …, behind it the report pipe and, if the program is this
    /// one, its file: all of them above every number they will have.
    private let sources: DescriptorList
    private let numbers: [CInt]
    /// How many of them are the plan's.
    private let count: Int
    private let isConfined: Bool
    private let waits: Bool
    /// The parent has capabilities that its caller has not.
    private let isSecure: Bool
    private let parent: pid_t

    init(
        _ plan: ChildPlan, _ descriptors: borrowing DescriptorList,
        report: borrowing OwnedDescriptor
    ) throws(SystemCallError) {
        let sources = try Self.sources(plan, descriptors, report)
        numbers = sources.numbers
        self.sources = sources
        count = descriptors.count
        if case .named(let name) = plan.program {
            unsafe program = strdup(name)
        } else {
            unsafe program = nil
        }
        arguments = CStringList(plan.arguments)
        environment = CStringList(plan.environment)
        identity = plan.identity
        let list = plan.identity?.groups ?? []
        unsafe groups = .allocate(capacity: list.count)
        // SAFETY: the allocation has room for all of them.
        _ = unsafe groups.initialize(from: list)
        isConfined = plan.isConfined
        waits = plan.waits
        isSecure = OwnProcess.isSecure
        parent = getpid()
    }

    deinit {
        // SAFETY: what init allocated, once; free(3) takes null.
        unsafe free(program)
        unsafe groups.deallocate()
    }

    private static func sources(
        _ plan: ChildPlan, _ descriptors: borrowing DescriptorList,
        _ report: borrowing OwnedDescriptor
    ) throws(SystemCallError) -> DescriptorList {
        let floor = CLong(max(descriptors.count, 3) + 2)
        var sources = DescriptorList()
        for number in descriptors.numbers + [report.rawValue] {
            sources.append(
                OwnedDescriptor(
                    adopting: try checked("fcntl") {
                        clinux_fcntl(number, F_DUPFD_CLOEXEC, floor)
                    }))
        }
        if plan.program == .itself {
            let file = try openOwnFile()
            let number = file.rawValue
            sources.append(
                OwnedDescriptor(
                    adopting: try checked("fcntl") {
                        clinux_fcntl(number, F_DUPFD_CLOEXEC, floor)
                    }))
        }
        return sources
    }

    private static func openOwnFile() throws(SystemCallError) -> OwnedDescriptor {
        let path = "/proc/self/exe"
        let number = try retryingOnInterrupt("open", on: path) {
            // SAFETY: the string lives through the call.
            unsafe clinux_openat(AT_FDCWD, path, clinux_o_path() | O_CLOEXEC, 0)
        }
        return OwnedDescriptor(adopting: number)
    }

    /// Forks; in the parent returns the child's number.
    ///
    /// - Parameter gate: what the child reads its parent's word from.
    borrowing func start(gate: borrowing Pipe) throws(SystemCallError) -> pid_t {
        let (gateReader, gateWriter) = (gate.reader.rawValue, gate.writer.rawValue)
        let processID = try checked("fork") { clinux_fork() }
        if processID == 0 {
            // Open in here, it would keep the gate from ending.
            _ = close(gateWriter)
            becomeProgram(gate: gateReader)
        }
        return processID
    }

    /// The child becomes its program, or reports why not and ends.
    private func becomeProgram(gate: CInt) -> Never {
        resetSignals()
        if isConfined { shed() }
        becomeUser()
        if isConfined { confine() } else if isSecure { becomeCaller() }
        if waits { say(0, 0, numbers[count]) }
        waitForGate(gate)
        let report = arrangeDescriptors()
        if let program = unsafe program {
            // SAFETY: the string ends with a zero byte, both lists with a null pointer.
            _ = unsafe clinux_execvpe(program, arguments.pointers, environment.pointers)
        } else {
            // SAFETY: as above.
            _ = unsafe clinux_exec_descriptor(
                count == 0 ? numbers[1] : CInt(count) + 1, arguments.pointers, environment.pointers)
        }
        fail(.execute, report)
    }
}

extension ChildFork {
    /// The parent's handlers do not survive execve(2), but what it ignores or blocks does.
    private func resetSignals() {
        _ = clinux_signal_default(SIGPIPE)
        _ = clinux_signal_default(SIGXFSZ)
        var none = sigset_t()
        // SAFETY: the set lives in this frame.
        unsafe sigemptyset(&none)
        _ = unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
    }

    /// Gives up what takes privilege to give up, or is any user's.
    private func shed() {
        // A session of its own has no terminal that /dev/tty could open.
        if setsid() == -1 { fail(.session, numbers[count]) }
        if !setLimitToZero(RLIMIT_CORE) || !setLimitToZero(RLIMIT_FSIZE) {
            fail(.limits, numbers[count])
        }
        // EINVAL ends the kernel's list. Without CAP_SETPCAP (EPERM) there is nothing to give up.
        var capability: UInt = 0
        while capability < 64 {
            if clinux_prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == -1 {
                let error = clinux_errno()
                if error == EINVAL || error == EPERM { return }
                fail(.boundingSet, numbers[count])
            }
            capability += 1
        }
    }

    private func setLimitToZero(_ resource: __rlimit_resource) -> Bool {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        // SAFETY: the kernel reads the structure.
        return unsafe setrlimit(__rlimit_resource_t(resource.rawValue), &none) == 0
    }

    private func becomeUser() {
        guard let identity else { return }
        let (uid, gid) = (identity.uid, identity.gid)
        // SAFETY: the kernel reads the allocation's numbers.
        if unsafe setgroups(groups.count, groups.baseAddress) == -1 {
            fail(.groups, numbers[count])
        }
        if clinux_setresgid(gid, gid, gid) == -1 { fail(.groupID, numbers[count]) }
        if clinux_setresuid(uid, uid, uid) == -1 { fail(.userID, numbers[count]) }
    }

    private func confine() {
        let report = numbers[count]
        let clearAll = UInt(PR_CAP_AMBIENT_CLEAR_ALL)
        if clinux_prctl(PR_CAP_AMBIENT, clearAll, 0, 0, 0) == -1
            || clinux_clear_capabilities() == -1
        {
            fail(.capabilities, report)
        }
        if clinux_prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 { fail(.noNewPrivileges, report) }
        if clinux_prctl(PR_SET_PDEATHSIG, UInt(SIGKILL), 0, 0, 0) == -1 {
            fail(.deathSignal, report)
        }
        // A parent that died before that call sends nothing any more.
        if getppid() != parent { _exit(1) }
    }

    /// Gives up what its caller had not, before it waits or looks for its program: from here on it
    /// is its caller's process, which they may look at and end.
    private func becomeCaller() {
        if clinux_lower_capabilities() == -1 { fail(.capabilities, numbers[count]) }
        if clinux_prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1 { fail(.capabilities, numbers[count]) }
    }

    private func waitForGate(_ gate: CInt) {
        var byte: UInt8 = 0
        while true {
            // SAFETY: at most one byte is written.
            let length = unsafe read(gate, &byte, 1)
            if length == 1 { return }
            if length == -1 && clinux_errno() == EINTR { continue }
            _exit(0)
        }
    }

    /// Puts the plan's descriptors at 0, 1, 2, …, the report pipe and the program's file behind
    /// them, and closes the rest. Without descriptors in the plan all stay where they are.
    ///
    /// - Returns: where the report pipe is now.
    private func arrangeDescriptors() -> CInt {
        let report = numbers[count]
        if count == 0 { return report }
        var target = 0
        while target < numbers.count {
            let flags = target < count ? 0 : O_CLOEXEC
            if clinux_dup3(numbers[target], CInt(target), flags) == -1 {
                fail(.descriptors, report)
            }
            target += 1
        }
        if clinux_close_from(CUnsignedInt(target)) == -1 { fail(.descriptors, CInt(count)) }
        return CInt(count)
    }

    private func fail(_ step: ChildStep, _ report: CInt) -> Never {
        say(step.rawValue, clinux_errno(), report)
        _exit(127)
    }

    private func say(_ step: Int32, _ error: Int32, _ report: CInt) {
        var words = (step, error)
        // SAFETY: the tuple's 8 bytes.
        _ = unsafe withUnsafeBytes(of: &words) { unsafe write(report, $0.baseAddress, $0.count) }
    }
}

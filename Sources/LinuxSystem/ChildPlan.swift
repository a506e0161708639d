// What a child process is to become: decided, and turned into C's shapes, before fork(2), so that
// the child has only system calls to make (ChildProcess+Start.swift).

internal import CLinux
internal import SystemPackage

/// What a child process is to become.
public struct ChildPlan: Sendable {
    public enum Program: Hashable, Sendable {
        /// A path, or a name that is looked for in PATH (execvp(3)).
        case named(String)
        /// The running program's own file (`/proc/self/exe`), whatever its path has come to mean.
        case itself
    }

    public var program: Program
    /// The program's name comes first.
    public var arguments: [String]
    /// `NAME=value` each.
    public var environment: [String]
    /// What it runs as, with real, effective and saved ids alike; nil is as its parent.
    public var identity: UserIdentity?
    /// Takes from the child what it needs for nothing but computing: every capability, the way
    /// to gain any (`PR_SET_NO_NEW_PRIVS`), core dumps, writing to files, the terminal, and its
    /// life once its parent is gone.
    public var isConfined = false
    /// The child waits for `ChildProcess.letGo` before it executes the program.
    public var waits = false

    public init(_ program: Program, arguments: [String], environment: [String]) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }
}

/// Where a child that could not be started got stuck.
public enum ChildStep: Int32, Sendable {
    case session = 1
    case limits
    case boundingSet
    case groups
    case groupID
    case userID
    case capabilities
    case noNewPrivileges
    case deathSignal
    case descriptors
    case execute

    /// The system call that the step is.
    var call: String {
        switch self {
        case .session: "setsid"
        case .limits: "setrlimit"
        case .boundingSet, .noNewPrivileges, .deathSignal: "prctl"
        case .groups: "setgroups"
        case .groupID: "setresgid"
        case .userID: "setresuid"
        case .capabilities: "capset"
        case .descriptors: "dup2"
        case .execute: "execve"
        }
    }
}

/// Why a child did not become its program.
public struct ChildFailure: Error, Equatable, Sendable {
    /// Nil where it was the parent that failed.
    public let step: ChildStep?
    public let error: SystemCallError

    /// The program itself could not be executed: `ENOENT`, `EACCES`, `ENOEXEC`, …
    public var isOfProgram: Bool { step == .execute }
}

/// How a child process ended.
public enum ChildEnd: Hashable, Sendable {
    case exited(Int32)
    case killed(signal: Int32)
}

/// Strings as execve(2) takes them: pointers, the last one null.
@safe
struct CStringList: ~Copyable {
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        unsafe pointers = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() {
            // SAFETY: inside the allocation; strdup's copies are freed in deinit.
            unsafe (pointers + index).initialize(to: strdup(string))
        }
        unsafe (pointers + count).initialize(to: nil)
    }

    deinit {
        // SAFETY: what init allocated, once.
        for index in 0..<count { unsafe free(pointers[index]) }
        unsafe pointers.deallocate()
    }
}

// Targets in a cgroup.

import Glibc
import TestSupport
import Testing

extension World {
    /// Starts TestProgram in a cgroup, where it is from its first instruction on.
    ///
    /// - Parameter directory: of the cgroup.
    func target(
        _ arguments: String..., in directory: String, as user: TestUser? = nil
    ) throws -> Running {
        let user = user ?? self.user
        let program = try Running(
            "/bin/sh",
            [
                "-c", "echo $$ >\"$0\"/cgroup.procs && exec \"$@\"", directory, "/usr/bin/setpriv",
                "--reuid=\(user.uid)", "--regid=\(user.gid)", "--clear-groups", "--pdeathsig",
                "KILL", "--", Binaries.shared.testProgram,
            ] + arguments, keepsInput: true, in: scratch)
        try eventually("TestProgram's threads in a cgroup") {
            if let ending = program.poll() {
                throw Failure("TestProgram \(ending): \(program.errors)")
            }
            return program.output.hasPrefix("ready\n")
        }
        return program
    }
}

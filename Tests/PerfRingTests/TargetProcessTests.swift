import Glibc
import Testing

@testable import PerfRing

struct TargetProcessTests {
    @Test func `a thread's name is known in its own process only`() throws {
        let program = try RunningProgram("sleep", "1")
        let process = try TargetProcess(program.processID)
        for threadID in try process.threadIDs() {
            #expect(try process.threadName(threadID) == "TestProgram")
        }
        #expect(try process.threadName(getpid()) == nil)
    }

    @Test func `once the process has gone, its number finds nothing`() throws {
        let program = try RunningProgram("sleep", "1")
        let id = program.processID
        let process = try TargetProcess(id)
        try process.verify()
        kill(id, SIGKILL)
        program.awaitEnd()
        #expect(throws: OpeningError.exited(id)) { try process.verify() }
        waitpid(id, nil, 0)
        #expect(throws: OpeningError.exited(id)) { try process.threadIDs() }
        #expect(try process.threadName(id) == nil)
    }
}

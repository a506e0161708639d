// What exit tests need: counts of descriptors are exact only in a process of one's own.

import Glibc
public import SocketCredentials

/// Ends the process of an exit test at once if the condition does not hold.
public func demand(_ condition: Bool, _ what: @autoclosure () -> String, line: Int = #line) {
    if condition { return }
    let text = "line \(line): not so: \(what())\n"
    _ = Glibc.write(2, text, text.utf8.count)
    _exit(1)
}

public func demandEqual<Value: Equatable>(_ left: Value, _ right: Value, line: Int = #line) {
    demand(left == right, "\(left) is not \(right)", line: line)
}

/// Descriptors of this process that are open, once their number stands still: the runtime opens
/// and closes some of its own at the start of a process.
public func openDescriptors() -> Int {
    var count = -1
    var unchanged = 0
    while unchanged < 5 {
        let now = (0..<4096).count { fcntl(CInt($0), F_GETFD) != -1 }
        unchanged = now == count ? unchanged + 1 : 0
        count = now
        usleep(2000)
    }
    return count
}

/// Lets this process open `count` descriptors more, at numbers that are free now.
public func limitDescriptors(to count: Int) {
    var limit = rlimit()
    limit.rlim_cur = rlim_t(count)
    limit.rlim_max = rlim_t(count)
    precondition(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
}

/// A directory of its own for a test.
public func temporaryDirectory() -> String {
    var template = Array("/tmp/profilerd-tests.XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil)
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

public let isRoot = geteuid() == 0

/// Takes every slot that is left in the descriptor table.
public func fillTable() -> DescriptorList {
    var list = DescriptorList()
    while true {
        let number = open("/dev/null", O_RDWR | O_CLOEXEC)
        if number == -1 { return list }
        list.append(OwnedDescriptor(adopting: number))
    }
}

import Glibc
import LinuxSystem

@testable import Systemd

/// A pipe whose read end has something to read once `fill()` was called.
final class Pipe {
    let reading: OwnedDescriptor
    private let writing: OwnedDescriptor

    init() {
        var ends: [CInt] = [-1, -1]
        precondition(pipe(&ends) == 0)
        reading = OwnedDescriptor(adopting: ends[0])
        writing = OwnedDescriptor(adopting: ends[1])
        for end in ends { precondition(fcntl(end, F_SETFL, O_NONBLOCK) == 0) }
    }

    func fill() {
        precondition(Glibc.write(writing.rawValue, "x", 1) == 1)
    }

    func drain() {
        var byte: UInt8 = 0
        while Glibc.read(reading.rawValue, &byte, 1) == 1 {}
    }
}

/// Ends the process of an exit test at once if the condition does not hold: the body of such a
/// test may have replaced any descriptor, so nothing but the exit code is sure to come out.
func demand(_ condition: Bool, _ what: String, line: Int = #line) {
    if condition { return }
    let text = "line \(line): not so: \(what)\n"
    _ = Glibc.write(2, text, text.utf8.count)
    _exit(1)
}

func openDescriptors() -> Int {
    (0..<1024).count { fcntl(CInt($0), F_GETFD) != -1 }
}

/// What a descriptor of this process is, `socket:[123]`; empty where it is closed.
func descriptorLink(_ number: CInt) -> String {
    var target = [CChar](repeating: 0, count: 256)
    let length = readlink("/proc/self/fd/\(number)", &target, target.count)
    return String(
        decoding: target.prefix(max(0, length)).map(UInt8.init(bitPattern:)), as: UTF8.self)
}

func temporaryDirectory() -> String {
    var template = Array("/tmp/systemd-tests.XXXXXX".utf8CString)
    precondition(mkdtemp(&template) != nil)
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

func withUnixAddress<Result>(
    _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
    }
}

/// A Unix socket bound to `path`.
func boundSocket(_ type: __socket_type, at path: String, listening: Bool = false) -> CInt {
    let number = socket(AF_UNIX, CInt(type.rawValue), 0)
    let bound = withUnixAddress(path) { bind(number, $0, $1) }
    precondition(number >= 0 && bound == 0)
    if listening { precondition(listen(number, 8) == 0) }
    return number
}

import Glibc
import LinuxSystem
import SocketCredentials

@testable import Client

/// A directory of a test's own, removed with its files when the test lets go of it.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/client-tests.XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        let plan = ChildPlan(
            .named("/bin/rm"), arguments: ["rm", "-rf", "--", path], environment: [])
        guard var child = try? ChildProcess.start(plan) else { return }
        _ = try? child.wait()
    }

    func makeDirectories(_ name: String) {
        var current = path
        for part in name.split(separator: "/") {
            current += "/\(part)"
            _ = mkdir(current, 0o755)
        }
    }

    /// The names in the directory.
    var names: [String] { (try? SystemDirectory(path).entries(of: ".").sorted()) ?? [] }
}

func contents(of path: String) -> String? {
    guard let descriptor = try? OwnedDescriptor.open(path, for: .reading) else { return nil }
    var bytes: [UInt8] = []
    while let chunk = try? descriptor.readSome(1 << 16), !chunk.isEmpty { bytes += chunk }
    return String(decoding: bytes, as: UTF8.self)
}

var isRoot: Bool { getuid() == 0 }

/// Runs a closure on a thread of its own: what blocks must not take one of the test runner's.
final class BackgroundThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let handle: pthread_t
    private var isJoined = false

    init(_ run: @escaping @Sendable () -> Void) {
        var handle: pthread_t = 0
        let context = Unmanaged.passRetained(Body(run)).toOpaque()
        let error = pthread_create(
            &handle, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context)
        precondition(error == 0)
        self.handle = handle
    }

    deinit { if !isJoined { pthread_detach(handle) } }

    func join() {
        if isJoined { return }
        isJoined = true
        pthread_join(handle, nil)
    }
}

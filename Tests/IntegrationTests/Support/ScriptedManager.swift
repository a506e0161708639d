// What stands for the service manager: the socket that sd_notify(3) sends to.

import Glibc
import Testing

/// Collects the states that a service tells.
final class ScriptedManager {
    let path: String
    private let scratch: Scratch
    private let descriptor: CInt
    /// The messages so far, each with its assignments in lines.
    private(set) var messages: [String] = []

    init() throws {
        scratch = try Scratch()
        path = scratch.newPath("notify")
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // The service is another user's.
        guard result == 0, chmod(path, 0o777) == 0 else { throw Failure("bind \(path) failed") }
    }

    deinit { close(descriptor) }

    /// Takes what has come.
    func receive() {
        var buffer = [UInt8](repeating: 0, count: 8192)
        while case let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT)),
            count > 0
        { messages.append(String(decoding: buffer[..<count], as: UTF8.self)) }
    }

    /// Forgets what came before, and waits for the messages up to one that says `state`.
    func messages(
        upTo state: String, after action: () throws -> Void,
        _ location: SourceLocation = #_sourceLocation
    ) throws -> [String] {
        try messages(until: "a message with \(state)", after: action, location) {
            $0.split(separator: "\n").contains(Substring(state))
        }
    }

    /// Forgets what came before, and waits for the messages up to one that `isLast`.
    func messages(
        until what: String, after action: () throws -> Void, _ location: SourceLocation,
        isLast: (String) -> Bool
    ) throws -> [String] {
        receive()
        messages = []
        try action()
        try eventually(what, location) {
            receive()
            return messages.contains(where: isLast)
        }
        return messages
    }
}

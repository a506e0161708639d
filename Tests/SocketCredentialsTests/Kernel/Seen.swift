import Glibc
import SystemPackage
import TestSupport

@testable import SocketCredentials

/// What one receive gave, without what has an owner.
enum Seen: Equatable {
    case nothingYet
    case end
    case message(Contents)
    case truncated(Contents, Truncation)

    struct Contents: Equatable {
        var text: String
        var credentials: Credentials?
        var descriptors: Int
        var hasProcessDescriptor = false

        init(_ text: String, _ credentials: Credentials? = nil, descriptors: Int = 0) {
            self.text = text
            self.credentials = credentials
            self.descriptors = descriptors
        }

        fileprivate init(_ bytes: [UInt8], _ message: consuming ReceivedMessage) {
            self.init(
                String(decoding: bytes, as: UTF8.self), message.credentials,
                descriptors: message.descriptors.count)
            switch message.takeProcessDescriptor() {
            case .descriptor: hasProcessDescriptor = true
            default: break
            }
        }
    }

    /// The message, whole or not.
    var contents: Contents? {
        switch self {
        case .message(let contents), .truncated(let contents, _): contents
        case .nothingYet, .end: nil
        }
    }

    var truncation: Truncation? {
        if case .truncated(_, let truncation) = self { truncation } else { nil }
    }
}

extension UnixSocket {
    /// Closes it.
    consuming func letGo() {}

    /// Receives and lets go of everything that has an owner.
    borrowing func see(limit: Int = 4096) throws -> Seen {
        var bytes: [UInt8] = []
        switch try receive(appendingTo: &bytes, limit: limit) {
        case .nothingYet: return .nothingYet
        case .endOfStream: return .end
        case .message(let message): return .message(Seen.Contents(bytes, message))
        case .truncated(let message, let truncation):
            return .truncated(Seen.Contents(bytes, message), truncation)
        }
    }
}

extension Credentials {
    /// What a message of this process says.
    static var own: Credentials {
        Credentials(source: .scmCredentials, pid: getpid(), uid: getuid(), gid: getgid())
    }
}

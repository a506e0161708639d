#if os(Linux)
// The options themselves: number, name, since when, and what the kernel's errnos mean for each.

internal import CLinux
internal import SystemPackage

/// An option of this kernel's Unix sockets at `SOL_SOCKET`.
enum LiveOption {
    case peerCredentials, peerProcessDescriptor, peerGroups, peerSecurityLabel
    case passCredentials, passProcessDescriptor, passSecurityLabel, passRights

    /// Its number in asm-generic/socket.h.
    var number: Int32 {
        switch self {
        case .peerCredentials: SocketOption.peerCredentials
        case .peerProcessDescriptor: SocketOption.peerProcessDescriptor
        case .peerGroups: SocketOption.peerGroups
        case .peerSecurityLabel: SocketOption.peerSecurityLabel
        case .passCredentials: SocketOption.passCredentials
        case .passProcessDescriptor: SocketOption.passProcessDescriptor
        case .passSecurityLabel: SocketOption.passSecurityLabel
        case .passRights: SocketOption.passRights
        }
    }

    /// The C constant.
    var constant: String {
        switch self {
        case .peerCredentials: "SO_PEERCRED"
        case .peerProcessDescriptor: "SO_PEERPIDFD"
        case .peerGroups: "SO_PEERGROUPS"
        case .peerSecurityLabel: "SO_PEERSEC"
        case .passCredentials: "SO_PASSCRED"
        case .passProcessDescriptor: "SO_PASSPIDFD"
        case .passSecurityLabel: "SO_PASSSEC"
        case .passRights: "SO_PASSRIGHTS"
        }
    }

    /// The first Linux that has it.
    private var since: String {
        switch self {
        case .peerCredentials, .passCredentials: "2.2"
        case .peerSecurityLabel: "2.6.2"
        case .passSecurityLabel: "2.6.18"
        case .peerGroups: "4.13"
        case .peerProcessDescriptor, .passProcessDescriptor: "6.5"
        case .passRights: "6.16"
        }
    }

    /// What `errno` of a call with this option means.
    func failure(_ call: StaticString, _ errno: Errno) -> SocketOptionError {
        switch (self, errno) {
        case (.peerSecurityLabel, .protocolNotAvailable): .noSecurityModule
        case (_, .protocolNotAvailable): .notSupportedByKernel(option: constant, since: since)
        case (.peerProcessDescriptor, .noData), (.peerGroups, .noData): .noPeer
        case (.peerProcessDescriptor, .invalidArgument), (.peerProcessDescriptor, .noSuchProcess):
            .peerGone
        default: .system(SystemCallError("\(call)", errno, on: constant))
        }
    }
}

extension SocketOption {
    /// Asks for an option of a Unix socket, with more room where `capacity` bytes are too few
    /// (`ERANGE`).
    static func read(
        _ option: LiveOption, of descriptor: FileDescriptor, capacity: Int
    ) throws(SocketOptionError) -> SocketOption {
        let family = try family(of: descriptor)
        guard family == AF_UNIX else {
            if option == .peerCredentials { throw .noPeer }
            throw .notUnixSocket(family: family)
        }
        var bytes = [UInt8](repeating: 0, count: capacity)
        while true {
            var length = socklen_t(bytes.count)
            // SAFETY: the kernel writes at most `length` bytes to the array.
            let result = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe getsockopt(
                    descriptor.rawValue, SOL_SOCKET, option.number, buffer.baseAddress, &length)
            }
            if result == 0 {
                return SocketOption(
                    level: SOL_SOCKET, name: option.number, bytes: Array(bytes.prefix(Int(length))))
            }
            let error = currentErrno
            guard error == .outOfRange, Int(length) > bytes.count else {
                throw option.failure("getsockopt", error)
            }
            bytes = [UInt8](repeating: 0, count: Int(length))
        }
    }

    /// Switches an option of a Unix socket on or off.
    static func set(
        _ option: LiveOption, _ enabled: Bool, on descriptor: FileDescriptor
    ) throws(SocketOptionError) {
        let family = try family(of: descriptor)
        guard family == AF_UNIX else { throw .notUnixSocket(family: family) }
        guard clinux_set_option(descriptor.rawValue, option.number, enabled ? 1 : 0) == 0 else {
            throw option.failure("setsockopt", currentErrno)
        }
    }

    private static func family(of descriptor: FileDescriptor) throws(SocketOptionError) -> Int32 {
        var value: CInt = 0
        // SAFETY: the kernel fills in the int.
        guard unsafe clinux_get_option(descriptor.rawValue, SO_DOMAIN, &value) == 0 else {
            let error = currentErrno
            if error == .notSocket { throw .notUnixSocket(family: nil) }
            throw .system(SystemCallError("getsockopt", error, on: "SO_DOMAIN"))
        }
        return value
    }
}
#endif

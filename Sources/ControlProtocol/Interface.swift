// The interface's text lives in io.profilerd.Control.varlink and is compiled into the binary.

/// The names and the text of `io.profilerd.Control`.
public enum ControlInterface {
    public static let name = "io.profilerd.Control"

    /// The interface in Varlink's definition language, for GetInterfaceDescription.
    public static var description: String {
        String(decoding: PackageResources.io_profilerd_Control_varlink, as: UTF8.self)
    }

    /// The longest request in bytes, without its zero byte.
    public static let maximumRequestSize = 64 * 1024
    /// The longest reply that a client reads in bytes, without its zero byte.
    public static let maximumReplySize = 16 * 1024 * 1024
    /// The longest name of a command, thread or event in bytes of UTF-8.
    public static let maximumNameSize = 255
    /// The most descriptors that one message can carry (`SCM_MAX_FD`).
    public static let maximumDescriptorsPerMessage = 253
}

/// The methods, with what each asks of the service.
public enum ControlMethod: String, Hashable, Sendable, CaseIterable {
    case begin = "Begin"
    case add = "Add"
    case commit = "Commit"
    case list = "List"
    case status = "Status"
    case monitor = "Monitor"
    case stop = "Stop"
    case fetch = "Fetch"

    public var fullName: String { "\(ControlInterface.name).\(rawValue)" }

    /// The method of that full name; nil where the interface has none.
    public init?(fullName: String) {
        guard fullName.hasPrefix("\(ControlInterface.name).") else { return nil }
        self.init(rawValue: String(fullName.dropFirst(ControlInterface.name.utf8.count + 1)))
    }
}

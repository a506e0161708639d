public import Varlink

/// The errors of the interface and those that Varlink gives every service.
public enum ControlError: Error, Hashable, Sendable {
    case permissionDenied(rule: String, reason: String, claimedUID: UInt32?, ownUID: UInt32)
    case limitExceeded(limit: String, value: UInt64, maximum: UInt64, reason: String)
    case noSuchSession(String)
    case noSuchTransaction(String)
    /// `index` counts from 0; -1 where their number is wrong.
    case descriptorRefused(index: Int, reason: String)
    case attachFailed(reason: String)
    /// The message is no call; the service closes the connection.
    case invalidMessage(reason: String)
    case interfaceNotFound(String)
    case methodNotFound(String)
    case invalidParameter(String)
    /// The method has several replies, and the call did not say that it takes them.
    case expectedMore
    /// An error that this version does not know.
    case other(name: String)
}

extension ControlError {
    private static let standard = "org.varlink.service"

    public var reply: Reply {
        let own = ControlInterface.name
        switch self {
        case .permissionDenied(let rule, let reason, let claimedUID, let ownUID):
            var fields: [String: JSONValue] = [
                "rule": .string(rule), "reason": .string(reason), "ownUid": .int(Int64(ownUID)),
            ]
            if let claimedUID { fields["claimedUid"] = .int(Int64(claimedUID)) }
            return Reply(fields, error: "\(own).PermissionDenied")
        case .limitExceeded(let limit, let value, let maximum, let reason):
            let fields: [String: JSONValue] = [
                "limit": .string(limit), "value": .int(Int64(clamping: value)),
                "maximum": .int(Int64(clamping: maximum)), "reason": .string(reason),
            ]
            return Reply(fields, error: "\(own).LimitExceeded")
        case .noSuchSession(let session):
            return Reply(["session": .string(session)], error: "\(own).NoSuchSession")
        case .noSuchTransaction(let transaction):
            return Reply(["transaction": .string(transaction)], error: "\(own).NoSuchTransaction")
        case .descriptorRefused(let index, let reason):
            let fields: [String: JSONValue] = [
                "index": .int(Int64(index)), "reason": .string(reason),
            ]
            return Reply(fields, error: "\(own).DescriptorRefused")
        case .attachFailed(let reason):
            return Reply(["reason": .string(reason)], error: "\(own).AttachFailed")
        case .invalidMessage(let reason):
            return Reply(["reason": .string(reason)], error: "\(own).InvalidMessage")
        case .interfaceNotFound(let name):
            return Reply(["interface": .string(name)], error: "\(Self.standard).InterfaceNotFound")
        case .methodNotFound(let name):
            return Reply(["method": .string(name)], error: "\(Self.standard).MethodNotFound")
        case .invalidParameter(let name):
            return Reply(["parameter": .string(name)], error: "\(Self.standard).InvalidParameter")
        case .expectedMore:
            return Reply(error: "\(Self.standard).ExpectedMore")
        case .other(let name):
            return Reply(error: name)
        }
    }

    /// The error that a reply carries; nil where it carries none.
    public init?(_ reply: Reply) {
        guard let name = reply.error else { return nil }
        self = (try? Self.known(name, ParameterReader(reply.parameters))) ?? .other(name: name)
    }

    private static func known(_ name: String, _ parameters: ParameterReader)
        throws(InvalidParameter) -> ControlError
    {
        var reader = parameters
        switch name {
        case "\(ControlInterface.name).PermissionDenied":
            return .permissionDenied(
                rule: try reader.string("rule"), reason: try reader.string("reason"),
                claimedUID: try reader.optionalInt("claimedUid"),
                ownUID: try reader.int("ownUid"))
        case "\(ControlInterface.name).LimitExceeded":
            return .limitExceeded(
                limit: try reader.string("limit"), value: try reader.int("value"),
                maximum: try reader.int("maximum"), reason: try reader.string("reason"))
        case "\(ControlInterface.name).NoSuchSession":
            return .noSuchSession(try reader.string("session"))
        case "\(ControlInterface.name).NoSuchTransaction":
            return .noSuchTransaction(try reader.string("transaction"))
        case "\(ControlInterface.name).DescriptorRefused":
            return .descriptorRefused(
                index: try reader.int("index"), reason: try reader.string("reason"))
        case "\(ControlInterface.name).AttachFailed":
            return .attachFailed(reason: try reader.string("reason"))
        case "\(ControlInterface.name).InvalidMessage":
            return .invalidMessage(reason: try reader.string("reason"))
        case "\(standard).InterfaceNotFound":
            return .interfaceNotFound(try reader.string("interface"))
        case "\(standard).MethodNotFound":
            return .methodNotFound(try reader.string("method"))
        case "\(standard).InvalidParameter":
            return .invalidParameter(try reader.string("parameter"))
        case "\(standard).ExpectedMore": return .expectedMore
        default: return .other(name: name)
        }
    }
}

extension ControlError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .permissionDenied(let rule, let reason, _, _):
            "The daemon refused (rule \(rule)): \(reason)"
        case .limitExceeded(_, _, _, let reason): reason
        case .noSuchSession(let session): "There is no session '\(session)'."
        case .noSuchTransaction(let transaction): "There is no transaction '\(transaction)'."
        case .descriptorRefused(let index, let reason):
            index < 0 ? reason : "The daemon refused descriptor \(index): \(reason)"
        case .attachFailed(let reason): reason
        case .invalidMessage(let reason): "The daemon could not read the message: \(reason)"
        case .interfaceNotFound(let name):
            "The service has no interface '\(name)': it is not profilerd, or one of another version."
        case .methodNotFound(let name):
            "The service has no method '\(name)': the daemon is of another version."
        case .invalidParameter(let name):
            "The service does not accept the parameter '\(name)': the daemon is of another version."
        case .expectedMore: "The method has several replies, and the call did not ask for them."
        case .other(let name): "The service answered with the error '\(name)'."
        }
    }
}

// org.varlink.service: what every Varlink service answers (https://varlink.org/Service).

internal import ControlProtocol
internal import Varlink

/// The standard interface of this service.
enum ServiceInterface {
    static let name = "org.varlink.service"

    /// The interface in Varlink's definition language, as the standard has it.
    static let description = """
        # The Varlink Service Interface is provided by every varlink service. It
        # describes the service and the interfaces it implements.
        interface org.varlink.service

        # Get a list of all the interfaces a service provides and information
        # about the implementation.
        method GetInfo() -> (
          vendor: string,
          product: string,
          version: string,
          url: string,
          interfaces: []string
        )

        # Get the description of an interface that is implemented by this service.
        method GetInterfaceDescription(interface: string) -> (description: string)

        # The requested interface was not found.
        error InterfaceNotFound (interface: string)

        # The requested method was not found
        error MethodNotFound (method: string)

        # The interface defines the requested method, but the service does not
        # implement it.
        error MethodNotImplemented (method: string)

        # One of the passed parameters is invalid.
        error InvalidParameter (parameter: string)

        # Client is denied access
        error PermissionDenied ()

        # Method is expected to be called with 'more' set to true, but wasn't
        error ExpectedMore ()

        """

    /// Answers a call of this interface.
    static func answer(_ call: Call, version: String) throws(ControlError) -> Reply {
        switch call.method {
        case "\(name).GetInfo":
            try parameters(of: call) { _ throws(InvalidParameter) in }
            return Reply([
                "vendor": "profilerd", "product": "profilerd", "version": .string(version),
                "url": "https://profilerd.io/",
                "interfaces": [.string(name), .string(ControlInterface.name)],
            ])
        case "\(name).GetInterfaceDescription":
            return try describe(
                try parameters(of: call) { reader throws(InvalidParameter) in
                    try reader.string("interface")
                })
        default: throw .methodNotFound(String(call.method.prefix(255)))
        }
    }

    private static func describe(_ interface: String) throws(ControlError) -> Reply {
        switch interface {
        case name: Reply(["description": .string(description)])
        case ControlInterface.name:
            Reply(["description": .string(ControlInterface.description)])
        default: throw .interfaceNotFound(String(interface.prefix(255)))
        }
    }
}

/// Takes all parameters of a call with `body`.
///
/// - Throws: `ControlError.invalidParameter` for one that is missing, wrong or unknown.
func parameters<Value>(
    of call: Call, _ body: (inout ParameterReader) throws(InvalidParameter) -> Value
) throws(ControlError) -> Value {
    do throws(InvalidParameter) {
        var reader = ParameterReader(call.parameters)
        let value = try body(&reader)
        try reader.finish()
        return value
    } catch {
        throw .invalidParameter(error.name)
    }
}

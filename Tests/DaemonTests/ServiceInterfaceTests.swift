import ControlProtocol
import Testing
import Varlink

@testable import Daemon

private func answer(_ method: String, _ parameters: [String: JSONValue] = [:])
    throws(ControlError) -> Reply
{
    try ServiceInterface.answer(Call(method: method, parameters: parameters), version: "1.2")
}

struct ServiceInterfaceTests {
    @Test func `GetInfo says what the service is`() throws {
        let reply = try answer("org.varlink.service.GetInfo")
        #expect(reply.error == nil)
        #expect(reply.parameters["version"] == "1.2")
        #expect(reply.parameters["interfaces"] == ["org.varlink.service", "io.profilerd.Control"])
        for key in ["vendor", "product", "url"] { #expect(reply.parameters[key] != nil) }
    }

    @Test(arguments: ["org.varlink.service", "io.profilerd.Control"])
    func `each interface is described`(name: String) throws {
        let reply = try answer(
            "org.varlink.service.GetInterfaceDescription", ["interface": .string(name)])
        guard case .string(let text)? = reply.parameters["description"] else {
            Issue.record("there is no description")
            return
        }
        #expect(text.contains("\ninterface \(name)\n"))
    }

    @Test(
        arguments: [
            ("GetInfo", ["x": 1], .invalidParameter("x")),
            ("GetInterfaceDescription", [:], .invalidParameter("interface")),
            ("GetInterfaceDescription", ["interface": 1], .invalidParameter("interface")),
            ("GetInterfaceDescription", ["interface": "a.b"], .interfaceNotFound("a.b")),
            ("Nonsense", [:], .methodNotFound("org.varlink.service.Nonsense")),
        ] as [(String, [String: JSONValue], ControlError)])
    func `what is wrong gets the standard's error`(
        method: String, parameters: [String: JSONValue], error: ControlError
    ) {
        #expect(throws: error) { try answer("org.varlink.service.\(method)", parameters) }
    }
}

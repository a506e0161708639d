import ControlProtocol
import Glibc
import Testing
import Varlink

@testable import Client

/// What a daemon says, which may be anybody's words.
struct HostileTextTests {
    private static let text = "\u{1B}[31m\u{9B}2J\r\u{7}\u{8}\u{7F}\n\u{202E}x\u{2066}\u{200F}"

    private func isVisible(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }

    @Test(arguments: [
        ControlError.permissionDenied(rule: text, reason: text, claimedUID: 1, ownUID: 2),
        .limitExceeded(limit: text, value: 1, maximum: 2, reason: text), .noSuchSession(text),
        .noSuchTransaction(text), .descriptorRefused(index: 1, reason: text),
        .attachFailed(reason: text), .invalidMessage(reason: text), .interfaceNotFound(text),
        .methodNotFound(text), .invalidParameter(text), .other(name: text),
    ])
    func `an error's reason acts on no terminal`(error: ControlError) {
        let description = ClientError(error).description
        #expect(isVisible(description), "\(description)")
        #expect(description.contains("\\u{1B}[31m"))
        #expect(description.contains("\\u{202E}x"))
    }

    @Test func `a service's product, a reply's error and a descriptor's flaw act on none`() throws {
        let replies = [
            #"{"parameters":{"product":"\u001b[31m\u202e","interfaces":["x"]}}"#,
            #"{"error":"\u001b[31m.\u009b2J","parameters":{}}"#,
            "\u{1B}[31m not JSON",
        ]
        for reply in replies {
            let peer = try ScriptedPeer([.reply(reply)])
            do throws(ClientError) {
                _ = try ControlConnection.open(peer.instance, patience: .seconds(2))
                Issue.record("it was taken for a daemon")
            } catch {
                #expect(isVisible(error.description), "\(error.description)")
            }
        }
    }
}

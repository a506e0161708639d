import SocketCredentials

/// Receives one whole message and puts its text into `text`.
func receive(
    _ text: inout String, on socket: borrowing UnixSocket
) throws -> ReceivedMessage? {
    var bytes: [UInt8] = []
    switch try socket.receive(appendingTo: &bytes, limit: 4096) {
    case .message(let message):
        text = String(decoding: bytes, as: UTF8.self)
        return message
    case .truncated(_, let truncation): print("not whole: \(truncation)")
    case .endOfStream: print("the peer has finished")
    case .nothingYet: print("nothing has come yet")
    }
    return nil
}

let pair = try UnixSocket.pair()
try pair.second.setPassCredentials()

_ = try pair.first.send(Array("hello".utf8))

var text = ""
if let message = try receive(&text, on: pair.second),
    let sender = message.credentials
{
    print("\(text): \(sender)")
    if let defect = sender.defect(overflow: .current) {
        print("nobody: \(defect)")
    } else if sender.uid == Credentials.current.uid {
        print("that may be us")
    }
}

// Another user id: only who may become that user can send this.
let own = Claim.own
do {
    let claim = Claim(pid: own.pid, uid: 1000, gid: own.gid)
    _ = try pair.first.send(Array("hello".utf8), claiming: claim)
} catch {
    print(error)
}

import SocketCredentials

let pair = try UnixSocket.pair()
try pair.second.setPassCredentials()

_ = try pair.first.send(Array("hello".utf8))

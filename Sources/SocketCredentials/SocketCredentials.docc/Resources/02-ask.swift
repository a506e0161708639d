import SocketCredentials

let pair = try UnixSocket.pair()
try pair.second.setPassCredentials()

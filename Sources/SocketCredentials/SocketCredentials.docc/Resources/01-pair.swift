import SocketCredentials

let pair = try UnixSocket.pair()

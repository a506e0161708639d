# The conversation of Ruby's Feature #19179, with one of its two sockets in another process: this
# is s1 as "sender", and s2 as "receiver". Prints what irb printed there.
require "socket"

case ARGV.fetch(0)
when "sender"
  s1 = UNIXSocket.for_fd(3)
  ancdata = [Process.pid, Process.uid, Process.gid].pack("lLL")
  ancmsg = Socket::AncillaryData.new(
    Socket::AF_UNIX, Socket::SOL_SOCKET, Socket::SCM_CREDENTIALS, ancdata)
  p ancmsg
  p s1.sendmsg("hi", 0, nil, ancmsg)
when "receiver"
  s2 = UNIXSocket.for_fd(3)
  p s2.setsockopt(Socket::SOL_SOCKET, Socket::SO_PASSCRED, 1)
  $stdout.flush
  data, _, _, recvanc = s2.recvmsg
  p data
  p recvanc
  _pid, uid, _gid = recvanc.data.unpack("lLL")
  p uid == Process.uid
end

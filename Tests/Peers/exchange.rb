# One end of a Unix socket, in Ruby. Does what the lines of the input say, and prints what it saw.
require "socket"

# The socket that the other end's process left as descriptor 3, until there is another.
def socket
  @socket ||= Socket.for_fd(3)
end

def claim(pid, uid, gid)
  ids = [pid == "own" ? Process.pid : Integer(pid), Integer(uid), Integer(gid)]
  Socket::AncillaryData.new(:UNIX, :SOCKET, :CREDENTIALS, ids.pack("iII"))
end

# Pipes' reading ends, each with one word to read.
def rights(words)
  readers = words.map do |word|
    reader, writer = IO.pipe
    writer.write(word)
    writer.close
    reader
  end
  Socket::AncillaryData.unix_rights(*readers)
end

def send_message(text, *controls)
  controls.each { |control| puts control.inspect }
  puts socket.sendmsg(text, 0, nil, *controls)
rescue SystemCallError => error
  puts error.class
end

def receive_message
  data, _sender, _flags, *controls = socket.recvmsg(scm_rights: true)
  puts data
  controls.each do |control|
    puts control.inspect
    next unless control.cmsg_is?(:SOCKET, :RIGHTS)

    puts control.unix_rights.map(&:fileno).join(" ")
    puts control.unix_rights.map(&:read).join(" ")
  end
end

$stdout.sync = true
$stdin.each_line do |line|
  command, *words = line.split
  case command
  when "connect" then @socket = UNIXSocket.new(words.fetch(0))
  when "peer" then puts socket.getsockopt(:SOCKET, :PEERCRED).inspect
  when "pass" then socket.setsockopt(:SOCKET, :PASSCRED, true)
  when "say" then puts words.join(" ")
  when "send" then send_message(words.join(" "))
  when "claim" then send_message("claimed", claim(*words))
  when "rights" then send_message("rights", rights(words))
  when "both" then send_message("both", claim("own", Process.uid, Process.gid), rights(words))
  when "receive" then receive_message
  end
end

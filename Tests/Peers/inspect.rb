# Says what Ruby's socket library prints of items of ancillary data and of socket options.
#
# Each line of the input is one of them: item|option, family, level, number, bytes in hexadecimal
# ("-" where there are none). Each line of the output is its inspect.
require "socket"

CLASSES = { "item" => Socket::AncillaryData, "option" => Socket::Option }.freeze

STDIN.each_line do |line|
  kind, family, level, number, bytes = line.split
  bytes = bytes == "-" ? "".b : [bytes].pack("H*")
  puts CLASSES.fetch(kind).new(Integer(family), Integer(level), Integer(number), bytes).inspect
end

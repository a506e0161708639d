// The gzip container (RFC 1952) through zlib. The only file of this target that touches memory by
// address.

internal import CZlib

/// `bytes` as one gzip member.
func gzip(_ bytes: [UInt8]) throws(ReportError) -> [UInt8] {
    // zlib counts input in 32 bits; nobody opens a profile of 4 GiB.
    guard let count = UInt32(exactly: bytes.count) else { throw .compression(code: Z_BUF_ERROR) }
    var stream = unsafe z_stream()
    // 15 bits of window, and 16 for a gzip header in place of zlib's.
    let initialized = unsafe deflateInit2_(
        &stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
        CInt(MemoryLayout<z_stream>.size))
    guard initialized == Z_OK else { throw .compression(code: initialized) }
    defer { unsafe _ = deflateEnd(&stream) }
    var source = bytes
    var result = [UInt8](repeating: 0, count: Int(unsafe deflateBound(&stream, UInt(count))))
    // SAFETY: both arrays outlive the call, and zlib is told their exact sizes; it only reads the
    // input, whose pointer it declares mutable.
    let code = unsafe source.withUnsafeMutableBufferPointer { input in
        unsafe result.withUnsafeMutableBufferPointer { output in
            unsafe stream.next_in = input.baseAddress
            unsafe stream.avail_in = count
            unsafe stream.next_out = output.baseAddress
            unsafe stream.avail_out = UInt32(clamping: output.count)
            return unsafe deflate(&stream, Z_FINISH)
        }
    }
    // deflateBound promised that one call is enough.
    guard code == Z_STREAM_END else { throw .compression(code: code) }
    result.removeLast(result.count - Int(unsafe stream.total_out))
    return result
}

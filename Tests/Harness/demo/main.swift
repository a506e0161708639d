// The program that `make demo` profiles: it answers requests as fast as it can, in two threads. Most
// of its time goes to `Checksum.update`, by design, so that the picture can be checked by eye.

import Glibc

struct Request {
    let path: String
    let body: [UInt8]
}

struct Checksum {
    private(set) var value: UInt32 = 0x811c_9dc5

    /// FNV-1a over the bytes, many times: the hot path.
    @inline(never)
    mutating func update(_ bytes: [UInt8]) {
        for _ in 0..<24 {
            for byte in bytes { value = (value ^ UInt32(byte)) &* 0x0100_0193 }
        }
    }
}

struct Router {
    @inline(never)
    func segments(of path: String) -> [Substring] { path.split(separator: "/") }

    @inline(never)
    func handle(_ request: Request) -> UInt32 {
        var checksum = Checksum()
        checksum.update(request.body)
        return checksum.value ^ UInt32(segments(of: request.path).count)
    }
}

@inline(never)
func serve(requests: Int) -> UInt32 {
    let router = Router()
    let body = (0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var answer: UInt32 = 0
    for number in 0..<requests {
        answer ^= router.handle(Request(path: "/api/v1/items/\(number)", body: body))
    }
    return answer
}

var thread = pthread_t()
pthread_create(
    &thread, nil,
    { _ in
        while true { _ = serve(requests: 1000) }
    }, nil)
while true { _ = serve(requests: 1000) }

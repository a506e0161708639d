// One C program with an inlined function and labels at the instructions the tests ask about.

import Testing

@testable import Symbols

/// `outer` with `inner` inlined on line 11, and in it, `mark` at line 4.
enum CProgram {
    static let source = """
        #include <stdint.h>
        __attribute__((always_inline)) static inline uint64_t inner(uint64_t x) {
            x *= 3;
            __asm__ volatile(".globl mark\\nmark: nop" : "+r"(x));
            return x ^ 5;
        }
        volatile uint64_t sink;

        __attribute__((noinline)) uint64_t outer(uint64_t x) {
            sink = x;
            return inner(x + 1) + sink;
        }
        __attribute__((noinline)) static uint64_t hidden(uint64_t x) { return x + sink; }
        __attribute__((noinline)) uint64_t __aliased(uint64_t x) { return x * sink; }
        extern uint64_t public_alias(uint64_t) __attribute__((weak, alias("__aliased")));
        static uint64_t chosen(void) { return sink; }
        static void *resolve(void) { return chosen; }
        uint64_t indirect(void) __attribute__((ifunc("resolve")));
        int main(void) { return (int)(outer(hidden(__aliased(sink))) + indirect()); }

        """

    /// Compiles the program in `directory`, and gives the directory and the ELF file.
    static func build(_ options: String, as name: String = "program") throws
        -> (directory: TestDirectory, program: Program)
    {
        let directory = try TestDirectory()
        try directory.write(source, to: "program.c")
        try directory.run("gcc -O2 \(options) -Wl,--build-id=sha1 -o \(name) program.c")
        return (directory, try Program("\(directory.path)/\(name)", keeping: directory))
    }
}

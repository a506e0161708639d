// The demanglers: libiberty's for C++ and Rust, the Swift runtime's for Swift. The runtime exports
// its two without a public header (stdlib/public/runtime/Demangle.cpp); both return memory of
// malloc(3) when `output` is null, or null when the name is not theirs.
#pragma once

// The C library's types must look the same in every module that includes them.

#include <libiberty/demangle.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

char *swift_demangle(const char *name, size_t length, char *output, size_t *output_size,
                     uint32_t flags);
char *_swift_backtrace_demangle(const char *name, size_t length, char *output,
                                size_t *output_size);

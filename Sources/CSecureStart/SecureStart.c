// The loader takes its own variables out of the environment of a program that has privilege which
// its caller has not (AT_SECURE, ld.so(8)). Swift's runtime reads variables, too (SWIFT_DEBUG_...,
// SWIFT_BACKTRACE), and asks for no such thing. So they go here: a constructor of the earliest
// priority runs before those of the runtime, which is linked statically into the installed program.
#include "CSecureStart.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;

__attribute__((constructor(101))) static void forget_runtime_variables(void) {
    if (!getauxval(AT_SECURE) || !environ) return;
    char **kept = environ;
    for (char **entry = environ; *entry; entry++)
        if (strncmp(*entry, "SWIFT_", strlen("SWIFT_")) != 0) *kept++ = *entry;
    *kept = NULL;
}

// landlock(7): calls without a wrapper, and what is newer than the headers of Linux 6.1.
#pragma once

#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

// struct landlock_ruleset_attr of Linux 6.12. Older kernels take it while what they do not know is 0.
struct clinux_landlock_rules {
    uint64_t files, ports, scopes;
};

// LANDLOCK_SCOPE_SIGNAL
static inline uint64_t clinux_landlock_scope_signal(void) { return 1ULL << 1; }

// The version of the interface, or -1.
static inline int clinux_landlock_version(void) {
    return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}
static inline int clinux_landlock_create_ruleset(const struct clinux_landlock_rules *rules) {
    return (int)syscall(SYS_landlock_create_ruleset, rules, sizeof *rules, 0);
}
static inline int clinux_landlock_restrict_self(int ruleset) {
    return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}

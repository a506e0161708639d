// seccomp(2) filters: the kernel's structures, and what Swift does not import of them.
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

// A macro with casts; ~0 for an architecture whose name is not known here: no call is of that.
static inline uint32_t clinux_audit_arch(void) {
#if defined(__x86_64__)
    return AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
    return AUDIT_ARCH_AARCH64;
#else
    return ~0U;
#endif
}

// prctl(2) with a pointer. seccomp(2) itself is not among the calls of @system-service.
static inline int clinux_set_seccomp_filter(struct sock_fprog *program) {
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0);
}

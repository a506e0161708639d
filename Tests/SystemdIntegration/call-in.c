// call-in PID SYSCALL ARGUMENT...: makes a running process make a system call, and prints what came
// of it: a number, or the name of the error. So what a sandbox refuses is asked of the process in the
// sandbox, with its filters, mounts and namespaces, and not of a copy.
//
// Arguments are numbers, or text behind "s:" and the path of a Unix socket behind "u:", of which the
// address is passed. The process is stopped with ptrace(2) where it waits in a system call, makes the
// other one with the same instruction, and goes on as it was: what it waited in fails with EINTR or
// is begun anew. x86_64 only.
//
// Exit status: 0 for any outcome of the call, 2 where it could not be made.
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALL(name) {#name, SYS_##name}
static const struct {
    const char *name;
    long number;
} calls[] = {
    CALL(chmod), CALL(clock_settime), CALL(close), CALL(connect), CALL(execve), CALL(execveat),
    CALL(io_uring_setup), CALL(keyctl), CALL(kill), CALL(memfd_create), CALL(mmap), CALL(mount),
    CALL(open), CALL(perf_event_open), CALL(personality), CALL(process_vm_readv), CALL(ptrace),
    CALL(setns), CALL(setuid), CALL(socket), CALL(unlink), CALL(unshare),
};

static long number_of(const char *name) {
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(calls[i].name, name) == 0)
            return calls[i].number;
    errx(2, "the system call %s is not in the table", name);
}

// Stops the process where it waits in a system call: the instruction before its program counter is
// the one that made it.
static void stop_in_call(pid_t pid, struct user_regs_struct *registers) {
    if (ptrace(PTRACE_SEIZE, pid, 0, 0) == -1)
        err(2, "process %d cannot be seized", (int)pid);
    for (int i = 0; i < 100; i++) {
        int status;
        if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) == -1 || waitpid(pid, &status, __WALL) != pid ||
            !WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, pid, 0, registers) == -1)
            err(2, "process %d cannot be stopped", (int)pid);
        errno = 0;
        long code = ptrace(PTRACE_PEEKTEXT, pid, registers->rip - 2, 0);
        if (errno == 0 && (code & 0xffff) == 0x050f)
            return;
        ptrace(PTRACE_CONT, pid, 0, 0);
        usleep(10000);
    }
    errx(2, "process %d waits in no system call", (int)pid);
}

// Puts bytes below what the process has on its stack, and returns their address there.
static uint64_t put(pid_t pid, const void *bytes, size_t size, uint64_t *place) {
    *place = (*place - size) & ~15ULL;
    struct iovec here = {(void *)bytes, size}, there = {(void *)*place, size};
    if (process_vm_writev(pid, &here, 1, &there, 1, 0) != (ssize_t)size)
        err(2, "nothing can be put into process %d", (int)pid);
    return *place;
}

static uint64_t value_of(pid_t pid, const char *word, uint64_t *place) {
    if (strncmp(word, "s:", 2) == 0)
        return put(pid, word + 2, strlen(word + 2) + 1, place);
    if (strncmp(word, "u:", 2) == 0) {
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        strncpy(address.sun_path, word + 2, sizeof address.sun_path - 1);
        return put(pid, &address, sizeof address, place);
    }
    return strtoull(word, NULL, 0);
}

int main(int count, char **words) {
    if (count < 3 || count > 9)
        errx(2, "usage: call-in PID SYSCALL ARGUMENT...");
    pid_t pid = atoi(words[1]);
    struct user_regs_struct saved, registers;
    stop_in_call(pid, &saved);
    registers = saved;
    uint64_t place = saved.rsp - 512, values[6] = {0};
    for (int i = 3; i < count; i++)
        values[i - 3] = value_of(pid, words[i], &place);
    registers.rax = (unsigned long long)number_of(words[2]);
    // Else the call that it waited in would be begun anew instead.
    registers.orig_rax = ~0ULL;
    registers.rip -= 2;
    registers.rdi = values[0], registers.rsi = values[1], registers.rdx = values[2];
    registers.r10 = values[3], registers.r8 = values[4], registers.r9 = values[5];
    int status;
    if (ptrace(PTRACE_SETREGS, pid, 0, &registers) == -1 ||
        ptrace(PTRACE_SINGLESTEP, pid, 0, 0) == -1 || waitpid(pid, &status, __WALL) != pid)
        err(2, "process %d cannot be stepped", (int)pid);
    if (!WIFSTOPPED(status))
        errx(2, "process %d has ended in the call", (int)pid);
    if (ptrace(PTRACE_GETREGS, pid, 0, &registers) == -1 ||
        ptrace(PTRACE_SETREGS, pid, 0, &saved) == -1 || ptrace(PTRACE_DETACH, pid, 0, 0) == -1)
        err(2, "process %d cannot be let go", (int)pid);
    long result = (long)registers.rax;
    if (result < 0 && result > -4096)
        puts(strerrorname_np((int)-result));
    else
        printf("%ld\n", result);
    return 0;
}

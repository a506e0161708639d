// What the client needs to start a child as another user: calls without a wrapper, macros with
// arguments, and what Swift does not import. One line each; no logic lives here.
#pragma once

#include "CLinux.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

// Swift marks fork(2) unavailable, because little may run between it and execve(2).
pid_t clinux_fork(void);

// glibc declares these under _GNU_SOURCE only.
int clinux_execvpe(const char *file, char *const argv[], char *const envp[]);
// execveat(2) of the file itself.
int clinux_exec_descriptor(int fd, char *const argv[], char *const envp[]);
int clinux_close_from(unsigned int first);
int clinux_dup3(int from, int to, int flags);
int clinux_pipe2(int numbers[2], int flags);
int clinux_setresuid(uid_t real, uid_t effective, uid_t saved);
int clinux_setresgid(gid_t real, gid_t effective, gid_t saved);
char **clinux_environment(void);
int clinux_o_tmpfile(void);
int clinux_o_path(void);

// setfsuid(2): the one before.
uid_t clinux_setfsuid(uid_t uid);

// capset(2) by itself, for a child between fork(2) and execve(2), where libcap would allocate.
// Clears every set but the bounding one.
int clinux_clear_capabilities(void);
// Clears what is effective and permitted; what is inheritable stays.
int clinux_lower_capabilities(void);

// The macros of waitpid(2).
static inline int clinux_has_been_killed(int status) { return WIFSIGNALED(status); }
static inline int clinux_exit_status(int status) { return WEXITSTATUS(status); }
static inline int clinux_killing_signal(int status) { return WTERMSIG(status); }

// SIG_DFL and SIG_IGN are casts.
static inline int clinux_signal_default(int number) {
    return signal(number, SIG_DFL) == SIG_ERR ? -1 : 0;
}
static inline int clinux_signal_ignore(int number) {
    return signal(number, SIG_IGN) == SIG_ERR ? -1 : 0;
}
static inline int clinux_signal_is_ignored(int number) {
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

// stat(2): Swift sees two definitions of struct stat.
struct clinux_file_facts {
    uint32_t mode, uid, gid;
    // st_blocks in bytes, and st_mtim in nanoseconds.
    uint64_t allocated, modified;
};
int clinux_fstat(int fd, struct clinux_file_facts *facts);
int clinux_stat(const char *path, struct clinux_file_facts *facts);
// fstatat(2) of the name itself, and flock(2), which Swift takes for a structure.
int clinux_stat_at(int directory, const char *name, struct clinux_file_facts *facts);
int clinux_try_lock(int fd);

// fstatvfs(3): the bytes of a file system, and those that are free for its users.
int clinux_file_system_room(int fd, uint64_t *size, uint64_t *available);

// malloc_trim(3).
void clinux_give_memory_back(void);

// statx(2), of what the kernel has cached; F_GET_SEALS of fcntl(2), and the seals of the content.
int clinux_cached_mode(int fd, uint32_t *mode);
int clinux_seals(int fd);
int clinux_content_seals(void);

// memfd_create(2) of a file that can be sealed, and F_ADD_SEALS of all seals there are for content.
int clinux_memory_file(const char *name);
int clinux_seal(int fd);

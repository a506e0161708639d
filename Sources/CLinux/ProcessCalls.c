#define _GNU_SOURCE 1
#include "ProcessCalls.h"

#include <linux/capability.h>
#include <malloc.h>
#include <sys/file.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

pid_t clinux_fork(void) { return fork(); }

int clinux_execvpe(const char *file, char *const argv[], char *const envp[]) {
    return execvpe(file, argv, envp);
}
int clinux_exec_descriptor(int fd, char *const argv[], char *const envp[]) {
    return execveat(fd, "", argv, envp, AT_EMPTY_PATH);
}
int clinux_close_from(unsigned int first) { return close_range(first, ~0U, 0); }
int clinux_dup3(int from, int to, int flags) { return dup3(from, to, flags); }
int clinux_pipe2(int numbers[2], int flags) { return pipe2(numbers, flags); }
int clinux_setresuid(uid_t real, uid_t effective, uid_t saved) {
    return setresuid(real, effective, saved);
}
int clinux_setresgid(gid_t real, gid_t effective, gid_t saved) {
    return setresgid(real, effective, saved);
}
uid_t clinux_setfsuid(uid_t uid) { return (uid_t)setfsuid(uid); }
char **clinux_environment(void) { return environ; }
int clinux_o_tmpfile(void) { return O_TMPFILE; }
int clinux_o_path(void) { return O_PATH; }

int clinux_clear_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    return (int)syscall(SYS_capset, &header, data);
}
int clinux_lower_capabilities(void) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    if (syscall(SYS_capget, &header, data) == -1)
        return -1;
    data[0].effective = data[0].permitted = data[1].effective = data[1].permitted = 0;
    return (int)syscall(SYS_capset, &header, data);
}

static int fill_facts(int result, const struct stat *status, struct clinux_file_facts *facts) {
    if (result == 0)
        *facts = (struct clinux_file_facts){
            status->st_mode, status->st_uid, status->st_gid, (uint64_t)status->st_blocks * 512,
            (uint64_t)status->st_mtim.tv_sec * 1000000000 + (uint64_t)status->st_mtim.tv_nsec};
    return result;
}
int clinux_fstat(int fd, struct clinux_file_facts *facts) {
    struct stat status;
    return fill_facts(fstat(fd, &status), &status, facts);
}
int clinux_cached_mode(int fd, uint32_t *mode) {
    struct statx status;
    int result = statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &status);
    if (result == 0)
        *mode = status.stx_mode;
    return result;
}
int clinux_seals(int fd) { return fcntl(fd, F_GET_SEALS); }
int clinux_content_seals(void) { return F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK; }
int clinux_memory_file(const char *name) {
    return memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
}
int clinux_seal(int fd) {
    return fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
}
int clinux_stat(const char *path, struct clinux_file_facts *facts) {
    struct stat status;
    return fill_facts(stat(path, &status), &status, facts);
}
int clinux_stat_at(int directory, const char *name, struct clinux_file_facts *facts) {
    struct stat status;
    return fill_facts(fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW), &status, facts);
}
int clinux_try_lock(int fd) { return flock(fd, LOCK_EX | LOCK_NB); }
int clinux_file_system_room(int fd, uint64_t *size, uint64_t *available) {
    struct statvfs facts;
    int result = fstatvfs(fd, &facts);
    if (result == 0) {
        *size = (uint64_t)facts.f_blocks * facts.f_frsize;
        *available = (uint64_t)facts.f_bavail * facts.f_frsize;
    }
    return result;
}
void clinux_give_memory_back(void) { malloc_trim(0); }

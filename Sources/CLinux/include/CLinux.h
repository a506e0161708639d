// The kernel's and libc's interfaces that Swift cannot import by itself: macros with arguments,
// variadic functions, unions and packed bit fields. One line each; no logic lives here.
//
// What glibc declares under _GNU_SOURCE only is in CLinux.c: the header keeps the view of libc that
// Swift's own modules have, since two views cannot be imported together.
#pragma once


#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/falloc.h>
#include <linux/perf_event.h>
#include <linux/magic.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// open(2), fcntl(2), ioctl(2) and prctl(2) are variadic.
static inline int clinux_openat(int dirfd, const char *path, int flags, mode_t mode) {
    return openat(dirfd, path, flags, mode);
}
static inline int clinux_punch_hole(int fd, off_t offset, off_t count) {
    return (int)syscall(SYS_fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, count);
}
static inline int clinux_fcntl(int fd, int command, long argument) {
    return fcntl(fd, command, argument);
}
static inline int clinux_ioctl(int fd, unsigned long request, unsigned long argument) {
    return ioctl(fd, request, argument);
}
static inline int clinux_ioctl_pointer(int fd, unsigned long request, void *argument) {
    return ioctl(fd, request, argument);
}
static inline int clinux_prctl(int option, unsigned long a, unsigned long b, unsigned long c,
                               unsigned long d) {
    return prctl(option, a, b, c, d);
}

// pidfd_open(2) and perf_event_open(2) have no wrapper in glibc 2.36's public headers.
static inline int clinux_pidfd_open(pid_t pid, unsigned int flags) {
    return (int)syscall(SYS_pidfd_open, pid, flags);
}
static inline int clinux_pidfd_send_signal(int pidfd, int signal) {
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}
static inline int clinux_perf_event_open(struct perf_event_attr *attr, pid_t pid, int cpu,
                                         int group_fd, unsigned long flags) {
    return (int)syscall(SYS_perf_event_open, attr, pid, cpu, group_fd, flags);
}

// data_head and data_tail of perf_event_mmap_page are shared with the kernel.
static inline uint64_t clinux_load_acquire(const volatile void *address) {
    return __atomic_load_n((const volatile uint64_t *)address, __ATOMIC_ACQUIRE);
}
static inline void clinux_store_release(volatile void *address, uint64_t value) {
    __atomic_store_n((volatile uint64_t *)address, value, __ATOMIC_RELEASE);
}

// errno(3) is a macro.
static inline int clinux_errno(void) { return errno; }

// PROCMAP_QUERY of /proc/PID/maps (Linux 6.11, include/uapi/linux/fs.h), for older headers.
struct clinux_procmap_query {
    uint64_t size;
    uint64_t query_flags;
    uint64_t query_addr;
    uint64_t vma_start;
    uint64_t vma_end;
    uint64_t vma_flags;
    uint64_t vma_page_size;
    uint64_t vma_offset;
    uint64_t inode;
    uint32_t dev_major;
    uint32_t dev_minor;
    uint32_t vma_name_size;
    uint32_t build_id_size;
    uint64_t vma_name_addr;
    uint64_t build_id_addr;
};
static inline unsigned long clinux_procmap_query_request(void) {
    return _IOWR(0x9f, 17, struct clinux_procmap_query);
}

// fstat(2): only what identifies a file, because Swift sees two definitions of struct stat.
static inline int clinux_file_identity(int fd, uint64_t *device, uint64_t *inode) {
    struct stat status;
    if (fstat(fd, &status) == -1)
        return -1;
    *device = status.st_dev;
    *inode = status.st_ino;
    return 0;
}
// perf_event_open(2): macros with casts, and a clock's number.
#include <dirent.h>
#include <time.h>
static inline unsigned long clinux_perf_ioc_enable(void) { return PERF_EVENT_IOC_ENABLE; }
static inline unsigned long clinux_perf_ioc_disable(void) { return PERF_EVENT_IOC_DISABLE; }
static inline unsigned long clinux_perf_ioc_id(void) { return PERF_EVENT_IOC_ID; }
static inline unsigned long clinux_perf_ioc_set_output(void) { return PERF_EVENT_IOC_SET_OUTPUT; }
static inline unsigned long clinux_perf_ioc_period(void) { return PERF_EVENT_IOC_PERIOD; }
static inline int clinux_clock_monotonic(void) { return CLOCK_MONOTONIC; }

static inline int clinux_clock_thread(void) { return CLOCK_THREAD_CPUTIME_ID; }

// readdir(3): errno tells the end from a failure, and d_name has no size of its own.
static inline void clinux_clear_errno(void) { errno = 0; }
static inline const char *clinux_dirent_name(const struct dirent *entry) { return entry->d_name; }

// getopt_long(3) leaves its place and an option's value in variables.
#include <getopt.h>
static inline int clinux_optind(void) { return optind; }
static inline const char *clinux_optarg(void) { return optarg; }

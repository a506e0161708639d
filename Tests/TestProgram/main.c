// A program to profile. It does what its first argument says with as many threads as its second
// says, prints "ready" once they run, and ends when its standard input does.
//   spin        computes in user mode
//   system      spends its time in the kernel
//   faults      has a page fault after the other
//   bursts      has as many page faults in a row as the third argument says, and then a pause of some
//               milliseconds, for ever
//   sleep       does nothing
//   calls       on a byte of input, each thread calls getppid(2) as often as the third argument
//               says; then prints "done"
//   pinned      as calls, all on one CPU
//   churn       starts threads that end at once, for ever
//   exit        ends after as many microseconds as the third argument says
//   mixed       sleeps with a real uid that is not its effective one
//   user        computes under the uid that the second argument says
//   exec        on a byte of input, becomes "TestProgram spin 1"
//   hot         spends seven eighths of its time in hot_path and the rest in cool_path
//   private     as hot, but lets nobody look at it (PR_SET_DUMPABLE)
//   work        as hot for as many milliseconds as the third argument says, then ends with the
//               fourth as its status
//   late        sleeps; each byte of input starts a thread "latecomer", which spins in late_work
//   births      on a byte of input, starts as many threads as the third argument says, one a
//               millisecond, each of which ends soon; then prints "done"
//   children    on a byte of input, starts as many processes, one after the other; prints "done"
//   libraries   loads the libraries that the second and third argument name, in turns
//   recycle     has processes follow one another under one number, each for less than the third
//               argument's microseconds; the second is not used
#define _GNU_SOURCE
#include "moving.h"
#include "recycle.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char *mode;
static long calls;
static atomic_int running;
static atomic_int started;
static _Thread_local volatile unsigned long sink;
static char block[1 << 16];

__attribute__((noinline)) static void compute(void) {
    for (;;) sink += 1;
}

__attribute__((noinline)) static void read_zeros(void) {
    FILE *zero = fopen("/dev/zero", "r");
    for (;;) sink += (unsigned long)read(fileno(zero), block, sizeof block);
}

// One fault after the other, and after each `row` of them a pause; none where it is 0.
__attribute__((noinline)) static void fault(long row) {
    long size = sysconf(_SC_PAGESIZE);
    unsigned state = 1;
    char *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    for (long count = 1;; count++) {
        *(volatile char *)page = 1;
        madvise(page, size, MADV_DONTNEED);
        if (row == 0 || count % row != 0) continue;
        state = state * 1103515245 + 12345;
        usleep(1000 + (state >> 16) % 8000);
    }
}

__attribute__((noinline)) static void hot_path(unsigned turns) {
    for (unsigned i = 0; i < 7 * turns; i++) sink += 1;
}

__attribute__((noinline)) static void cool_path(unsigned turns) {
    for (unsigned i = 0; i < turns; i++) sink += 1;
}

__attribute__((noinline)) static void both_paths(void) {
    // Never the same time twice, or it could keep step with the sampling.
    static _Thread_local unsigned state = 1;
    state = state * 1103515245 + 12345;
    unsigned turns = 5000 + (state >> 16) % 10000;
    hot_path(turns);
    cool_path(turns);
}

__attribute__((noinline)) static void *late_work(void *argument) {
    pthread_setname_np(pthread_self(), "latecomer");
    // Others are to get their turn, too.
    if (nice(19) == -1) return argument;
    for (;;) sink += 1;
    return argument;
}

static long milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *work(void *argument) {
    running++;
    if (!strcmp(mode, "spin")) compute();
    if (!strcmp(mode, "system")) read_zeros();
    if (!strcmp(mode, "faults")) fault(0);
    if (!strcmp(mode, "bursts")) fault(calls);
    if (!strcmp(mode, "hot") || !strcmp(mode, "private")) {
        for (;;) both_paths();
    }
    if (!strcmp(mode, "calls")) {
        while (!started) usleep(100);
        for (long i = 0; i < calls; i++) syscall(SYS_getppid);
        running--;
        return argument;
    }
    for (;;) pause();
}

static void *nothing(void *argument) { return argument; }

static void *churn(void *argument) {
    running++;
    for (;;) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, nothing, NULL) == 0) pthread_join(thread, NULL);
    }
    return argument;
}

static void say(const char *word) {
    printf("%s\n", word);
    fflush(stdout);
}

int main(int count, char **arguments) {
    char byte;
    pthread_t thread;
    pthread_attr_t attributes;
    mode = count > 1 ? arguments[1] : "sleep";
    int threads = count > 2 ? atoi(arguments[2]) : 1;
    calls = count > 3 ? atol(arguments[3]) : 0;
    prctl(PR_SET_PDEATHSIG, 9);
    if (!strcmp(mode, "recycle")) return recycle(calls);
    if (!strcmp(mode, "births")) return births(calls);
    if (!strcmp(mode, "children")) return children(calls);
    if (!strcmp(mode, "libraries") && count > 3) return libraries(arguments[2], arguments[3]);
    if (!strcmp(mode, "private")) prctl(PR_SET_DUMPABLE, 0);
    if (!strcmp(mode, "work")) {
        long end = milliseconds() + calls;
        while (milliseconds() < end) both_paths();
        return count > 4 ? atoi(arguments[4]) : 0;
    }
    if (!strcmp(mode, "mixed") && setresuid(65533, 0, 0) != 0) return 1;
    if (!strcmp(mode, "pinned")) {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET(sched_getcpu(), &cpus);
        if (sched_setaffinity(0, sizeof cpus, &cpus) != 0) return 1;
        mode = "calls";
    }
    if (!strcmp(mode, "user")) {
        // Whoever may trace a process may profile it, and a changed uid takes that away.
        if (setresgid(threads, threads, threads) != 0) return 1;
        if (setresuid(threads, threads, threads) != 0) return 1;
        prctl(PR_SET_DUMPABLE, 1);
        mode = "spin";
        threads = 1;
    }
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 16);
    for (int i = 0; i < threads; i++) {
        void *(*body)(void *) = strcmp(mode, "churn") ? work : churn;
        if (pthread_create(&thread, &attributes, body, NULL) != 0) return 2;
    }
    while (running < threads) usleep(100);
    say("ready");
    if (!strcmp(mode, "exit")) {
        usleep(calls);
        return 0;
    }
    if (!strcmp(mode, "exec") && read(0, &byte, 1) == 1) {
        execl("/proc/self/exe", "TestProgram", "spin", "1", NULL);
    }
    if (!strcmp(mode, "calls") && read(0, &byte, 1) == 1) {
        started = 1;
        while (running > 0) usleep(100);
        say("done");
    }
    while (read(0, &byte, 1) > 0) {
        if (!strcmp(mode, "late")) pthread_create(&thread, &attributes, late_work, NULL);
    }
    return 0;
}

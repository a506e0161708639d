// Targets that do not stand still: threads and processes that are born and die, programs that load
// code and let go of it.
#define _GNU_SOURCE
#include "moving.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile unsigned long sink;

static long microseconds(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void say(const char *word) {
    printf("%s\n", word);
    fflush(stdout);
}

static void await_byte(void) {
    char byte;
    if (read(0, &byte, 1) != 1) _exit(0);
}

__attribute__((noinline)) static void *short_life(void *argument) {
    long end = microseconds(CLOCK_THREAD_CPUTIME_ID) + 200;
    while (microseconds(CLOCK_THREAD_CPUTIME_ID) < end) {
        for (int i = 0; i < 500; i++) sink += 1;
    }
    return argument;
}

// On a byte, so many threads, one a millisecond; then says so and waits.
int births(long count) {
    say("ready");
    await_byte();
    long next = microseconds(CLOCK_MONOTONIC);
    for (long i = 0; i < count; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, short_life, NULL) != 0) return 2;
        pthread_detach(thread);
        next += 1000;
        long rest = next - microseconds(CLOCK_MONOTONIC);
        if (rest > 0) usleep((useconds_t)rest);
    }
    // The last ones end, too.
    usleep(200000);
    say("done");
    for (;;) await_byte();
}

__attribute__((noinline)) static void child_work(void) {
    long end = microseconds(CLOCK_PROCESS_CPUTIME_ID) + 20000;
    while (microseconds(CLOCK_PROCESS_CPUTIME_ID) < end) {
        for (int i = 0; i < 1000; i++) sink += 1;
    }
}

// On a byte, so many processes, one after the other.
int children(long count) {
    say("ready");
    await_byte();
    for (long i = 0; i < count; i++) {
        pid_t child = fork();
        if (child == 0) {
            prctl(PR_SET_PDEATHSIG, 9);
            prctl(PR_SET_NAME, "offspring");
            child_work();
            _exit(0);
        }
        waitpid(child, NULL, 0);
    }
    say("done");
    for (;;) await_byte();
}

static int use(const char *path, long turns) {
    void *library = dlopen(path, RTLD_NOW);
    if (!library) return 0;
    // POSIX has it so.
    void (*run)(long);
    *(void **)&run = dlsym(library, "run");
    if (run) run(turns);
    return dlclose(library) == 0 && run;
}

// Loads one library after the other, runs three parts of its time in the first and one in the
// second, and lets go of each, so that both are at the same addresses.
int libraries(const char *first, const char *second) {
    say("ready");
    for (;;) {
        if (!use(first, 3) || !use(second, 1)) return 3;
    }
}

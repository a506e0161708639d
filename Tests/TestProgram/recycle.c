// Processes that follow one another under one number, each with a name of its own: what a target
// looks like that ends while it is opened and whose number is taken at once.
#define _GNU_SOURCE
#include "recycle.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// Lives for a while, and writes its name into every event that is open on it (PERF_RECORD_COMM).
static void live(unsigned generation, long lifetime) {
    char name[16];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(name, sizeof name, "g%u", generation);
    for (long end = microseconds() + lifetime; microseconds() < end;) {
        prctl(PR_SET_NAME, name);
        for (volatile int i = 0; i < 2000; i++) {}
    }
    _exit(0);
}

// clone3(2) with the number that the process is to have: needs CAP_CHECKPOINT_RESTORE.
static pid_t start(pid_t number) {
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    arguments.set_tid = (uintptr_t)&number;
    arguments.set_tid_size = 1;
    return (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
}

int recycle(long longest) {
    pid_t number = fork();
    if (number == 0) _exit(0);
    waitpid(number, NULL, 0);
    printf("number %d\nready\n", number);
    fflush(stdout);
    // So that the number is taken again at once.
    setpriority(PRIO_PROCESS, 0, -20);
    unsigned state = 1;
    for (unsigned generation = 1;; generation++) {
        state = state * 1103515245 + 12345;
        pid_t child = start(number);
        if (child == 0) live(generation, (state >> 8) % (unsigned)longest);
        if (child == -1) {
            // The number is somebody else's for now.
            if (errno != EEXIST) return 3;
            usleep(100);
            continue;
        }
        waitpid(child, NULL, 0);
    }
}

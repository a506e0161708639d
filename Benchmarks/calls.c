/*
 * What is profiled: calls getppid(2) from one of 64 stacks of 11 frames. Reads a line, makes its
 * calls, prints "done", and ends with its input, so that whoever measures knows what was running.
 *
 *     calls COUNT [BURST PAUSE_NS]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FRAME __attribute__((noinline))

static volatile long parents;

static FRAME void leaf(unsigned path)
{
	parents += syscall(SYS_getppid);
	__asm__ volatile("" : : "r"(path));
}

/* Two functions a level; the path's bits choose. The empty asm keeps the call from being a jump. */
#define LEVEL(n, next_a, next_b)                                                                   \
	static FRAME void level##n##a(unsigned path)                                               \
	{                                                                                          \
		if (path & 1)                                                                      \
			next_a(path >> 1);                                                         \
		else                                                                               \
			next_b(path >> 1);                                                         \
		__asm__ volatile("");                                                              \
	}                                                                                          \
	static FRAME void level##n##b(unsigned path)                                               \
	{                                                                                          \
		if (path & 1)                                                                      \
			next_b(path >> 1);                                                         \
		else                                                                               \
			next_a(path >> 1);                                                         \
		__asm__ volatile("" ::: "memory");                                                 \
	}

LEVEL(1, leaf, leaf)
LEVEL(2, level1a, level1b)
LEVEL(3, level2a, level2b)
LEVEL(4, level3a, level3b)
LEVEL(5, level4a, level4b)
LEVEL(6, level5a, level5b)

static FRAME void outer(int depth, unsigned path)
{
	if (depth > 0)
		outer(depth - 1, path);
	else if (path & 32)
		level6a(path);
	else
		level6b(path);
	__asm__ volatile("");
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 1000;
	long burst = argc > 3 ? atol(argv[2]) : 0;
	struct timespec pause = { 0, argc > 3 ? atol(argv[3]) : 0 };
	unsigned path = 1;

	setvbuf(stdout, NULL, _IONBF, 0);
	puts("ready");
	while (getchar() == '\n') {
		for (long call = 1; call <= count; call++) {
			path = path * 1664525u + 1013904223u;
			outer(1, path >> 26);
			if (burst && call % burst == 0)
				nanosleep(&pause, NULL);
		}
		puts("done");
	}
	return 0;
}

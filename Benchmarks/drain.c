/*
 * The floor: the least that anything can do with a perf ring. Opens a tracepoint on a process as
 * profilerctl does, waits for the watermark, copies nothing, hashes every sample's call chain and
 * gives the space back. Reads a line to end; prints samples, lost, and CPU nanoseconds in between.
 *
 *     drain PID TRACEPOINT_ID DATA_PAGES
 */
#include <linux/perf_event.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct ring {
	struct perf_event_mmap_page *control;
	const unsigned char *data;
	uint64_t size, tail;
};

static uint64_t samples, lost, hashes;

static uint64_t word(const struct ring *ring, uint64_t position)
{
	uint64_t value;
	memcpy(&value, ring->data + (position & (ring->size - 1)), sizeof value);
	return value;
}

static void drain(struct ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
	while (ring->tail < head) {
		uint64_t header = word(ring, ring->tail), size = header >> 48;
		if ((uint32_t)header == PERF_RECORD_SAMPLE) {
			/* header, identifier, pid and tid, time, period, count, frames */
			uint64_t count = word(ring, ring->tail + 40), hash = count;
			for (uint64_t frame = 0; frame < count; frame++)
				hash = (hash ^ word(ring, ring->tail + 48 + 8 * frame)) *
				       0x9e3779b97f4a7c15u;
			hashes ^= hash;
			samples++;
		} else if ((uint32_t)header == PERF_RECORD_LOST) {
			lost += word(ring, ring->tail + 16);
		}
		ring->tail += size;
	}
	__atomic_store_n(&ring->control->data_tail, ring->tail, __ATOMIC_RELEASE);
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 64;
	long page = sysconf(_SC_PAGESIZE), cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t size = strtoul(argv[3], NULL, 10) * page;
	struct ring rings[cpus];
	struct pollfd ready[cpus + 1];
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof attr,
		.config = strtoul(argv[2], NULL, 10),
		.sample_period = 1,
		.sample_type = PERF_SAMPLE_IDENTIFIER | PERF_SAMPLE_TID | PERF_SAMPLE_TIME |
			       PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN,
		.disabled = 1,
		.inherit = 1,
		.exclude_callchain_kernel = 1,
		.sample_id_all = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.watermark = 1,
		.wakeup_watermark = size / 2,
	};
	for (long cpu = 0; cpu < cpus; cpu++) {
		int fd = syscall(SYS_perf_event_open, &attr, atoi(argv[1]), cpu, -1,
				 PERF_FLAG_FD_CLOEXEC);
		if (fd < 0)
			fail("perf_event_open");
		void *base = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (base == MAP_FAILED)
			fail("mmap");
		rings[cpu] = (struct ring){ base, (unsigned char *)base + page, size, 0 };
		ready[cpu] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	ready[cpus] = (struct pollfd){ .fd = 0, .events = POLLIN };
	for (long cpu = 0; cpu < cpus; cpu++)
		ioctl(ready[cpu].fd, PERF_EVENT_IOC_ENABLE, 0);
	puts("ready");
	fflush(stdout);
	struct timespec start, end;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	while (!ready[cpus].revents) {
		if (poll(ready, cpus + 1, -1) < 0)
			fail("poll");
		for (long cpu = 0; cpu < cpus; cpu++)
			if (ready[cpu].revents || ready[cpus].revents)
				drain(&rings[cpu]);
	}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	printf("%lu %lu %ld %lx\n", samples, lost,
	       (end.tv_sec - start.tv_sec) * 1000000000L + end.tv_nsec - start.tv_nsec, hashes);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Minor faults, major faults and CPU time since registration are what getrusage(2)
 * reports for the same time, of threads that live and that have died; they never go
 * back; and the kernel's own counts, which the module only reads, go on as ever.
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "memory.h"
#include "module.h"
#include "tap.h"

enum {
	PAGES = 211,
	THREADS = 4,
	SPIN_MS = 200,	/* of CPU time: many ticks of the kernel's clock */
	NS_PER_MS = 1000000,
	ROUNDING_NS = 4000,	/* getrusage(2) cuts off four times to microseconds */
};

struct usage {
	long long minor, major, user_ns, system_ns;
};

static long long ns_of(const struct timeval *time)
{
	return time->tv_sec * 1000000000LL + time->tv_usec * 1000LL;
}

static struct usage kernels_count(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (struct usage){ usage.ru_minflt, usage.ru_majflt, ns_of(&usage.ru_utime),
			       ns_of(&usage.ru_stime) };
}

static struct usage modules_count(void)
{
	struct counters counters;

	if (!status_read(getpid(), &counters))
		bail("this process is not in the status file");
	return (struct usage){ counters.minor, counters.major, counters.user_ns,
			       counters.system_ns };
}

static void register_self(void)
{
	if (status_register(0))
		bail("R 0");
}

static void unregister_self(void)
{
	if (status_unregister(0))
		bail("U 0");
}

static void spin(void)
{
	struct timespec used;
	long long end_ms = 0, now_ms;

	do {
		for (volatile int i = 0; i < 10000; i++)
			;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
		now_ms = used.tv_sec * 1000 + used.tv_nsec / NS_PER_MS;
		if (!end_ms)
			end_ms = now_ms + SPIN_MS;
	} while (now_ms < end_ms);
}

static void *fault_and_spin(void *unused)
{
	volatile char *disk = memory_map_disk(PAGES), *fresh = memory_map(PAGES);

	memory_write(fresh, PAGES);
	memory_read(disk, PAGES);
	memory_unmap(fresh, PAGES);
	memory_unmap(disk, PAGES);
	spin();
	return unused;
}

static void alone(void)
{
	fault_and_spin(NULL);
}

static pthread_barrier_t barrier;

/* A thread that lives on before, during and after the stretch that is measured. */
static void *stay(void *unused)
{
	while (!unused) {
		fault_and_spin(NULL);
		pthread_barrier_wait(&barrier);
		pthread_barrier_wait(&barrier);
	}
	return NULL;
}

static void run_threads(void)
{
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, fault_and_spin, NULL))
			bail("pthread_create");
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
}

/* One thread goes on, others begin and end. */
static void with_threads(void)
{
	pthread_barrier_wait(&barrier);
	run_threads();
	pthread_barrier_wait(&barrier);
}

static struct usage difference(struct usage to, struct usage from)
{
	return (struct usage){ to.minor - from.minor, to.major - from.major,
			       to.user_ns - from.user_ns, to.system_ns - from.system_ns };
}

static long long cpu_ns(const struct usage *usage)
{
	return usage->user_ns + usage->system_ns;
}

/* @least and @most: what getrusage reports of a time just shorter and just longer. */
static void compare(const char *who, const struct usage *module, const struct usage *least,
		    const struct usage *most)
{
	ok(module->minor == most->minor && most->minor >= PAGES,
	   "%s: minor faults, kernel %lld, module %lld", who, most->minor, module->minor);
	ok(module->major == most->major && most->major >= PAGES,
	   "%s: major faults, kernel %lld, module %lld", who, most->major, module->major);
	ok(cpu_ns(module) >= cpu_ns(least) - ROUNDING_NS &&
	   cpu_ns(module) <= cpu_ns(most) + ROUNDING_NS,
	   "%s: CPU time, kernel %lld to %lld ns, module %lld ns", who, cpu_ns(least),
	   cpu_ns(most), cpu_ns(module));
	/* Both split by what ticks saw, but begin to forbid a step back at different times. */
	ok(llabs(module->user_ns - most->user_ns) <= cpu_ns(most) / 4,
	   "%s: of that in user mode, kernel %lld ns, module within a quarter of all: %lld ns", who,
	   most->user_ns, module->user_ns);
}

/*
 * Each reading of the module's stands between two of the kernel's, which bring the CPU
 * time of the calling thread up to date; the others sleep then.  The rehearsal has the
 * faults that registering and reading themselves make.
 */
static void equals(const char *who, void (*work)(void))
{
	struct usage begin[2], end[2], module, least, most;

	register_self();
	modules_count();
	unregister_self();

	begin[0] = kernels_count();
	register_self();
	begin[1] = kernels_count();
	work();
	end[0] = kernels_count();
	module = modules_count();
	end[1] = kernels_count();
	unregister_self();

	least = difference(end[0], begin[1]);
	most = difference(end[1], begin[0]);
	compare(who, &module, &least, &most);
}

static void equals_with_threads(void)
{
	pthread_t stayer;

	run_threads();
	pthread_barrier_init(&barrier, NULL, 2);
	if (pthread_create(&stayer, NULL, stay, NULL))
		bail("pthread_create");
	pthread_barrier_wait(&barrier);
	equals("threads that died before, stay, come and go", with_threads);
}

/* Registered, sampled and unregistered, the process has faulted as often as it did. */
static void only_reads(void)
{
	volatile char *fresh = memory_map(PAGES);
	struct usage before = kernels_count(), faults;

	register_self();
	memory_write(fresh, PAGES);
	sleep_ms(100);
	unregister_self();
	faults = difference(kernels_count(), before);
	ok(faults.minor == PAGES && faults.major == 0,
	   "with the module at work, getrusage reports %d pages as %lld minor faults", PAGES,
	   faults.minor);
}

static bool goes_on(const struct faultline_record *from, const struct faultline_record *to)
{
	return to->minor_faults >= from->minor_faults && to->major_faults >= from->major_faults &&
	       to->cow_faults >= from->cow_faults && to->user_ns >= from->user_ns &&
	       to->system_ns >= from->system_ns && to->time_ns > from->time_ns;
}

static void never_goes_back(void)
{
	const struct faultline_header *ring = ring_map();
	const struct faultline_record *from, *to;
	unsigned int steps = 0, backward = 0;

	for (uint64_t seq = 1; seq < ring->head; seq++) {
		from = ring_record(ring, seq);
		to = ring_record(ring, seq + 1);
		if (from->id != to->id)
			continue;
		steps++;
		backward += !goes_on(from, to);
	}
	ok(steps > 0 && backward == 0, "from record to record, no count goes back: %u of %u do",
	   backward, steps);
}

int main(void)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	module_load("hz=200");
	equals("one thread", alone);
	only_reads();
	equals_with_threads();
	never_goes_back();
	return finish();
}

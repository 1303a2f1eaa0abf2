// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tap.h"
#include "worker.h"

enum { PIDS = 1 << 16 };

/* What each worker is to do, by pid; shared, so that an order makes nobody copy. */
static struct order {
	void (*act)(size_t count);
	size_t count;
} *orders;

/*
 * A fork does not bring along where the program is mapped: that what a worker does is on a
 * page that nobody has run yet is no fault to be counted.
 */
static void map_text(void)
{
	extern char __executable_start[], etext[];

	if (madvise(__executable_start, (uintptr_t)etext - (uintptr_t)__executable_start,
		    MADV_POPULATE_READ))
		bail("MADV_POPULATE_READ");
}

static _Noreturn int work(void *unused)
{
	const struct order *own = &orders[getpid() % PIDS];

	(void)unused;
	map_text();
	for (;;) {
		own->act(own->count);
		raise(SIGSTOP);
	}
}

pid_t worker_start(void)
{
	if (!orders)
		orders = mmap(NULL, PIDS * sizeof(*orders), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (orders == MAP_FAILED)
		bail("mmap of orders");
	return child_start_stopped(work, NULL);
}

void worker_begin(pid_t worker, void (*act)(size_t count), size_t count)
{
	orders[worker % PIDS] = (struct order){ act, count };
	child_resume(worker);
}

void worker_wait(pid_t worker)
{
	int status;

	if (waitpid(worker, &status, WUNTRACED) != worker || !WIFSTOPPED(status))
		bail("a worker does not stop");
}

void worker_do(pid_t worker, void (*act)(size_t count), size_t count)
{
	worker_begin(worker, act, count);
	worker_wait(worker);
}

void worker_rest(size_t unused)
{
	(void)unused;
}

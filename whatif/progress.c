// SPDX-License-Identifier: GPL-2.0
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"

enum { PERIOD_NS = 250000000 };

static bool wanted;
static const char *what;
static uint64_t all;
static _Atomic uint64_t done;
static pthread_t shower;
static bool shows;
/* Guards ended; the condition is that it has become true. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool ended;

static void show(void)
{
	uint64_t now = done;

	if (all)
		fprintf(stderr, "\r\033[K%ju %s, %.0f%%", (uintmax_t)now, what,
			100.0 * (double)now / (double)all);
	else
		fprintf(stderr, "\r\033[K%ju %s", (uintmax_t)now, what);
}

static void *show_all(void *unused)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	pthread_mutex_lock(&lock);
	while (!ended) {
		until.tv_nsec += PERIOD_NS;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&changed, &lock, &until);
		if (!ended)
			show();
	}
	pthread_mutex_unlock(&lock);
	fprintf(stderr, "\r\033[K");
	return unused;
}

void progress_show(void)
{
	wanted = isatty(STDERR_FILENO);
}

void progress_begin(const char *name, uint64_t count)
{
	if (!wanted)
		return;
	what = name;
	all = count;
	done = 0;
	ended = false;
	shows = pthread_create(&shower, NULL, show_all, NULL) == 0;
}

void progress_add(uint64_t more)
{
	atomic_fetch_add_explicit(&done, more, memory_order_relaxed);
}

void progress_end(void)
{
	if (!shows)
		return;
	pthread_mutex_lock(&lock);
	ended = true;
	pthread_cond_signal(&changed);
	pthread_mutex_unlock(&lock);
	pthread_join(shower, NULL);
}

// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "copies.h"
#include "module.h"
#include "tap.h"

/* As in the parameter cow=. */
static const char *method;

static void register_self(void)
{
	if (status_register(0))
		bail("R 0");
}

bool copies_are_attempts(void)
{
	return strcmp(method, "entry") == 0;
}

static bool counts_kind(enum faultline_kind kind)
{
	return kind != FAULTLINE_HUGETLB || !copies_are_attempts();
}

bool copies_begin(const char *by)
{
	char parameter[32], said[128];

	method = by;
	snprintf(parameter, sizeof(parameter), "cow=%s", by);
	module_load(parameter);
	register_self();
	if (!status_setting("cow", said, sizeof(said)))
		bail("the status file does not say how copies are counted");
	if (strncmp(said, "n/a", 3) != 0)
		return true;
	copies_end();
	return false;
}

void copies_end(void)
{
	if (status_unregister(0) || module_unload())
		bail("rmmod");
}

struct copies copies_of(pid_t pid)
{
	struct counters counters;
	struct copies copies;

	if (!status_read(pid, &counters) || counters.cow < 0)
		bail("no count of copies of process %d", (int)pid);
	copies.all = counters.cow;
	for (int kind = 0; kind < FAULTLINE_KINDS; kind++)
		copies.kinds[kind] = counters.cow_kinds[kind];
	return copies;
}

struct copies copies_between(const struct copies *before, const struct copies *after)
{
	struct copies copies = { .all = after->all - before->all };

	for (int kind = 0; kind < FAULTLINE_KINDS; kind++)
		copies.kinds[kind] = before->kinds[kind] < 0 || after->kinds[kind] < 0 ?
				     -1 : after->kinds[kind] - before->kinds[kind];
	return copies;
}

struct copies copies_made(void (*act)(size_t count), size_t count)
{
	struct copies before, after;

	copies_of(getpid());
	before = copies_of(getpid());
	act(count);
	after = copies_of(getpid());
	return copies_between(&before, &after);
}

/* What a child does; it answers in memory that it shares, so that this copies nothing. */
struct deed {
	void (*prepare)(void);
	void (*act)(size_t count);
	size_t count;
	struct copies *seen;
};

static int count_own(void *argument)
{
	const struct deed *deed = argument;

	register_self();
	if (deed->prepare)
		deed->prepare();
	*deed->seen = copies_made(deed->act, deed->count);
	return 0;
}

struct copies copies_made_in_child(void (*prepare)(void), void (*act)(size_t count),
				   size_t count)
{
	struct deed deed = { prepare, act, count, NULL };
	struct copies seen;

	deed.seen = mmap(NULL, sizeof(*deed.seen), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (deed.seen == MAP_FAILED)
		bail("mmap");
	if (child_wait(child_start(count_own, &deed)))
		bail("a child failed");
	seen = *deed.seen;
	munmap(deed.seen, sizeof(*deed.seen));
	return seen;
}

pid_t copies_start_sharer(void)
{
	pid_t child = child_start_stopped(child_sleep, NULL);

	if (status_register(child))
		bail("R %d", (int)child);
	return child;
}

/* Such as " anon 512, ksm 64", or nothing. */
static void describe(const struct copies *copies, char text[256])
{
	size_t used = 0;

	text[0] = '\0';
	for (int kind = 0; kind < FAULTLINE_KINDS; kind++) {
		if (copies->kinds[kind] < 0)
			used += (size_t)sprintf(text + used, " %s n/a", kind_names[kind]);
		else if (copies->kinds[kind])
			used += (size_t)sprintf(text + used, " %s %ld", kind_names[kind],
						copies->kinds[kind]);
	}
}

/* All that were copied are so many of this kind. */
static bool are(const struct copies *saw, enum faultline_kind kind, long must)
{
	bool right = saw->all == must;

	for (int other = 0; other < FAULTLINE_KINDS; other++) {
		if (!counts_kind(other))
			right = right && saw->kinds[other] == -1;
		else
			right = right && saw->kinds[other] == (other == (int)kind ? must : 0);
	}
	return right;
}

void copies_claim(enum faultline_kind kind, long must, struct copies saw, const char *what)
{
	char text[256];

	describe(&saw, text);
	ok(are(&saw, kind, must), "cow=%s: %s: %ld copied, all %s; saw %ld:%s", method, what, must,
	   kind_names[kind], saw.all, text);
}

void copies_claim_none(struct copies saw, const char *what)
{
	char text[256];

	describe(&saw, text);
	ok(are(&saw, FAULTLINE_ANON, 0), "cow=%s: %s: none copied; saw %ld:%s", method, what,
	   saw.all, text);
}

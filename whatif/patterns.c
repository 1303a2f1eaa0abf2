// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "patterns.h"

enum {
	/* Where the first page is: programs have nothing at 0. */
	FIRST_PAGE	= 0x10000,
	/* Bytes from one access to the next of who walks through memory. */
	STRIDE		= 64,
	/* Of all accesses that are not told, one in so many writes. */
	WRITES		= 4,
	/* Times that a window is used for each of its pages, before it moves on. */
	PHASE		= 16,
	/* The part of all pages that a window is. */
	WORKING_SET	= 16,
	LOCALITY	= 128,
	PARENT		= 1,
	CHILD		= 2,
};

/* splitmix64 */
static uint64_t draw(struct generator *generator)
{
	uint64_t mixed = generator->random += 0x9e3779b97f4a7c15;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
	return mixed ^ mixed >> 31;
}

static uint64_t draw_below(struct generator *generator, uint64_t bound)
{
	return (uint64_t)((unsigned __int128)draw(generator) * bound >> 64);
}

static double draw_share(struct generator *generator)
{
	return (double)(draw(generator) >> 11) * 0x1p-53;
}

static void touch(struct access *access, uint64_t page, uint64_t offset, bool write)
{
	access->address = (FIRST_PAGE + page) * PATTERNS_PAGE + offset;
	access->write = write;
}

/* Anywhere in a page, one in WRITES to write. */
static void touch_at_random(struct generator *generator, struct access *access, uint64_t page)
{
	uint64_t drawn = draw(generator);

	touch(access, page, drawn % PATTERNS_PAGE & ~7ULL, (drawn >> 32) % WRITES == 0);
}

static void sequential(struct generator *generator, struct access *access)
{
	uint64_t byte = generator->made % (generator->pages * (PATTERNS_PAGE / STRIDE)) * STRIDE;

	touch(access, byte / PATTERNS_PAGE, byte % PATTERNS_PAGE, generator->made % WRITES == 0);
}

static void uniform(struct generator *generator, struct access *access)
{
	touch_at_random(generator, access, draw_below(generator, generator->pages));
}

/* A page of a window that is this part of all, and moves where this says. */
static uint64_t page_of_window(struct generator *generator, uint64_t part, bool moves)
{
	uint64_t length = generator->pages / part ?: 1;

	if (moves)
		generator->window = draw_below(generator, generator->pages);
	return (generator->window + draw_below(generator, length)) % generator->pages;
}

static bool phase_begins(const struct generator *generator, uint64_t part)
{
	return generator->made % ((generator->pages / part ?: 1) * PHASE) == 0;
}

static void working_set(struct generator *generator, struct access *access)
{
	touch_at_random(generator, access,
			page_of_window(generator, WORKING_SET,
				       phase_begins(generator, WORKING_SET)));
}

static void locality(struct generator *generator, struct access *access)
{
	bool moves = phase_begins(generator, LOCALITY);

	if (!moves && draw_below(generator, 10) == 0)
		uniform(generator, access);
	else
		touch_at_random(generator, access, page_of_window(generator, LOCALITY, moves));
}

static void thrashing(struct generator *generator, struct access *access)
{
	touch_at_random(generator, access, generator->made % generator->pages);
}

/*
 * Of exponent 1, by rejection-inversion (Hormann and Derflinger).  The popular pages are not
 * neighbours: the factor is a prime that no number of pages has.
 */
static void zipf(struct generator *generator, struct access *access)
{
	const double pages = (double)generator->pages, low = log(1.5) - 1;
	const double high = log(pages + 0.5), near = 2 - exp(log(2.5) - 0.5);
	double drawn, x, rank;

	do {
		drawn = high + draw_share(generator) * (low - high);
		x = exp(drawn);
		rank = floor(x + 0.5);
		rank = rank < 1 ? 1 : rank > pages ? pages : rank;
	} while (rank - x > near && drawn < log(rank + 0.5) - 1 / rank);
	touch_at_random(generator, access,
			(uint64_t)((unsigned __int128)((uint64_t)rank - 1) * 4294967311 %
				   generator->pages));
}

/*
 * A parent writes all pages and forks; then child and parent, in turn, read each page, and
 * the child writes every other one, and exits.
 */
static void forks(struct generator *generator, struct access *access)
{
	uint64_t step = generator->made % (generator->pages * 4), page = step;
	bool write = true;

	if (!generator->told && generator->made && (step == 0 || step == generator->pages)) {
		access->event = step ? (struct event){ .kind = EVENT_FORK, .pid = PARENT, .other = CHILD } :
				       (struct event){ .kind = EVENT_EXIT, .pid = CHILD };
		return;
	}
	if (step >= generator->pages) {
		step -= generator->pages;
		page = step / 3;
		access->pid = step % 3 == 1 ? PARENT : CHILD;
		write = step % 3 == 2 && page % 2 == 0;
	}
	touch(access, page, 0, write);
}

static const struct pattern patterns[] = {
	{ "sequential", "bytes in order, again and again", sequential },
	{ "random", "any page", uniform },
	{ "working_set", "pages of a sixteenth of all, then of another one", working_set },
	{ "locality", "9 of 10 in a window of 1/128, which moves; the others anywhere", locality },
	{ "thrashing", "each page once, in order, again and again", thrashing },
	{ "zipf", "the n-th popular page 1/n as often as the most popular", zipf },
	{ "fork", "a parent writes and forks; both read, and the child writes every other", forks },
};

enum { PATTERNS = sizeof(patterns) / sizeof(patterns[0]) };

const struct pattern *patterns_at(unsigned int number)
{
	return number < PATTERNS ? &patterns[number] : NULL;
}

const struct pattern *patterns_chosen(const char *name)
{
	char names[256] = "";

	for (int i = 0; i < PATTERNS; i++) {
		if (strcmp(patterns[i].name, name) == 0)
			return &patterns[i];
		sprintf(names + strlen(names), "%s%s", i ? ", " : "", patterns[i].name);
	}
	errx(EXIT_USAGE, "PATTERN: expected one of %s, not '%s'", names, name);
}

void patterns_begin(struct generator *generator, const struct pattern *pattern, uint64_t pages,
		    uint64_t count, uint64_t seed)
{
	*generator = (struct generator){
		.pattern = pattern,
		.pages = pages,
		.count = count,
		.random = seed,
	};
}

bool patterns_next(struct generator *generator, struct access *access)
{
	if (generator->made == generator->count)
		return false;
	*access = (struct access){ .bytes = 1, .pid = PARENT, .count = 1 };
	generator->pattern->next(generator, access);
	generator->told = access->event.kind != EVENT_NONE;
	generator->made += !generator->told;
	return true;
}

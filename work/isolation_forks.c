// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <sys/types.h>

#include "child.h"
#include "isolation.h"
#include "tap.h"
#include "words.h"

enum {
	PAGES = 2 * PAGES_OF_HUGE,
	DEPTH = 3,
	BRANCHES = 2,
	CROWD = 24,
	HOLDERS = 3,
	CLUSTER = 7,
};

enum order {
	SEQUENTIAL,
	REVERSE,
	STRIDED,
	RANDOM,
	CLUSTERED,
	ORDERS,
};

static const char *const order_names[ORDERS] = {
	"sequential", "reverse", "strided", "random", "clustered",
};

/* Half as many writes as there are pages, from somewhere on. */
static void write_burst(struct words *words, enum order order, unsigned int writer)
{
	size_t count = words->pages.count, start = rand() % count;

	for (size_t i = 0; i < count / 2; i++) {
		size_t page = 0;

		switch (order) {
		case SEQUENTIAL:
			page = start + i;
			break;
		case REVERSE:
			page = start + count - i;
			break;
		case STRIDED:
			page = start + 3 * i;
			break;
		case RANDOM:
			page = rand();
			break;
		case CLUSTERED:
			if (i % CLUSTER == 0)
				start = rand() % count;
			page = start + i % CLUSTER;
			break;
		case ORDERS:
			break;
		}
		words_write(words, page % count, writer);
	}
}

/**
 * struct tree - one process of a fork tree
 * @number: the root is 1, and the children of n are BRANCHES * n and those after it
 */
struct tree {
	struct words *words;
	enum order order;
	unsigned int seed;
	int depth;
	unsigned int number;
};

/* Returns whether this process or one below it found a page that was not as it left it. */
static int grow(void *argument)
{
	const struct tree *tree = argument;
	/* Each burst has words of its own: an older one's must not show again. */
	unsigned int writer = tree->number * (BRANCHES + 1);
	pid_t children[BRANCHES];
	bool wrong = false;

	srand(tree->seed + tree->number);
	for (int i = 0; i < BRANCHES && tree->depth; i++) {
		struct tree branch = *tree;

		write_burst(tree->words, tree->order, writer++);
		branch.depth--;
		branch.number = tree->number * BRANCHES + i;
		children[i] = child_start(grow, &branch);
		wrong |= words_wrong(tree->words);
	}
	write_burst(tree->words, tree->order, writer);
	wrong |= words_wrong(tree->words);
	for (int i = 0; i < BRANCHES && tree->depth; i++)
		wrong |= child_wait(children[i]);
	return wrong || words_wrong(tree->words);
}

/**
 * isolation_fork_trees - 15 processes, of which each forks two, and all write
 */
void isolation_fork_trees(unsigned int seed)
{
	for (int huge = 0; huge <= 1; huge++) {
		const char *backing = huge ? "huge" : "4 KB";
		struct words words;

		if (words_fill(&words, PAGES, huge)) {
			skip("fork trees, %s pages: there are none", backing);
			continue;
		}
		for (enum order order = 0; order < ORDERS; order++) {
			struct tree root = { &words, order, seed, DEPTH, 1 };

			ok(!child_wait(child_start(grow, &root)),
			   "a fork tree of %s writers, %s pages: each finds what it wrote or was "
			   "born with", order_names[order], backing);
		}
		ok(!words_wrong(&words), "and who forked them, %s pages: nothing else", backing);
		words_free(&words);
	}
}

struct member {
	struct words *words;
	unsigned int number;
};

/* Writes to all pages, in an order of its own. */
static int mingle(void *argument)
{
	const struct member *member = argument;

	srand(member->number);
	for (size_t page = 0; page < PAGES; page++)
		words_write(member->words, (page + member->number) * 37 % PAGES, member->number);
	write_burst(member->words, rand() % ORDERS, member->number);
	return words_wrong(member->words) != 0;
}

/**
 * isolation_crowd - many children write to the same pages at once, and their parent, too
 */
void isolation_crowd(unsigned int seed)
{
	struct words words;
	pid_t children[CROWD];
	int wrong = 0;

	if (words_fill(&words, PAGES, false))
		bail("pages");
	for (int i = 0; i < CROWD; i++) {
		struct member member = { &words, seed * CROWD + i + 1 };

		children[i] = child_start_stopped(mingle, &member);
	}
	for (int i = 0; i < CROWD; i++)
		child_resume(children[i]);
	for (size_t page = 0; page < PAGES; page++)
		words_write(&words, page, seed * CROWD);
	for (int i = 0; i < CROWD; i++)
		wrong += child_wait(children[i]) != 0;
	ok(!wrong, "%d children that write to the same pages at once: %d find words of others",
	   CROWD, wrong);
	ok(!words_wrong(&words), "nor does their parent, who writes, too");
	words_free(&words);
}

static int look(void *words)
{
	return words_wrong(words) != 0;
}

/**
 * isolation_parent_writes - the parent writes, while children have what was there before
 */
void isolation_parent_writes(unsigned int seed)
{
	struct words words;
	pid_t children[HOLDERS];

	if (words_fill(&words, PAGES, false))
		bail("pages");
	srand(seed);
	for (enum order order = 0; order < ORDERS; order++) {
		int wrong = 0;

		for (int i = 0; i < HOLDERS; i++) {
			children[i] = child_start_stopped(look, &words);
			write_burst(&words, order, (seed * ORDERS + order) * HOLDERS + i + 1);
		}
		for (int i = 0; i < HOLDERS; i++) {
			child_resume(children[i]);
			wrong += child_wait(children[i]) != 0;
		}
		ok(!wrong && !words_wrong(&words),
		   "a parent's %s writes between forks: its %d children keep what they were born "
		   "with (%d do not)", order_names[order], HOLDERS, wrong);
	}
	words_free(&words);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * What was written after earlier forks.
 *
 * Writes all over the memory leave no run to follow, and how dense they will become cannot
 * be told from how dense they are: the first 61% of a random order look the same whether
 * the rest comes or not.  But a server that forks again and again, and children of one
 * parent, write much the same pages each time.  So of each region of 64 pages it is
 * remembered which were written after the fork before (`last`) and which have been after
 * this one (`now`), and a fault on a page that was written last time, too, foretells the
 * others.
 *
 * How far that is believed is an account of pages per descent, that is per tree of forks:
 * a fault that was foretold earns one, one that was not costs eight, a prediction spends
 * as many as it has pages, and those that were used earn twice what they cost, once that
 * is known.  So no more is copied in vain than has been earned, and where fewer than 8 of
 * 9 faults are foretold nothing is copied.
 *
 * Both tables are shared and lossy: who comes to a taken entry takes it over, and two CPUs
 * in one entry may lose a bit.  That costs predictions and nothing else: whether a page
 * may be copied is decided elsewhere, page by page.  Hashes are salted, so that no process
 * can choose to meet a stranger's entries, and users of one tree have entries of their own.
 */

#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include "history.h"
#include "page_table.h"

enum {
	/* 768 KB in all, for 8 GB of memory that is written between forks. */
	REGION_BITS	= 15,
	DESCENT_BITS	= 9,
	/* Entries of the account, in pages. */
	FORETOLD	= 1,
	NOT_FORETOLD	= -8,
	USED		= 2,
	WASTED		= -4,
	/* Its bounds: what suffices for the first guess, and 16 MB. */
	CREDIT_LEAST	= -64,
	CREDIT_ENOUGH	= 16,
	CREDIT_MOST	= 4096,
};

/**
 * struct region - what was written of 64 pages, a bit each
 * @key: hash of descent and place
 * @writer: hash of whose memory was written
 * @last: after the fork before
 * @now: since the last fork
 */
struct region {
	u32 key;
	u32 writer;
	u64 last;
	u64 now;
};

/**
 * struct descent - how far predictions for one tree of forks are believed
 * @key: the whole hash
 * @credit: pages that may be copied on a guess
 */
struct descent {
	u64 key;
	atomic_t credit;
};

static struct region *regions;
static struct descent *descents;
/* So that nobody can choose which entries are his. */
u64 faultline_history_salt;

static __always_inline u64 hash_region(u64 descent, unsigned long address)
{
	return (descent ^ address >> FAULTLINE_REGION_SHIFT) * GOLDEN_RATIO_64;
}

/* The entry of this hash's region, and what marks it as such. */
static __always_inline struct region *region_of(u64 hash)
{
	return &regions[hash >> (64 - REGION_BITS)];
}

static __always_inline u32 key_of(u64 hash)
{
	return hash;
}

static __always_inline u64 bit_of(unsigned long address)
{
	return BIT_ULL(address >> PAGE_SHIFT & (FAULTLINE_REGION_PAGES - 1));
}

static __always_inline struct descent *account_of(u64 descent)
{
	return &descents[descent >> (64 - DESCENT_BITS)];
}

/* Whoever has no account opens one, perhaps in another's place. */
static int credit_add(u64 descent, int pages)
{
	struct descent *account = account_of(descent);
	int credit;

	if (READ_ONCE(account->key) != descent) {
		WRITE_ONCE(account->key, descent);
		atomic_set(&account->credit, 0);
	}
	credit = atomic_read(&account->credit);
	/* At either end nothing is written, and no cache line goes from CPU to CPU. */
	pages = clamp(credit + pages, CREDIT_LEAST, CREDIT_MOST) - credit;
	return pages ? atomic_add_return(pages, &account->credit) : credit;
}

/*
 * A page that is written once more was shared again by a fork.  Another's memory begins a
 * generation of its own; one that ended early, or has only begun, tells less than the one
 * before it.
 */
static void begin_generation(struct region *region, u32 writer)
{
	u64 last = READ_ONCE(region->last), now = READ_ONCE(region->now);

	if (READ_ONCE(region->writer) == writer || 4 * hweight64(now) >= 3 * hweight64(last))
		WRITE_ONCE(region->last, now);
	WRITE_ONCE(region->now, 0);
	WRITE_ONCE(region->writer, writer);
}

/**
 * faultline_history_write() - a page that fork() left shared is being written
 * @descent: of faultline_history_descent()
 * @vma: where
 * @address: of the page
 *
 * Context: any.
 * Return: true if there is a prediction for its neighbours worth asking for.
 */
bool faultline_history_write(u64 descent, const struct vm_area_struct *vma,
			     unsigned long address)
{
	u64 hash = hash_region(descent, address), bit = bit_of(address), last, now;
	u32 writer = ((unsigned long)vma->vm_mm ^ faultline_history_salt) * GOLDEN_RATIO_64 >> 32;
	struct region *region = region_of(hash);
	int credit;

	if (READ_ONCE(region->key) != key_of(hash)) {
		WRITE_ONCE(region->key, key_of(hash));
		WRITE_ONCE(region->writer, writer);
		WRITE_ONCE(region->last, 0);
		WRITE_ONCE(region->now, bit);
		return false;
	}
	if (READ_ONCE(region->writer) != writer || READ_ONCE(region->now) & bit)
		begin_generation(region, writer);
	now = READ_ONCE(region->now) | bit;
	WRITE_ONCE(region->now, now);
	/* Of a page that was written alone nothing can be learnt. */
	last = READ_ONCE(region->last);
	if (likely(!(last & ~bit)))
		return false;
	credit = credit_add(descent, last & bit ? FORETOLD : NOT_FORETOLD);
	return last & bit && last & ~now && credit >= CREDIT_ENOUGH;
}

static u64 lowest_bits(u64 mask, unsigned int count)
{
	u64 bits = 0;

	for (; mask && count; count--, mask &= mask - 1)
		bits |= mask & -mask;
	return bits;
}

/**
 * faultline_history_predict() - what else of a region will be written
 * @descent: as in faultline_history_write(), which gave true
 * @address: likewise
 * @most: pages asked for
 *
 * What is predicted is paid for, and taken for written until it is judged.
 * Context: any.
 * Return: pages of the region's 64, a bit each.
 */
u64 faultline_history_predict(u64 descent, unsigned long address, unsigned int most)
{
	u64 hash = hash_region(descent, address), predicted;
	struct region *region = region_of(hash);
	int credit = atomic_read(&account_of(descent)->credit);

	if (READ_ONCE(region->key) != key_of(hash) || credit < CREDIT_ENOUGH)
		return 0;
	predicted = READ_ONCE(region->last) & ~READ_ONCE(region->now);
	predicted = lowest_bits(predicted, min_t(unsigned int, credit, most));
	WRITE_ONCE(region->now, READ_ONCE(region->now) | predicted);
	credit_add(descent, -hweight64(predicted));
	return predicted;
}

/**
 * faultline_history_judge() - what became of a prediction
 * @descent: as it was predicted with
 * @region: address of the region
 * @used: pages that were used
 * @wasted: pages that were not, a bit each
 *
 * Context: any.
 */
void faultline_history_judge(u64 descent, unsigned long region, unsigned int used, u64 wasted)
{
	u64 hash = hash_region(descent, region);
	struct region *entry = region_of(hash);

	if (wasted && READ_ONCE(entry->key) == key_of(hash)) {
		WRITE_ONCE(entry->last, READ_ONCE(entry->last) & ~wasted);
		WRITE_ONCE(entry->now, READ_ONCE(entry->now) & ~wasted);
	}
	credit_add(descent, USED * (int)used + WASTED * (int)hweight64(wasted));
}

/**
 * faultline_history_create() - begin to remember, from nothing
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int faultline_history_create(void)
{
	regions = vzalloc(sizeof(*regions) << REGION_BITS);
	descents = vzalloc(sizeof(*descents) << DESCENT_BITS);
	if (!regions || !descents) {
		faultline_history_destroy();
		return -ENOMEM;
	}
	faultline_history_salt = get_random_u64();
	return 0;
}

/**
 * faultline_history_destroy() - forget all; nobody writes or predicts any more
 *
 * Context: may sleep.
 */
void faultline_history_destroy(void)
{
	vfree(descents);
	vfree(regions);
	descents = NULL;
	regions = NULL;
}

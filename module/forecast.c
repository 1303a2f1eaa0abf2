// SPDX-License-Identifier: GPL-2.0
/*
 * Which pages of a process's memory will be written next.
 *
 * Runs are read off the page table, where written pages show (page_table.h): three written
 * pages in a row, at a distance of 1 to 4, and the window is as long as the run behind it.
 * A fault where the last window ended doubles it, up to 64 pages.  What became of a window
 * shows in the page table, too; while less than half of the pages were used there are 64
 * faults before the next guess, then 128, and so on.
 *
 * What has no run may have a history: history.c.
 *
 * A process's forecast is made at its first window, and goes when its memory does: the last
 * chance to see what became of its windows.
 */

#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "compat.h"
#include "direct.h"
#include "forecast.h"
#include "history.h"
#include "hook.h"
#include "page_table.h"
#include "precopy.h"
#include "registry.h"

enum {
	STREAMS		= 8,
	/* Windows whose fate is not known yet; a forecast fits 8 KB with them. */
	RUNS		= 64,
	PREDICTIONS	= 128,
	WINDOW_MOST	= FAULTLINE_REGION_PAGES,
	/* Of a window that nothing but its neighbours speaks for. */
	RUN_LEAST	= 3,
	RUN_MOST	= 16,
	WINDOW_DOUBTED	= 8,
	/* Parts in 256 of the windows' pages that were used. */
	ACCURACY_ONE	= 256,
	ACCURACY_GOOD	= 192,
	ACCURACY_POOR	= 128,
	ACCURACY_FIRST	= 160,
	/* Faults from one guess to the next of who gets them wrong. */
	INTERVAL_FIRST	= 64,
	INTERVAL_MOST	= 1024,
	MEMORIES_BITS	= 10,
};

/**
 * struct stream - a run that is being followed
 * @next: address of the fault that would go on with it, or 0
 * @stride: pages from one to the next, negative when it runs down
 * @size: pages of its last window
 * @base: of that window
 */
struct stream {
	unsigned long next;
	int stride;
	unsigned int size;
	unsigned long base;
};

/**
 * struct faultline_forecast - what is known of one process's memory
 * @node: place in its bucket of memories; guarded by memories_lock, read under RCU
 * @mm: the key; no reference, the forecast goes when exit_mmap() is called
 * @signal: whose windows they are; compared, never followed
 * @rcu: defers freeing
 * @lock: guards the rest; who does not get it does without a window
 * @streams: runs
 * @clock: the stream that is replaced next
 * @accuracy: of the last windows of runs, in parts of ACCURACY_ONE
 * @faults: since the last window of a run
 * @interval: as many must there be before the next, while accuracy is poor
 * @runs: windows whose fate is not known yet, by their base; mask 0 when free
 * @predictions: those from history, which last: beside runs in the same region
 */
struct faultline_forecast {
	struct hlist_node node;
	struct mm_struct *mm;
	struct signal_struct *signal;
	struct rcu_head rcu;

	spinlock_t lock;	/* see above */
	struct stream streams[STREAMS];
	unsigned int clock;
	unsigned int accuracy;
	unsigned int faults;
	unsigned int interval;
	struct faultline_window runs[RUNS];
	struct faultline_window predictions[PREDICTIONS];
};

static struct hlist_head memories[1 << MEMORIES_BITS];
/* Raw: taken in an ftrace handler, when a process's memory goes. */
static DEFINE_RAW_SPINLOCK(memories_lock);

static struct hlist_head *bucket_of(const struct mm_struct *mm)
{
	return &memories[hash_ptr(mm, MEMORIES_BITS)];
}

/* Of memory that is in use: its forecast stays until that ends. */
static struct faultline_forecast *find(const struct mm_struct *mm)
{
	struct faultline_forecast *forecast;

	rcu_read_lock();
	hlist_for_each_entry_rcu(forecast, bucket_of(mm), node)
		if (forecast->mm == mm)
			break;
	rcu_read_unlock();
	return forecast;
}

/* @inside: the caller knows that the table does not end before. */
static __always_inline bool written(const pte_t *pte, int distance, bool inside)
{
	unsigned int index = faultline_pte_index(pte) + distance;

	return (inside || index < PTRS_PER_PTE) && faultline_pte_written(pte + distance);
}

static __always_inline bool is_run(const pte_t *pte, int stride, bool inside)
{
	return written(pte, -stride, inside) && written(pte, -2 * stride, inside) &&
	       written(pte, -3 * stride, inside);
}

/* A run whose pages have others between them that are not written. */
static __always_inline bool is_strided(const pte_t *pte, int stride, bool inside)
{
	return is_run(pte, stride, inside) &&
	       !written(pte, -stride - (stride > 0 ? 1 : -1), inside);
}

static __always_inline int find_stride(const pte_t *pte, bool inside)
{
	if (is_run(pte, 1, inside))
		return 1;
	if (is_run(pte, -1, inside))
		return -1;
	if (is_strided(pte, 2, inside))
		return 2;
	if (is_strided(pte, -2, inside))
		return -2;
	if (is_strided(pte, 3, inside))
		return 3;
	if (is_strided(pte, -3, inside))
		return -3;
	if (is_strided(pte, 4, inside))
		return 4;
	return is_strided(pte, -4, inside) ? -4 : 0;
}

/* The run that this page goes on with: pages from one to the next, or 0. */
static int stride_at(const pte_t *pte)
{
	const unsigned int most = RUN_LEAST * FAULTLINE_PTE_NEAR;

	if (faultline_pte_index(pte) - most < PTRS_PER_PTE - 2 * most)
		return find_stride(pte, true);
	return find_stride(pte, false);
}

static unsigned int run_behind(const pte_t *pte, int stride)
{
	unsigned int run = RUN_LEAST;

	while (run < RUN_MOST && written(pte, -(int)(run + 1) * stride, false))
		run++;
	return run;
}

static struct stream *find_stream(struct faultline_forecast *forecast, unsigned long address)
{
	int i;

	for (i = 0; i < STREAMS; i++)
		if (READ_ONCE(forecast->streams[i].next) == address)
			return &forecast->streams[i];
	return NULL;
}

/*
 * Is it worth looking for a run?  Where earlier guesses were wrong, only once in so many
 * faults; a look that finds none does not use that up.
 */
static bool may_look(struct faultline_forecast *forecast)
{
	unsigned int faults;

	if (READ_ONCE(forecast->accuracy) >= ACCURACY_POOR)
		return true;
	faults = READ_ONCE(forecast->faults) + 1;
	WRITE_ONCE(forecast->faults, faults);
	return faults >= READ_ONCE(forecast->interval);
}

static struct faultline_window *run_at(struct faultline_forecast *forecast, unsigned long base)
{
	return &forecast->runs[base >> FAULTLINE_REGION_SHIFT & (RUNS - 1)];
}

static struct faultline_window *prediction_at(struct faultline_forecast *forecast,
					      unsigned long base)
{
	return &forecast->predictions[base >> FAULTLINE_REGION_SHIFT & (PREDICTIONS - 1)];
}

/**
 * struct fate - what became of a window's pages
 * @used: used since, a bit each
 * @wasted: there, and not used
 */
struct fate {
	u64 used;
	u64 wasted;
};

/* Context: as faultline_pte_find(). */
static struct fate read_fate(struct mm_struct *mm, const struct faultline_window *window)
{
	struct fate fate = {};
	unsigned int first = __ffs64(window->mask);
	const pte_t *pte = faultline_pte_find(mm, window->base + first * PAGE_SIZE);
	u64 left;

	if (!pte)
		return fate;
	for (left = window->mask; left; left &= left - 1) {
		unsigned int i = __ffs64(left);
		pte_t entry = READ_ONCE(pte[i - first]);

		if (!pte_present(entry))
			continue;
		if (pte_young(entry))
			fate.used |= BIT_ULL(i);
		else
			fate.wasted |= BIT_ULL(i);
	}
	return fate;
}

static void learn(struct faultline_forecast *forecast, unsigned int used, unsigned int wasted)
{
	int share = ACCURACY_ONE * used / (used + wasted);

	forecast->accuracy += (share - (int)forecast->accuracy) / 4;
	if (forecast->accuracy >= ACCURACY_POOR)
		forecast->interval = INTERVAL_FIRST;
	else if (forecast->interval < INTERVAL_MOST)
		forecast->interval *= 2;
}

/* Close a window. */
static void judge(struct faultline_forecast *forecast, struct faultline_window *window)
{
	struct fate fate;
	unsigned int used, wasted;
	unsigned long flags;

	/* Tables of other vmas may go away under a lock that covers but one. */
	local_irq_save(flags);
	fate = read_fate(forecast->mm, window);
	local_irq_restore(flags);
	window->mask = 0;
	used = hweight64(fate.used);
	wasted = hweight64(fate.wasted);
	if (used + wasted == 0)
		return;
	if (window->kind == FAULTLINE_FORECAST_HISTORY)
		faultline_history_judge(window->descent, window->base, used, fate.wasted);
	else if (window->kind == FAULTLINE_FORECAST_RUN)
		learn(forecast, used, wasted);
	if (forecast->signal != current->signal)
		return;
	faultline_precopy_count(FAULTLINE_PRECOPY_USED, used);
	faultline_precopy_count(FAULTLINE_PRECOPY_WASTED, wasted);
}

/* A stream's last window, unless another took its place. */
static void judge_stream(struct faultline_forecast *forecast, const struct stream *stream)
{
	struct faultline_window *window = run_at(forecast, stream->base);

	if (stream->next && window->mask && window->base == stream->base)
		judge(forecast, window);
}

/* A window of up to @size pages from @address on, within its page table. */
static void lay_window(unsigned long address, const pte_t *pte, struct stream *stream,
		       unsigned int size, struct faultline_window *window)
{
	int distance, index = faultline_pte_index(pte);
	unsigned int pages = 0;

	window->mask = 0;
	window->kind = FAULTLINE_FORECAST_RUN;
	window->base = stream->stride > 0 ? address + PAGE_SIZE :
					    address - FAULTLINE_REGION_PAGES * PAGE_SIZE;
	for (; pages < size; pages++) {
		distance = ((int)pages + 1) * stream->stride;
		if (abs(distance) > FAULTLINE_REGION_PAGES ||
		    index + distance < 0 || index + distance >= PTRS_PER_PTE)
			break;
		window->mask |= distance > 0 ? BIT_ULL(distance - 1) :
					       BIT_ULL(FAULTLINE_REGION_PAGES + distance);
	}
	stream->base = window->base;
	stream->size = size;
	stream->next = address + (long)stream->stride * (pages + 1) * (long)PAGE_SIZE;
}

static bool window_of_run(struct faultline_forecast *forecast, unsigned long address,
			  const pte_t *pte, unsigned int most, struct faultline_window *window)
{
	struct stream *stream = find_stream(forecast, address);
	unsigned int size;

	if (stream) {
		judge_stream(forecast, stream);
		size = 2 * stream->size;
	} else {
		stream = &forecast->streams[forecast->clock++ % STREAMS];
		judge_stream(forecast, stream);
		stream->next = 0;
		stream->stride = stride_at(pte);
		if (!stream->stride)
			return false;
		size = run_behind(pte, stream->stride);
	}
	size = min_t(unsigned int, size,
		     forecast->accuracy < ACCURACY_GOOD ? WINDOW_DOUBTED : WINDOW_MOST);
	if (size > most) {
		faultline_precopy_count(FAULTLINE_PRECOPY_POLICY, size - most);
		size = most;
	}
	lay_window(address, pte, stream, size, window);
	/* At a table's end there may be none; the next table's is then tried at once. */
	if (window->mask)
		WRITE_ONCE(forecast->faults, 0);
	return window->mask;
}

static bool window_of_history(const struct vm_area_struct *vma, unsigned long address,
			      unsigned int most, struct faultline_window *window)
{
	window->base = round_down(address, FAULTLINE_REGION_PAGES * PAGE_SIZE);
	window->kind = FAULTLINE_FORECAST_HISTORY;
	window->descent = faultline_history_descent(vma);
	window->mask = faultline_history_predict(window->descent, address, most);
	return window->mask;
}

/**
 * faultline_forecast_run_wanted() - does a page that is being written go on with a run?
 * @mm: whose
 * @address: of the page
 * @pte: its entry
 *
 * Context: any; the page table cannot go away.
 * Return: true if so, and it is worth a try.
 */
bool faultline_forecast_run_wanted(const struct mm_struct *mm, unsigned long address,
				   const pte_t *pte)
{
	struct faultline_forecast *forecast = find(mm);
	unsigned int index;

	if (forecast && !may_look(forecast))
		return false;
	if (stride_at(pte))
		return true;
	/* A run that comes from the table next door shows only in its stream. */
	index = faultline_pte_index(pte);
	return forecast && (index < RUN_LEAST || index >= PTRS_PER_PTE - RUN_LEAST) &&
	       find_stream(forecast, address);
}

/**
 * faultline_forecast_window() - the pages that will be written next
 * @forecast: of the vma's memory
 * @kind: as faultline_forecast_wanted() said
 * @vma: as there
 * @address: as there
 * @pte: as there
 * @most: pages that there is time for
 * @window: filled in
 *
 * Context: takes the forecast's lock, or does without; the vma and its page table cannot
 * go away.
 * Return: false if there are none.
 */
bool faultline_forecast_window(struct faultline_forecast *forecast,
			       enum faultline_forecast_kind kind,
			       const struct vm_area_struct *vma, unsigned long address,
			       const pte_t *pte, unsigned int most,
			       struct faultline_window *window)
{
	bool some;

	if (kind == FAULTLINE_FORECAST_HISTORY)
		return window_of_history(vma, address, most, window);
	if (!spin_trylock(&forecast->lock))
		return false;
	some = window_of_run(forecast, address, pte, most, window);
	spin_unlock(&forecast->lock);
	return some;
}

/* Has a fork shared its pages again, or have they gone? */
static bool is_over(struct mm_struct *mm, const struct faultline_window *window)
{
	const pte_t *pte;
	unsigned long flags;
	bool over;

	local_irq_save(flags);
	pte = faultline_pte_find(mm, window->base + __ffs64(window->mask) * PAGE_SIZE);
	over = !pte || !(faultline_pte_bits(pte) & _PAGE_RW);
	local_irq_restore(flags);
	return over;
}

static bool overlap(const struct faultline_window *a, const struct faultline_window *b)
{
	return a->base < b->base + FAULTLINE_REGION_PAGES * PAGE_SIZE &&
	       b->base < a->base + FAULTLINE_REGION_PAGES * PAGE_SIZE;
}

/* What became of @old will not show any more once @window's pages have been copied. */
static void judge_over(struct faultline_forecast *forecast, struct faultline_window *old,
		       const struct faultline_window *window)
{
	if (old->mask && overlap(old, window) && is_over(forecast->mm, old))
		judge(forecast, old);
}

/**
 * faultline_forecast_begin() - these pages are about to be made private
 * @forecast: of their memory
 * @window: the pages
 *
 * Copies will not show any more what became of the pages that they replace: that is looked
 * at now.
 *
 * Context: takes the forecast's lock, or does without; the memory is in use.
 */
void faultline_forecast_begin(struct faultline_forecast *forecast,
			      const struct faultline_window *window)
{
	unsigned long base;
	int distance;

	if (!spin_trylock(&forecast->lock))
		return;
	for (distance = -1; distance <= 1; distance++) {
		base = window->base + distance * (long)(FAULTLINE_REGION_PAGES * PAGE_SIZE);
		judge_over(forecast, run_at(forecast, base), window);
		judge_over(forecast, prediction_at(forecast, base), window);
	}
	spin_unlock(&forecast->lock);
}

/* May come in parts.  Of an older one that had this place it is too early to say. */
static void keep_prediction(struct faultline_forecast *forecast,
			    const struct faultline_window *window)
{
	struct faultline_window *slot = prediction_at(forecast, window->base);

	if (slot->mask && slot->base == window->base && slot->descent == window->descent)
		slot->mask |= window->mask;
	else
		*slot = *window;
}

static void keep_run(struct faultline_forecast *forecast, const struct faultline_window *window)
{
	struct faultline_window *slot = run_at(forecast, window->base);

	if (slot->mask)
		judge(forecast, slot);
	*slot = *window;
}

/* A window ended early: its run goes on from there. */
static void cut_stream(struct faultline_forecast *forecast, unsigned long base,
		       unsigned long stopped)
{
	int i;

	for (i = 0; i < STREAMS; i++)
		if (forecast->streams[i].next && forecast->streams[i].base == base)
			forecast->streams[i].next = stopped;
}

/**
 * faultline_forecast_copied() - these pages were made private
 * @forecast: of their memory
 * @window: the pages
 * @stopped: the first page that there was no time for, where a run will go on; or 0
 *
 * Context: takes the forecast's lock, or forgets the window; the memory is in use.
 */
void faultline_forecast_copied(struct faultline_forecast *forecast,
			       const struct faultline_window *window, unsigned long stopped)
{
	if (!spin_trylock(&forecast->lock))
		return;
	if (stopped)
		cut_stream(forecast, window->base, stopped);
	if (window->mask && window->kind == FAULTLINE_FORECAST_HISTORY)
		keep_prediction(forecast, window);
	else if (window->mask)
		keep_run(forecast, window);
	spin_unlock(&forecast->lock);
}

/**
 * faultline_forecast_get() - the forecast of this memory, made if need be
 * @mm: current's
 * @gfp: how to allocate
 *
 * Context: as @gfp says; takes memories_lock.
 * Return: the forecast, which stays while the memory is in use, or NULL.
 */
struct faultline_forecast *faultline_forecast_get(struct mm_struct *mm, gfp_t gfp)
{
	struct faultline_forecast *forecast = find(mm), *other;

	if (forecast)
		return forecast;
	/* Rather no window than an OOM killer that would not have come without it. */
	forecast = kzalloc(sizeof(*forecast), gfp | __GFP_NORETRY | __GFP_NOWARN);
	if (!forecast)
		return NULL;
	forecast->mm = mm;
	forecast->signal = current->signal;
	forecast->accuracy = ACCURACY_FIRST;
	forecast->interval = INTERVAL_FIRST;
	spin_lock_init(&forecast->lock);
	raw_spin_lock(&memories_lock);
	other = find(mm);
	if (!other)
		hlist_add_head_rcu(&forecast->node, bucket_of(mm));
	raw_spin_unlock(&memories_lock);
	if (!other)
		return forecast;
	kfree(forecast);
	return other;
}

/* The last chance to see what became of these. */
static void judge_all(struct faultline_forecast *forecast, struct faultline_window *windows,
		      unsigned int number)
{
	unsigned int i;

	for (i = 0; i < number; i++)
		if (windows[i].mask)
			judge(forecast, &windows[i]);
}

/* Nobody uses its memory any more, or nobody asks any more. */
static void drop(struct faultline_forecast *forecast)
{
	raw_spin_lock(&memories_lock);
	hlist_del_rcu(&forecast->node);
	raw_spin_unlock(&memories_lock);
	/* Others may be passing by on their way through the bucket. */
	kfree_rcu(forecast, rcu);
}

/**
 * faultline_forecast_end() - a process's memory is about to go
 * @mm: whose last user has gone, but not its pages
 *
 * Called by faultline_exit_entry, with preemption on: its windows can take 100 us.
 * Context: never sleeps.
 */
void faultline_forecast_end(struct mm_struct *mm)
{
	struct faultline_forecast *forecast = find(mm);

	if (!forecast)
		return;
	judge_all(forecast, forecast->runs, RUNS);
	judge_all(forecast, forecast->predictions, PREDICTIONS);
	drop(forecast);
}

static struct faultline_function exit_function;
static struct ftrace_ops exit_ops;

/* With the guard: a forecast that outlived its memory would be taken for another's. */
static int attach_exit(void)
{
	static const char * const names[] = { "exit_mmap", NULL };
	int err;

	if (!faultline_hook_find(&exit_function, names))
		return -ENOENT;
	err = faultline_hook_guard();
	if (err)
		return err;
	err = faultline_hook_call(&exit_ops, &exit_function, faultline_exit_entry);
	if (err)
		faultline_hook_unguard();
	return err;
}

static void detach_exit(void)
{
	faultline_hook_uncall(&exit_ops, faultline_exit_entry);
	faultline_hook_unguard();
}

/**
 * faultline_forecast_create() - get ready to be asked
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; another negative errno when the end of a memory cannot be seen.
 */
int faultline_forecast_create(void)
{
	int err = faultline_history_create();

	if (err)
		return err;
	err = attach_exit();
	if (err)
		faultline_history_destroy();
	return err;
}

/**
 * faultline_forecast_destroy() - forget everything; nobody asks any more
 *
 * Context: may sleep.
 */
void faultline_forecast_destroy(void)
{
	struct faultline_forecast *forecast;
	struct hlist_node *next;
	int i;

	detach_exit();
	for (i = 0; i < ARRAY_SIZE(memories); i++)
		hlist_for_each_entry_safe(forecast, next, &memories[i], node)
			drop(forecast);
	faultline_history_destroy();
}

/**
 * faultline_forecast_exit() - give back what the hook holds; it is off for good
 *
 * Context: may sleep.
 */
void faultline_forecast_exit(void)
{
	ftrace_free_filter(&exit_ops);
}

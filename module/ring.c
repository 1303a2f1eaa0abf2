// SPDX-License-Identifier: GPL-2.0
/*
 * The ring: write, publish, and let readers map and wait.
 *
 * Process context publishes, and ring_lock orders the writers.
 * Readers take no lock: barriers (A), (B) and (C) are those of uapi/faultline.h.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "mapping.h"
#include "ring.h"

/* 10 min, 20 Hz, 8 processes. */
enum { RING_RECORDS_DEFAULT = 10 * 60 * 20 * 8 };

static_assert(sizeof(struct faultline_record) == 256);
static_assert(offsetof(struct faultline_header, head) == 128);
static_assert(sizeof(struct faultline_header) <= PAGE_SIZE);
/* The ring at offset 0 must end before the place where it begins again. */
static_assert(PAGE_SIZE + FAULTLINE_RECORDS_MAX * sizeof(struct faultline_record) <=
	      FAULTLINE_RING_OFFSET);

static unsigned int ring_records = RING_RECORDS_DEFAULT;
module_param_cb(ring_records, &faultline_records_ops, &ring_records, 0444);
MODULE_PARM_DESC(ring_records,
		 "records that the ring holds, 256 bytes each (64 to 8388608, default 96000)");

/*
 * Orders writers; held for one record at a time.  Raw, because the registry holds a raw
 * lock when it tells that nobody is left.
 */
static DEFINE_RAW_SPINLOCK(ring_lock);
static DECLARE_WAIT_QUEUE_HEAD(ring_readers);
static struct faultline_header *ring_header;
static struct faultline_record *ring_slots;
/* Slot of the next record, guarded by ring_lock: saves a division per record. */
static unsigned int ring_next_slot;
/*
 * What readers wait for: records published and runs ended.  Written under ring_lock.
 * head would not do, because a reader may have seen the last record of a run and not
 * yet that it was the last.
 */
static u64 ring_news;

static size_t ring_bytes(void)
{
	return PAGE_SIZE + PAGE_ALIGN((size_t)ring_records * sizeof(struct faultline_record));
}

/**
 * faultline_ring_create() - allocate the ring and describe it in its header
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int faultline_ring_create(void)
{
	void *memory = vmalloc_user(ring_bytes());

	if (!memory) {
		pr_err("no memory for a ring of %u records (%zu bytes)\n", ring_records,
		       ring_bytes());
		return -ENOMEM;
	}
	ring_header = memory;
	ring_slots = memory + PAGE_SIZE;
	ring_next_slot = 0;
	faultline_mapping_describe(ring_header, FAULTLINE_MAGIC, sizeof(*ring_slots), ring_records);
	return 0;
}

/**
 * faultline_ring_destroy() - free the ring
 *
 * No file may be open and no writer may be left.
 * Context: may sleep.
 */
void faultline_ring_destroy(void)
{
	vfree(ring_header);
	ring_header = NULL;
}

static void add_news(void)
{
	lockdep_assert_held(&ring_lock);
	/* Pairs with faultline_ring_news(): who sees the news sees what it is about. */
	smp_store_release(&ring_news, ring_news + 1);
}

/**
 * faultline_ring_publish() - append one record, over the oldest if the ring is full
 * @record: the record; its seq is filled in here
 *
 * Context: process context; takes ring_lock.
 */
void faultline_ring_publish(struct faultline_record *record)
{
	struct faultline_record *slot;
	u64 seq;

	raw_spin_lock(&ring_lock);
	slot = &ring_slots[ring_next_slot];
	if (++ring_next_slot == ring_records)
		ring_next_slot = 0;
	seq = ring_header->head + 1;
	WRITE_ONCE(slot->seq, 0);
	smp_wmb();	/* (A): whoever sees a new field sees that seq has changed */
	record->seq = 0;
	*slot = *record;
	smp_store_release(&slot->seq, seq);		/* (B) */
	smp_store_release(&ring_header->head, seq);	/* (C) */
	add_news();
	raw_spin_unlock(&ring_lock);
}

/**
 * faultline_ring_wake() - wake readers that wait; to be called after there is news
 *
 * Context: process context.
 */
void faultline_ring_wake(void)
{
	if (wq_has_sleeper(&ring_readers))
		wake_up_interruptible_poll(&ring_readers, EPOLLIN | EPOLLRDNORM);
}

/**
 * faultline_ring_begin_run() - the next record is the first of a new run
 *
 * Context: no process is registered, so nothing else publishes.
 */
void faultline_ring_begin_run(void)
{
	WRITE_ONCE(ring_header->run, ring_header->head + 1);
}

/**
 * faultline_ring_set_registered() - tell readers how many processes are left
 * @count: registered processes whose last record is not published yet
 *
 * Who reads the new count also sees the records published before.  That none is left
 * is news.
 */
void faultline_ring_set_registered(unsigned int count)
{
	/* Pairs with a reader's load-acquire of registered. */
	smp_store_release(&ring_header->registered, count);
	if (!count) {
		raw_spin_lock(&ring_lock);
		add_news();
		raw_spin_unlock(&ring_lock);
	}
}

/**
 * faultline_ring_set_hz() - tell readers the sampling rate
 * @hz: samples per second
 */
void faultline_ring_set_hz(unsigned int hz)
{
	WRITE_ONCE(ring_header->hz, hz);
}

/**
 * faultline_ring_set_cow_method() - tell readers how COW is counted
 * @method: text, cut at FAULTLINE_METHOD_LEN - 1 bytes
 *
 * Context: no process is registered; a reader that looks nevertheless may see
 * the old text and the new one mixed, but always finds the end of it.
 */
void faultline_ring_set_cow_method(const char *method)
{
	strscpy_pad(ring_header->cow_method, method, sizeof(ring_header->cow_method));
}

/**
 * faultline_ring_set_latency() - tell readers what is timed, and what that reads in vain
 * @latency: what is timed
 * @copy_cost_ns: an empty measurement of a copy, or 0
 * @fault_cost_ns: an empty measurement of a fault, or 0
 */
void faultline_ring_set_latency(enum faultline_latency latency, u64 copy_cost_ns,
				u64 fault_cost_ns)
{
	WRITE_ONCE(ring_header->latency, latency);
	WRITE_ONCE(ring_header->copy_cost_ns, copy_cost_ns);
	WRITE_ONCE(ring_header->fault_cost_ns, fault_cost_ns);
}

/**
 * faultline_ring_count_tick() - one more sampling tick has run
 *
 * Context: the sampler's work only.
 */
void faultline_ring_count_tick(void)
{
	WRITE_ONCE(ring_header->ticks, ring_header->ticks + 1);
}

/**
 * faultline_ring_count_missed() - ticks came late, or while one was still at work
 * @ticks: how many
 *
 * Context: the sampler's timer only.
 */
void faultline_ring_count_missed(u64 ticks)
{
	WRITE_ONCE(ring_header->ticks_missed, ring_header->ticks_missed + ticks);
}

/**
 * faultline_ring_header() - the header, to read from
 *
 * Return: the header as readers see it; never NULL between create and destroy.
 */
const struct faultline_header *faultline_ring_header(void)
{
	return ring_header;
}

/**
 * faultline_ring_map() - map the ring read-only into a process
 * @vma: from mmap
 *
 * Context: mmap_lock of the caller held for writing.
 * Return: as faultline_mapping_make().
 */
int faultline_ring_map(struct vm_area_struct *vma)
{
	return faultline_mapping_make(vma, ring_header, ring_bytes());
}

/**
 * faultline_ring_news() - what a reader waits for
 *
 * Return: a number that grows with each record and with each end of a run.
 */
u64 faultline_ring_news(void)
{
	return smp_load_acquire(&ring_news);	/* pairs with add_news() */
}

/**
 * faultline_ring_wait() - sleep until there is news
 * @seen: faultline_ring_news() as the caller knows it
 *
 * Context: may sleep.
 * Return: 0, or -ERESTARTSYS after a signal.
 */
int faultline_ring_wait(u64 seen)
{
	return wait_event_interruptible(ring_readers, faultline_ring_news() != seen);
}

/**
 * faultline_ring_poll() - have a poller woken when there is news
 * @file: the open file that polls
 * @wait: poll table
 *
 * Look at faultline_ring_news() afterwards.
 * Context: may sleep.
 */
void faultline_ring_poll(struct file *file, struct poll_table_struct *wait)
{
	poll_wait(file, &ring_readers, wait);
}

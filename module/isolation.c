// SPDX-License-Identifier: GPL-2.0
/*
 * A proof, on this very kernel, that a page which was copied ahead is its owner's alone.
 *
 * In the memory of the process that loads the module some pages are mapped and written, and
 * then shared as fork() shares them: read-only, no longer exclusive, and with another user,
 * who is us.  Some of them are copied ahead as a window would be.  Then those must be other
 * pages, writable, with the same content, and what is written to them must not reach ours;
 * the others must be as they were.
 *
 * Nothing is patched for this, so that a kernel for which it fails has not been changed.
 */

#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "in_place.h"
#include "isolation.h"
#include "page_table.h"

enum {
	/* The kernel may be at these pages for reasons of its own. */
	TRIES	= 3,
	PAGES	= 16,
	/* Of these, those that are copied ahead. */
	FIRST	= 4,
	LAST	= 11,
};

/**
 * struct exhibit - the memory that the proof is made with
 * @start: address of its first page
 * @pages: what is mapped there at first, referenced
 * @pte: entry of the first page
 */
struct exhibit {
	unsigned long start;
	struct page *pages[PAGES];
	pte_t *pte;
};

static bool is_copied(int page)
{
	return page >= FIRST && page <= LAST;
}

static u64 old_word(int page)
{
	return 0x0123456789abcdefULL * (page + 1);
}

static u64 new_word(int page)
{
	return ~old_word(page);
}

/* Where in a page the words are: at both ends and in the middle. */
static const unsigned int places[] = { 0, PAGE_SIZE / 2, PAGE_SIZE - sizeof(u64) };

static u64 __user *user_place(const struct exhibit *exhibit, int page, int place)
{
	return (u64 __user *)(exhibit->start + page * PAGE_SIZE + places[place]);
}

static const char *write_words(const struct exhibit *exhibit, int page, u64 word)
{
	int place;

	for (place = 0; place < ARRAY_SIZE(places); place++)
		if (put_user(word, user_place(exhibit, page, place)))
			return "self-test: its memory cannot be written";
	return NULL;
}

static bool user_has(const struct exhibit *exhibit, int page, u64 word)
{
	u64 found;
	int place;

	for (place = 0; place < ARRAY_SIZE(places); place++)
		if (get_user(found, user_place(exhibit, page, place)) || found != word)
			return false;
	return true;
}

static bool kept_has(const struct exhibit *exhibit, int page, u64 word)
{
	const char *kept = kmap_local_page(exhibit->pages[page]);
	bool has = true;
	int place;

	for (place = 0; place < ARRAY_SIZE(places); place++)
		has = has && *(const u64 *)(kept + places[place]) == word;
	kunmap_local(kept);
	return has;
}

/*
 * As fork() does, but for the child.  No TLB is flushed: the pages that are copied will be
 * by that, and the others are only read from now on.  Needs the memory's lock.
 */
static bool share(const struct exhibit *exhibit, pmd_t *pmd)
{
	spinlock_t *lock = pte_lockptr(current->mm, pmd);
	bool shared = true;
	int page;

	faultline_pte_lock(lock);
	for (page = 0; page < PAGES && shared; page++) {
		pte_t *pte = exhibit->pte + page;

		shared = pte_present(*pte) && pte_page(*pte) == exhibit->pages[page] &&
			 PageAnon(exhibit->pages[page]) &&
			 !faultline_share_page(exhibit->pages[page]);
		if (shared)
			ptep_set_wrprotect(current->mm, exhibit->start + page * PAGE_SIZE, pte);
	}
	faultline_pte_unlock(lock);
	return shared;
}

static const char *check_entries(const struct exhibit *exhibit)
{
	int page;

	for (page = 0; page < PAGES; page++) {
		pte_t entry = READ_ONCE(exhibit->pte[page]);
		bool same = pte_present(entry) && pte_page(entry) == exhibit->pages[page];

		if (!pte_present(entry) || is_copied(page) == same)
			return is_copied(page) ? "self-test: a page was not copied" :
						 "self-test: another page was copied";
		if (!!pte_write(entry) != is_copied(page))
			return "self-test: an entry has the wrong rights";
	}
	return NULL;
}

/* Share the pages and copy some.  Needs the memory's lock. */
static const char *copy_some(struct exhibit *exhibit, unsigned long body)
{
	struct mm_struct *mm = current->mm;
	struct faultline_precopy_fault fault = {
		.vma = vma_lookup(mm, exhibit->start),
		.address = exhibit->start,
		.flags = FAULT_FLAG_WRITE,
		.body = body,
		.known = 1,
	};
	int page;

	if (!fault.vma || !fault.vma->anon_vma)
		return "self-test: its memory went away";
	fault.pud = pud_offset(p4d_offset(pgd_offset(mm, exhibit->start), exhibit->start),
			       exhibit->start);
	fault.pmd = pmd_offset(fault.pud, exhibit->start);
	exhibit->pte = faultline_pte_find(mm, exhibit->start);
	fault.pte = exhibit->pte;
	if (!exhibit->pte || !share(exhibit, fault.pmd))
		return "self-test: its memory cannot be shared";
	for (page = FIRST; page <= LAST; page++)
		if (faultline_in_place_copy(&fault, exhibit->start + page * PAGE_SIZE) !=
		    FAULTLINE_PRECOPY_COPIED)
			return "self-test: a page was refused";
	return check_entries(exhibit);
}

static const char *check_contents(const struct exhibit *exhibit)
{
	const char *refused;
	int page;

	for (page = 0; page < PAGES; page++)
		if (!user_has(exhibit, page, old_word(page)))
			return "self-test: a copy has another content";
	for (page = FIRST; page <= LAST; page++) {
		refused = write_words(exhibit, page, new_word(page));
		if (refused)
			return refused;
	}
	for (page = 0; page < PAGES; page++) {
		if (!user_has(exhibit, page, is_copied(page) ? new_word(page) : old_word(page)))
			return "self-test: a write went astray";
		if (!kept_has(exhibit, page, old_word(page)))
			return "self-test: a write reached the other side";
	}
	return NULL;
}

static const char *test_exhibit(struct exhibit *exhibit, unsigned long body)
{
	const char *refused = NULL;
	int page, got;

	for (page = 0; page < PAGES && !refused; page++)
		refused = write_words(exhibit, page, old_word(page));
	if (refused)
		return refused;
	got = get_user_pages_fast(exhibit->start, PAGES, FOLL_WRITE, exhibit->pages);
	if (got == PAGES) {
		mmap_read_lock(current->mm);
		refused = copy_some(exhibit, body);
		mmap_read_unlock(current->mm);
		refused = refused ?: check_contents(exhibit);
	} else {
		refused = "self-test: its memory cannot be held";
	}
	for (page = 0; page < got; page++)
		put_page(exhibit->pages[page]);
	return refused;
}

static const char *test_once(unsigned long body)
{
	const unsigned long size = 2 * PAGES * PAGE_SIZE;
	struct exhibit exhibit;
	const char *refused;
	unsigned long start;

	start = vm_mmap(NULL, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, 0);
	if (IS_ERR_VALUE(start))
		return "self-test: no memory";
	/* Aligned, so that one page table has it all. */
	exhibit.start = round_up(start, PAGES * PAGE_SIZE);
	refused = test_exhibit(&exhibit, body);
	vm_munmap(start, size);
	return refused;
}

/**
 * faultline_isolation_test() - is a page of faultline_in_place_copy() its owner's alone?
 * @body: where do_wp_page() begins
 *
 * Context: process context with memory, as in the init of a module; may sleep.
 * Return: NULL if so, or what is wrong.
 */
const char *faultline_isolation_test(unsigned long body)
{
	const char *refused = "self-test: the module was not loaded by a process";
	int tries;

	for (tries = 0; current->mm && refused && tries < TRIES; tries++)
		refused = test_once(body);
	return refused;
}

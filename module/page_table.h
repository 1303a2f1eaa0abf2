/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the page table tells of who wrote what.
 *
 * fork() leaves anonymous pages read-only; a write makes an entry writable, and the
 * processor sets its accessed bit.  So writable and accessed means: written since the fork.
 * Pre-copy makes entries writable ahead of time and clears their accessed bit, which the
 * processor sets again at the first use.
 */
#ifndef _FAULTLINE_PAGE_TABLE_H
#define _FAULTLINE_PAGE_TABLE_H

#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/pgtable.h>

#include "compat.h"

enum {
	/* A region: the pages that one word has a bit for. */
	FAULTLINE_REGION_PAGES	= 64,
	FAULTLINE_REGION_SHIFT	= PAGE_SHIFT + 6,
	/* How far a run's pages may be apart; see faultline_pte_alone(). */
	FAULTLINE_PTE_NEAR	= 4,
};

/**
 * faultline_pte_bits() - an entry's bits, straight from memory
 * @pte: points into a table; may change under the caller
 *
 * Not by pte_val(), which costs a call that is patched away, and its registers, each time:
 * of the bits looked at here a hypervisor changes none.
 *
 * Return: the bits.
 */
static __always_inline pteval_t faultline_pte_bits(const pte_t *pte)
{
	return READ_ONCE(pte->pte);
}

/**
 * faultline_pte_index() - place of an entry in its table
 * @pte: points into a table
 *
 * Return: 0 to PTRS_PER_PTE - 1.
 */
static __always_inline unsigned int faultline_pte_index(const pte_t *pte)
{
	return ((unsigned long)pte & ~PAGE_MASK) / sizeof(*pte);
}

/**
 * faultline_pte_written() - was this page written since the last fork?
 * @pte: its entry; may change under the caller
 *
 * Return: true if so, or if it was never shared.
 */
static __always_inline bool faultline_pte_written(const pte_t *pte)
{
	const pteval_t bits = _PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED;

	return (faultline_pte_bits(pte) & bits) == bits;
}

/**
 * faultline_pte_alone() - is no page near this one writable?
 * @pte: its entry
 *
 * Only the nearest FAULTLINE_PTE_NEAR on either side are looked at, in few instructions.
 *
 * Return: true if so; false also where the table ends too near to tell.
 */
static __always_inline bool faultline_pte_alone(const pte_t *pte)
{
	pteval_t any;

	if (faultline_pte_index(pte) - FAULTLINE_PTE_NEAR >= PTRS_PER_PTE - 2 * FAULTLINE_PTE_NEAR)
		return false;
	any = faultline_pte_bits(pte - 4) | faultline_pte_bits(pte - 3) |
	      faultline_pte_bits(pte - 2) | faultline_pte_bits(pte - 1) |
	      faultline_pte_bits(pte + 1) | faultline_pte_bits(pte + 2) |
	      faultline_pte_bits(pte + 3) | faultline_pte_bits(pte + 4);
	return !(any & _PAGE_RW);
}

/**
 * faultline_pte_shared() - would a write to this page break a share that fork() left?
 * @pte: the entry as read
 *
 * Not: holes, swapped pages, the zero page, pages of files, of KSM, of this process alone,
 * and what userfaultfd watches.
 *
 * Context: the memory's lock is held, for reading at least.
 * Return: true if so.
 */
static __always_inline bool faultline_pte_shared(pte_t pte)
{
	const pteval_t bits = _PAGE_PRESENT | _PAGE_RW | _PAGE_SPECIAL | _PAGE_PROTNONE;
	const struct page *page;
	unsigned long mapping;

	if ((pte_val(pte) & bits) != _PAGE_PRESENT || pte_uffd(pte))
		return false;
	page = pfn_to_page(pte_pfn(pte));
	/* Anonymous, and not KSM's: both at once. */
	mapping = (unsigned long)READ_ONCE(page_folio(page)->mapping);
	return (mapping & FOLIO_MAPPING_FLAGS) == FOLIO_MAPPING_ANON &&
	       !test_bit(PG_anon_exclusive, faultline_page_flags(page));
}

/**
 * faultline_pte_held() - has somebody a page whom no page table shows?
 * @pte: its entry, which faultline_pte_shared() held for
 * @known: references that the caller holds himself
 * @free: a large folio that was found to be nobody's, or NULL; updated
 *
 * A device may be writing into it, for a read(2) with O_DIRECT that took a reference and
 * not a pin.  Its data must arrive in the page that the process will look into: as long as
 * it does not write there itself, that is this one.  Nobody gets at a shared page for
 * writing without making it his own first: so who is not there now will not come, and
 * the many pages of a large folio need but one look.
 *
 * Context: the page table is locked.
 * Return: true if so, or if that cannot be told.
 */
static __always_inline bool faultline_pte_held(pte_t pte, int known, struct folio **free)
{
	struct folio *folio = page_folio(pfn_to_page(pte_pfn(pte)));
	int others;

	if (folio == *free)
		return false;
	others = folio_ref_count(folio) - faultline_folio_mapcount(folio) - known;
	if (unlikely(others > 0)) {
		/* On its way to the LRU lists, or off them, the kernel holds one itself. */
		others -= !folio_test_lru(folio);
		if (folio_test_swapcache(folio))
			others -= folio_nr_pages(folio);
		if (others > 0)
			return true;
	}
	if (folio_test_large(folio))
		*free = folio;
	return false;
}

/**
 * faultline_pte_clear_accessed() - so that a use of the page will show
 * @pte: its entry; left alone if it changes meanwhile
 * @old: the entry as it was just read: present and writable
 *
 * Context: any; the table cannot go away.
 */
static __always_inline void faultline_pte_clear_accessed(pte_t *pte, pte_t old)
{
	if (pte_young(old))
		/* Both as they are in memory: pte_val() would be what a hypervisor translates. */
		(void)try_cmpxchg(&pte->pte, &old.pte, pte_mkold(old).pte);
}

/**
 * faultline_pte_find() - the entry of an address
 * @mm: whose
 * @address: any
 *
 * Context: interrupts are off, as in get_user_pages_fast(): that keeps tables which are
 * being unmapped from being freed; or nobody else uses the memory any more.
 * Return: the entry, or NULL where there is no table of entries.
 */
static inline pte_t *faultline_pte_find(struct mm_struct *mm, unsigned long address)
{
	pgd_t *pgds = pgd_offset(mm, address), pgd = READ_ONCE(*pgds);
	p4d_t *p4ds, p4d;
	pud_t *puds, pud;
	pmd_t *pmds, pmd;

	/* Each level is read once, as it may be cleared at any time. */
	if (pgd_none(pgd) || pgd_bad(pgd))
		return NULL;
	p4ds = p4d_offset_lockless(pgds, pgd, address);
	p4d = READ_ONCE(*p4ds);
	if (p4d_none(p4d) || p4d_bad(p4d))
		return NULL;
	puds = pud_offset_lockless(p4ds, p4d, address);
	pud = READ_ONCE(*puds);
	if (pud_none(pud) || pud_bad(pud))
		return NULL;
	pmds = pmd_offset_lockless(puds, pud, address);
	pmd = READ_ONCE(*pmds);
	if (!pmd_present(pmd) || pmd_trans_huge(pmd) || pmd_bad(pmd))
		return NULL;
	return pte_offset_kernel(&pmd, address);
}

#endif /* _FAULTLINE_PAGE_TABLE_H */

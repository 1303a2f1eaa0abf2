// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "huge.h"

static bool number_regions(struct huge *huge, const struct page_ids *pages, uint32_t size)
{
	uint32_t *regions = huge->region + size * huge->pages;
	struct page region;

	for (uint64_t i = 0; i < pages->count; i++) {
		region = pages->pages[i];
		region.number >>= huge->sizes.shift[size];
		region.number |= (uint64_t)size << HUGE_SIZE_BIT;
		regions[i] = page_ids_of(&huge->regions, region);
		if (regions[i] == PAGE_NONE)
			return false;
	}
	return true;
}

static bool number_all(struct huge *huge, const struct page_ids *pages)
{
	bool good = page_ids_init(&huge->regions);

	for (uint32_t size = 0; good && size < huge->sizes.count; size++)
		good = number_regions(huge, pages, size);
	return good;
}

/* Counts those of each region, and puts each behind those before it. */
static void sort_members(struct huge *huge)
{
	uint64_t all = huge->sizes.count * huge->pages;
	uint32_t region;

	for (uint64_t i = 0; i < all; i++)
		huge->first[huge->region[i] + 1]++;
	for (uint64_t i = 0; i < huge->regions.count; i++)
		huge->first[i + 1] += huge->first[i];
	for (uint64_t i = 0; i < all; i++) {
		region = huge->region[i];
		huge->members[huge->first[region] + huge->mapped[region]++] =
			(uint32_t)(i % huge->pages);
	}
	for (uint64_t i = 0; i < huge->regions.count; i++)
		huge->mapped[i] = 0;
}

bool huge_init(struct huge *huge, const struct page_ids *pages, const struct huge_sizes *sizes)
{
	uint64_t all = sizes->count * pages->count;

	*huge = (struct huge){ .sizes = *sizes, .pages = pages->count };
	huge->region = malloc(all * sizeof(*huge->region));
	if (!huge->region || !number_all(huge, pages))
		return false;
	huge->mapped = calloc(huge->regions.count, sizeof(*huge->mapped));
	huge->first = calloc(huge->regions.count + 1, sizeof(*huge->first));
	huge->members = malloc(all * sizeof(*huge->members));
	if (!huge->mapped || !huge->first || !huge->members)
		return false;
	sort_members(huge);
	return true;
}

bool huge_add(struct huge *huge, uint32_t region)
{
	return ++huge->mapped[region] == 1U << huge_shift(huge, region);
}

bool huge_remove(struct huge *huge, uint32_t region)
{
	return huge->mapped[region]-- == 1U << huge_shift(huge, region);
}

void huge_free(struct huge *huge)
{
	page_ids_free(&huge->regions);
	free(huge->region);
	free(huge->mapped);
	free(huge->first);
	free(huge->members);
}

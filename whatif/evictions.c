// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "evictions.h"

void evictions_grow(struct evictions *evictions)
{
	uint64_t room = evictions->room ? 2 * evictions->room : 4096;
	struct eviction *all = realloc(evictions->all, room * sizeof(*all));

	if (!all) {
		evictions->failed = true;
		return;
	}
	evictions->all = all;
	evictions->room = room;
}

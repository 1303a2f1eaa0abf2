// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>

#include "mappings.h"

bool mappings_add(struct mappings *mappings, const struct event *mapping)
{
	uint32_t room = mappings->room ? 2 * mappings->room : 16;
	struct event *all;

	if (mappings->count == mappings->room) {
		all = realloc(mappings->all, room * sizeof(*all));
		if (!all)
			return false;
		mappings->all = all;
		mappings->room = room;
	}
	mappings->all[mappings->count++] = *mapping;
	return true;
}

bool mappings_copy(struct mappings *mappings, const struct mappings *parent)
{
	bool good = true;

	mappings->count = 0;
	for (uint32_t i = 0; good && i < parent->count; i++)
		good = mappings_add(mappings, &parent->all[i]);
	return good;
}

const struct event *mappings_find(const struct mappings *mappings, uint64_t address)
{
	const struct event *mapping;

	for (uint32_t i = mappings->count; i--;) {
		mapping = &mappings->all[i];
		if (address >= mapping->address && address - mapping->address < mapping->bytes)
			return mapping;
	}
	return NULL;
}

void mappings_clear(struct mappings *mappings)
{
	free(mappings->all);
	*mappings = (struct mappings){ 0 };
}

// SPDX-License-Identifier: GPL-2.0
/*
 * libCacheSim's oracleGeneral: records of 24 bytes, little-endian and packed, of a time, an
 * object, its size and its next use.  Each object is a page here, whatever its size; the
 * next use is worked out anew.
 */
#include <endian.h>
#include <string.h>

#include "source.h"

enum {
	RECORD_BYTES	= 24,
	OBJECT_AT	= 4,
};

static bool next(struct source *source, struct access *access)
{
	const char *record = source_bytes(source, RECORD_BYTES);
	uint64_t object;

	if (!record)
		return false;
	memcpy(&object, record + OBJECT_AT, sizeof(object));
	*access = (struct access){ .address = le64toh(object), .bytes = 1, .count = 1 };
	return true;
}

/* Nothing in such a file says what it is. */
const struct source_format source_oracle_general = {
	.name = "oracleGeneral",
	.objects = true,
	.next = next,
};

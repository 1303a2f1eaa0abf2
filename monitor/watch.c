// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>

#include "columns.h"
#include "processes.h"
#include "watch.h"

/**
 * struct member - one registration
 * @id: its number
 * @last: its last record; NULL before the first, and once it has ended
 * @ended: it has; its children may have yet to be seen
 */
struct member {
	uint64_t id;
	struct faultline_record *last;
	bool ended;
};

static int compare_ids(const void *a, const void *b)
{
	const struct member *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static struct member *find(const struct watch *watch, uint64_t id)
{
	struct member key = { .id = id }, **found;

	found = tfind(&key, &watch->members, compare_ids);
	return found ? *found : NULL;
}

bool watch_root(struct watch *watch, uint64_t id)
{
	struct member *member = calloc(1, sizeof(*member));

	if (!member)
		return false;
	member->id = id;
	if (!watch->members)
		watch->counts.flags = UINT32_MAX;
	if (!tsearch(member, &watch->members, compare_ids)) {
		free(member);
		return false;
	}
	watch->open++;
	return true;
}

/* The member that a record is of, new if its parent is one; or NULL. */
static struct member *member_of(struct watch *watch, const struct faultline_record *record)
{
	struct member *member = find(watch, record->id);

	if (!member && record->parent_id && find(watch, record->parent_id) &&
	    watch_root(watch, record->id))
		member = find(watch, record->id);
	return member;
}

static void end(struct watch *watch, struct member *member)
{
	columns_add(&watch->counts, member->last);
	watch->rss_bytes -= member->last->rss_bytes;
	watch->open--;
	member->ended = true;
	free(member->last);
	member->last = NULL;
}

bool watch_record(struct watch *watch, const struct faultline_record *record)
{
	struct member *member = member_of(watch, record);

	if (!member || member->ended)
		return false;
	if (!member->last) {
		member->last = calloc(1, sizeof(*member->last));
		if (!member->last)
			return false;
		watch->seen++;
	}
	watch->rss_bytes += record->rss_bytes - member->last->rss_bytes;
	if (watch->rss_bytes > watch->peak_rss_bytes)
		watch->peak_rss_bytes = watch->rss_bytes;
	*member->last = *record;
	if (processes_ended(record))
		end(watch, member);
	return true;
}

bool watch_ended(const struct watch *watch, uint64_t id)
{
	const struct member *member = find(watch, id);

	return !member || member->ended;
}

static void write_kinds(const struct faultline_record *counts, FILE *file)
{
	static const char * const names[] = {
		[FAULTLINE_ANON] = "anonymous", [FAULTLINE_ZERO] = "zero page",
		[FAULTLINE_FILE] = "file", [FAULTLINE_FILE_FIRST] = "file at first touch",
		[FAULTLINE_KSM] = "KSM", [FAULTLINE_HUGETLB] = "hugetlb",
		[FAULTLINE_REMOTE] = "by others",
	};

	for (int kind = 0; kind < FAULTLINE_KINDS; kind++)
		if (counts->cow_kinds[kind])
			fprintf(file, "%14" PRIu64 "    %s\n", (uint64_t)counts->cow_kinds[kind],
				names[kind]);
}

static void write_cow(const struct watch *watch, FILE *file)
{
	const struct faultline_record *counts = &watch->counts;

	if (!(counts->flags & FAULTLINE_COW)) {
		fprintf(file, "%14s  pages copied on write\n", "n/a");
		return;
	}
	fprintf(file, "%14" PRIu64 "  pages copied on write\n", (uint64_t)counts->cow_faults);
	write_kinds(counts, file);
	if (counts->flags & FAULTLINE_COPY_TIMES && counts->copies_timed)
		fprintf(file, "%14" PRIu64 "  ns a copy, mean of %" PRIu64 " timed, %" PRIu64
			" missed\n", (uint64_t)(counts->copy_ns / counts->copies_timed),
			(uint64_t)counts->copies_timed, (uint64_t)counts->copies_missed);
}

/* Who has not ended counts up to the last sample. */
static void add_open(const void *node, VISIT visit, void *counts)
{
	const struct member *member = *(const struct member * const *)node;

	if ((visit == postorder || visit == leaf) && member->last)
		columns_add(counts, member->last);
}

void watch_summary(const struct watch *watch, FILE *file, uint64_t elapsed_ns, uint64_t lost)
{
	struct watch all = *watch;

	twalk_r(watch->members, add_open, &all.counts);
	fprintf(file, "\n%14.3f  s elapsed\n", (double)elapsed_ns / 1e9);
	fprintf(file, "%14.3f  s user\n", (double)all.counts.user_ns / 1e9);
	fprintf(file, "%14.3f  s system\n", (double)all.counts.system_ns / 1e9);
	fprintf(file, "%14" PRIu64 "  minor faults\n", (uint64_t)all.counts.minor_faults);
	fprintf(file, "%14" PRIu64 "  major faults\n", (uint64_t)all.counts.major_faults);
	write_cow(&all, file);
	if (all.counts.precopied)
		fprintf(file, "%14" PRIu64 "  pages pre-copied: %" PRIu64 " used, %" PRIu64
			" wasted\n", (uint64_t)all.counts.precopied,
			(uint64_t)all.counts.precopy_used, (uint64_t)all.counts.precopy_wasted);
	if (all.peak_rss_bytes)
		fprintf(file, "%14.1f  MB resident, at most in a sample\n",
			(double)all.peak_rss_bytes / (1 << 20));
	if (all.seen > 1)
		fprintf(file, "%14zu  processes\n", all.seen);
	if (all.open)
		fprintf(file, "%14zu  still running: counted up to their last sample\n", all.open);
	if (lost)
		fprintf(file, "%14" PRIu64 "  records lost: processes may be missing\n", lost);
}

static void free_member(void *node)
{
	struct member *member = node;

	free(member->last);
	free(member);
}

void watch_free(struct watch *watch)
{
	tdestroy(watch->members, free_member);
	*watch = (struct watch){};
}

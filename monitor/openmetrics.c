// SPDX-License-Identifier: GPL-2.0
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "openmetrics.h"

enum { NS_PER_S = 1000000000 };

/* For two arguments: ns / NS_PER_S, ns % NS_PER_S. */
#define SECONDS	"%" PRIu64 ".%09" PRIu64

static_assert(FAULTLINE_KINDS == 7, "render_counters() has a line for each");

/* Types of metrics, and what the names of their samples end in. */
enum type { COUNTER, GAUGE, HISTOGRAM, INFO };

static const struct {
	const char *name, *suffix;
	/* In the classic dialect, whose families are called as their samples are. */
	const char *classic_name, *classic_suffix;
} types[] = {
	[COUNTER]	= { "counter", "", "counter", "_total" },
	[GAUGE]		= { "gauge", "", "gauge", "" },
	[HISTOGRAM]	= { "histogram", "", "histogram", "" },
	[INFO]		= { "info", "", "gauge", "_info" },
};

/**
 * struct page - text that is being rendered
 * @file: in memory
 * @dialect: which
 * @metrics: what of
 * @labels: of each group, from groupname=" to the quote that ends it
 * @count: groups
 */
struct page {
	FILE *file;
	enum openmetrics_dialect dialect;
	const struct openmetrics *metrics;
	char (*labels)[2 * GROUP_NAME_BYTES + 16];
	unsigned int count;
};

static void family(struct page *page, const char *name, enum type type, const char *unit,
		   const char *help)
{
	bool classic = page->dialect == OPENMETRICS_CLASSIC;
	const char *suffix = classic ? types[type].classic_suffix : types[type].suffix;

	fprintf(page->file, "# HELP faultline_%s%s %s\n# TYPE faultline_%s%s %s\n", name, suffix,
		help, name, suffix, classic ? types[type].classic_name : types[type].name);
	if (unit && !classic)
		fprintf(page->file, "# UNIT faultline_%s %s\n", name, unit);
}

/* Quotes and backslashes of a label's value, and its newlines, have a backslash before them. */
static void make_label(const char *name, char *label)
{
	label = stpcpy(label, "groupname=\"");
	for (; *name; name++) {
		if (*name == '\n') {
			label = stpcpy(label, "\\n");
			continue;
		}
		if (*name == '"' || *name == '\\')
			*label++ = '\\';
		*label++ = *name;
	}
	strcpy(label, "\"");
}

static bool make_labels(struct page *page)
{
	const struct group *group;

	page->labels = calloc(page->metrics->groups->count + 1, sizeof(*page->labels));
	if (!page->labels)
		return false;
	for (; (group = groups_at(page->metrics->groups, page->count)); page->count++)
		make_label(group->name, page->labels[page->count]);
	return true;
}

/* A sample per group: those of the groups that do not know it are left out. */
static void counter(struct page *page, const char *name, enum group_counter counter,
		    const char *label)
{
	const struct group *group;

	for (unsigned int i = 0; i < page->count; i++) {
		group = groups_at(page->metrics->groups, i);
		if (group_knows(group, counter))
			fprintf(page->file, "faultline_%s_total{%s%s} %" PRIu64 "\n", name,
				page->labels[i], label, group->counters[counter]);
	}
}

static void seconds(struct page *page, const char *name, enum group_counter counter,
		    const char *label)
{
	uint64_t ns;

	for (unsigned int i = 0; i < page->count; i++) {
		ns = groups_at(page->metrics->groups, i)->counters[counter];
		fprintf(page->file, "faultline_%s_total{%s%s} " SECONDS "\n", name,
			page->labels[i], label, ns / NS_PER_S, ns % NS_PER_S);
	}
}

static void render_faults(struct page *page)
{
	static const char * const kinds[FAULTLINE_KINDS] = {
		[FAULTLINE_ANON]	= ",kind=\"anon\"",
		[FAULTLINE_ZERO]	= ",kind=\"zero\"",
		[FAULTLINE_FILE]	= ",kind=\"file\"",
		[FAULTLINE_FILE_FIRST]	= ",kind=\"file_first\"",
		[FAULTLINE_KSM]		= ",kind=\"ksm\"",
		[FAULTLINE_HUGETLB]	= ",kind=\"hugetlb\"",
		[FAULTLINE_REMOTE]	= ",kind=\"remote\"",
	};

	family(page, "minor_faults", COUNTER, NULL, "Page faults served without I/O.");
	counter(page, "minor_faults", GROUP_MINOR, "");
	family(page, "major_faults", COUNTER, NULL, "Page faults that waited for I/O.");
	counter(page, "major_faults", GROUP_MAJOR, "");
	family(page, "cow_faults", COUNTER, NULL, "Pages copied on a write to a shared page.");
	counter(page, "cow_faults", GROUP_COW, "");
	family(page, "cow_pages", COUNTER, NULL, "The same by kind of page.");
	for (int kind = 0; kind < FAULTLINE_KINDS; kind++)
		counter(page, "cow_pages", GROUP_COW_KIND + kind, kinds[kind]);
	family(page, "cpu_seconds", COUNTER, "seconds", "CPU time.");
	seconds(page, "cpu_seconds", GROUP_USER_NS, ",mode=\"user\"");
	seconds(page, "cpu_seconds", GROUP_SYSTEM_NS, ",mode=\"system\"");
}

static void render_precopy(struct page *page)
{
	family(page, "precopied_pages", COUNTER, NULL, "Pages copied ahead of their writes.");
	counter(page, "precopied_pages", GROUP_PRECOPIED, "");
	family(page, "precopy_used_pages", COUNTER, NULL, "Of these, those found used.");
	counter(page, "precopy_used_pages", GROUP_PRECOPY_USED, "");
	family(page, "precopy_wasted_pages", COUNTER, NULL, "Of these, those found unused.");
	counter(page, "precopy_wasted_pages", GROUP_PRECOPY_WASTED, "");
	family(page, "precopy_refused_pages", COUNTER, NULL,
	       "Pages that were to be copied ahead and were not.");
	counter(page, "precopy_refused_pages", GROUP_PRECOPY_REFUSED, "");
}

static void render_present(struct page *page)
{
	const struct groups *groups = page->metrics->groups;

	family(page, "processes", GAUGE, NULL, "Registered processes that are there now.");
	for (unsigned int i = 0; i < page->count; i++)
		fprintf(page->file, "faultline_processes{%s} %" PRIu32 "\n", page->labels[i],
			groups_at(groups, i)->processes);
	family(page, "resident_bytes", GAUGE, "bytes", "Their resident memory.");
	for (unsigned int i = 0; i < page->count; i++)
		fprintf(page->file, "faultline_resident_bytes{%s} %" PRIu64 "\n", page->labels[i],
			groups_at(groups, i)->rss_bytes);
	family(page, "swap_bytes", GAUGE, "bytes", "Their anonymous memory that is swapped out.");
	for (unsigned int i = 0; i < page->count; i++)
		fprintf(page->file, "faultline_swap_bytes{%s} %" PRIu64 "\n", page->labels[i],
			groups_at(groups, i)->swap_bytes);
}

static void render_times(struct page *page, enum histogram_measure measure, const char *name,
			 const char *help)
{
	const struct durations *times = &page->metrics->times[measure];
	uint64_t below = 0;

	if (!times->known)
		return;
	family(page, name, HISTOGRAM, "seconds", help);
	for (int i = 0; i < DURATIONS_BUCKETS - 1; i++) {
		below += times->buckets[i];
		fprintf(page->file, "faultline_%s_bucket{le=\"" SECONDS "\"} %" PRIu64 "\n", name,
			durations_bucket_ns[i] / NS_PER_S, durations_bucket_ns[i] % NS_PER_S,
			below);
	}
	fprintf(page->file, "faultline_%s_bucket{le=\"+Inf\"} %" PRIu64 "\n", name, times->count);
	fprintf(page->file, "faultline_%s_sum " SECONDS "\n", name,
		times->sum_ns / NS_PER_S, times->sum_ns % NS_PER_S);
	fprintf(page->file, "faultline_%s_count %" PRIu64 "\n", name, times->count);
}

static void render_itself(struct page *page)
{
	const struct openmetrics *metrics = page->metrics;

	family(page, "folded_processes", COUNTER, NULL,
	       "Processes counted under " GROUPS_OTHERS " for want of room for their names.");
	fprintf(page->file, "faultline_folded_processes_total %" PRIu64 "\n",
		metrics->groups->folded);
	family(page, "samples_lost", COUNTER, NULL, "Samples overwritten before they were read.");
	fprintf(page->file, "faultline_samples_lost_total %" PRIu64 "\n", metrics->lost);
	family(page, "ticks_missed", COUNTER, NULL, "Sampling ticks that the module missed.");
	fprintf(page->file, "faultline_ticks_missed_total %" PRIu64 "\n", metrics->ticks_missed);
	family(page, "build", INFO, NULL, "What renders this.");
	fprintf(page->file, "faultline_build_info{version=\"%s\"} 1\n", VERSION);
}

static void render(struct page *page)
{
	render_faults(page);
	render_precopy(page);
	render_present(page);
	render_times(page, HISTOGRAM_COPY, "cow_copy_seconds",
		     "What copying a page took, all processes since the module was loaded.");
	render_times(page, HISTOGRAM_FAULT, "cow_fault_seconds",
		     "What copy-on-write faults took as a whole, likewise.");
	render_itself(page);
	if (page->dialect == OPENMETRICS_1_0)
		fputs("# EOF\n", page->file);
}

char *openmetrics_render(const struct openmetrics *metrics, enum openmetrics_dialect dialect,
			 size_t *bytes)
{
	struct page page = { .dialect = dialect, .metrics = metrics };
	char *text = NULL;
	bool good = false;

	page.file = open_memstream(&text, bytes);
	if (!page.file)
		return NULL;
	if (make_labels(&page)) {
		render(&page);
		good = !ferror(page.file);
	}
	free(page.labels);
	if (fclose(page.file) || !good) {
		free(text);
		return NULL;
	}
	return text;
}

/* As a format of records: the counters as they stand at the end. */
struct snapshot {
	struct output *output;
	const struct faultline_header *header;
	struct groups groups;
};

static void *begin(struct output *output, const struct origin *origin)
{
	struct snapshot *snapshot = malloc(sizeof(*snapshot));

	if (!snapshot)
		return NULL;
	*snapshot = (struct snapshot){ .output = output, .header = origin->header };
	if (!groups_init(&snapshot->groups, GROUPS_MAX_DEFAULT)) {
		free(snapshot);
		return NULL;
	}
	return snapshot;
}

static void add_record(void *state, const struct faultline_record *record,
		       const struct faultline_record *before, uint64_t lost)
{
	struct snapshot *snapshot = state;

	(void)lost;
	groups_count(&snapshot->groups, record, before);
	groups_place(&snapshot->groups, record, before);
}

static void end(void *state, uint64_t lost)
{
	struct snapshot *snapshot = state;
	struct openmetrics metrics = {
		.groups = &snapshot->groups, .lost = lost,
		.ticks_missed = __atomic_load_n(&snapshot->header->ticks_missed, __ATOMIC_RELAXED),
	};
	size_t bytes;
	char *text = openmetrics_render(&metrics, OPENMETRICS_1_0, &bytes), *rest = text, *line;

	while (rest && (line = strsep(&rest, "\n")) && rest)
		output_line(snapshot->output, "%s\n", line);
	if (!text && !snapshot->output->error)
		snapshot->output->error = ENOMEM;
	free(text);
	groups_free(&snapshot->groups);
	free(snapshot);
}

const struct format format_openmetrics = {
	.name = "openmetrics",
	.summary = "counters by command name at the end, as Prometheus reads them",
	.begin = begin,
	.record = add_record,
	.end = end,
};

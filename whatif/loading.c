// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "loading.h"
#include "progress.h"

/* A compiler is too large for a thread's stack. */
static _Thread_local struct compiler compiler;

static bool refuse_objects(char *why, const char *path)
{
	return why_refuse(why, "%s: page: of objects, which have no page size", path);
}

static bool say(char *why, const char *path)
{
	return why_refuse(why, "%s: %s", path,
			  errno == ENODATA ? "no access in it" : strerror(errno));
}

static bool add_source(struct source *source, const char *out, char *why)
{
	struct access access;

	while (source_next(source, &access)) {
		if (compiler_add(&compiler, &access)) {
			progress_add(1);
			continue;
		}
		if (errno != ERANGE)
			return say(why, out);
		source_refuse(source, "goes beyond the last address");
		break;
	}
	return !*source->why || why_refuse(why, "%s", source->why);
}

bool loading_compile(const char *path, const struct source_format *format, uint32_t page_shift,
		     int fd, const char *out, char *why)
{
	struct source source;
	bool good;

	if (!source_open(&source, path, format))
		return why_refuse(why, "%s", source.why);
	progress_begin("accesses read", 0);
	if (!compiler_begin(&compiler, fd, source.format->objects ? 0 : page_shift)) {
		good = say(why, out);
	} else if (!add_source(&source, out, why)) {
		compiler_abandon(&compiler);
		good = false;
	} else {
		compiler.header.sampled = source.sampled;
		good = compiler_end(&compiler) || say(why, errno == ENODATA ? path : out);
	}
	progress_end();
	source_close(&source);
	return good;
}

/* What messages call it. */
static const char unnamed[] = "temporary file";

int loading_unnamed(char *why)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (!folder || !*folder)
		folder = "/var/tmp";
	snprintf(path, sizeof(path), "%s/faultline-whatif.XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		say(why, path);
	else
		unlink(path);
	return fd;
}

/* The accesses of a run again. */
static struct access access_of(const struct trace *trace, struct run run)
{
	const struct page *page = &trace->pages[run.page];

	return (struct access){
		.address = page->number << trace->header.page_shift,
		.bytes = 1,
		.pid = page->pid,
		.write = run.count & RUN_WRITTEN,
		.count = run_accesses(run),
	};
}

static bool end(bool good, char *why)
{
	if (good)
		return compiler_end(&compiler) || say(why, unnamed);
	say(why, unnamed);
	compiler_abandon(&compiler);
	return false;
}

/* The same accesses to larger pages. */
static bool enlarge(const struct trace *trace, uint32_t page_shift, int fd, char *why)
{
	bool good = compiler_begin(&compiler, fd, page_shift);
	struct access access;
	uint32_t events = 0;

	compiler.header.sampled = trace->header.sampled;
	for (uint64_t i = 0; good && i < trace->header.runs; i++) {
		for (; good && events < trace->header.events &&
		       trace->events[events].run == i; events++)
			good = compiler_add(&compiler,
					    &(struct access){ .event = trace->events[events] });
		access = access_of(trace, trace->runs[i]);
		good = good && compiler_add(&compiler, &access);
	}
	return end(good, why);
}

/* Only what is done to pages that have been written. */
static bool leave_written(const struct trace *trace, bool *written, int fd, char *why)
{
	bool good = compiler_begin(&compiler, fd, trace->header.page_shift);
	struct access access;
	struct run run;

	compiler.header.sampled = trace->header.sampled;
	for (uint64_t i = 0; good && i < trace->header.runs; i++) {
		run = trace->runs[i];
		written[run.page] |= run.count & RUN_WRITTEN;
		if (!written[run.page])
			continue;
		access = access_of(trace, run);
		good = compiler_add(&compiler, &access);
	}
	return end(good, why);
}

static bool map(struct trace *trace, int fd, const char *path, char *why)
{
	char wrong[WHY_BYTES];

	return trace_open(trace, fd, wrong) || why_refuse(why, "%s: %s", path, wrong);
}

bool loading_enlarge(struct trace *trace, const struct trace *small, uint32_t page_shift,
		     char *why)
{
	int fd = loading_unnamed(why);
	bool good;

	good = fd >= 0 && enlarge(small, page_shift, fd, why) && map(trace, fd, unnamed, why);
	if (fd >= 0)
		close(fd);
	return good;
}

bool loading_written(struct trace *written, const struct trace *trace, char *why)
{
	bool *pages = calloc(trace->header.pages, sizeof(*pages));
	int fd = pages ? loading_unnamed(why) : -1;
	bool good;

	if (!pages)
		say(why, unnamed);
	good = fd >= 0 && leave_written(trace, pages, fd, why) && map(written, fd, unnamed, why);
	if (fd >= 0)
		close(fd);
	free(pages);
	return good;
}

static bool load_compiled(struct trace *trace, int fd, const char *path, uint32_t page_shift,
			  char *why)
{
	struct trace small;
	uint32_t shift;
	bool good;

	if (!map(trace, fd, path, why))
		return false;
	shift = trace->header.page_shift;
	if (!page_shift || page_shift == shift)
		return true;
	small = *trace;
	if (!shift)
		good = refuse_objects(why, path);
	else if (page_shift < shift)
		good = why_refuse(why, "%s: page: compiled with pages of %ju bytes, which cannot become "
				  "smaller", path, (uintmax_t)1 << shift);
	else
		good = loading_enlarge(trace, &small, page_shift, why);
	trace_close(&small);
	return good;
}

static bool load_other(struct trace *trace, const char *path, const struct source_format *format,
		       uint32_t page_shift, char *why)
{
	int fd = loading_unnamed(why);
	bool good;

	good = fd >= 0 &&
	       loading_compile(path, format, page_shift ?: LOADING_PAGE_SHIFT, fd, unnamed, why) &&
	       map(trace, fd, path, why);
	if (good && page_shift && !trace->header.page_shift) {
		trace_close(trace);
		good = refuse_objects(why, path);
	}
	if (fd >= 0)
		close(fd);
	return good;
}

bool loading_trace(struct trace *trace, const char *path, const struct source_format *format,
		   uint32_t page_shift, char *why)
{
	char start[sizeof(TRACE_MAGIC) - 1];
	int fd = -1;
	bool good;

	if (!format && strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pread(fd, start, sizeof(start), 0) == sizeof(start) &&
	    trace_is_compiled(start, sizeof(start)))
		good = load_compiled(trace, fd, path, page_shift, why);
	else
		good = load_other(trace, path, format, page_shift, why);
	if (fd >= 0)
		close(fd);
	return good;
}

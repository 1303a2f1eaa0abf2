// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "compiler.h"
#include "loading.h"
#include "progress.h"

static const char no_page_size[] = "%s: page: of objects, which have no page size";

/* A compiler is too large for a thread's stack. */
static struct compiler compiler;

static bool say(const char *path)
{
	warnx("%s: %s", path, errno == ENODATA ? "no access in it" : strerror(errno));
	return false;
}

static bool add_source(struct source *source, const char *out)
{
	struct access access;

	while (source_next(source, &access)) {
		if (compiler_add(&compiler, &access)) {
			progress_add(1);
			continue;
		}
		if (errno != ERANGE)
			return say(out);
		source_refuse(source, "goes beyond the last address");
		break;
	}
	if (*source->why)
		warnx("%s", source->why);
	return !*source->why;
}

bool loading_compile(const char *path, const struct source_format *format, uint32_t page_shift,
		     int fd, const char *out)
{
	struct source source;
	bool good;

	if (!source_open(&source, path, format)) {
		warnx("%s", source.why);
		return false;
	}
	progress_begin("accesses read", 0);
	if (!compiler_begin(&compiler, fd, source.format->objects ? 0 : page_shift)) {
		good = say(out);
	} else if (!add_source(&source, out)) {
		compiler_abandon(&compiler);
		good = false;
	} else {
		good = compiler_end(&compiler) || say(errno == ENODATA ? path : out);
	}
	progress_end();
	source_close(&source);
	return good;
}

/* What messages call it. */
static const char unnamed[] = "temporary file";

/* A file without a name, of which nothing is left when the program ends. */
static int open_unnamed(void)
{
	const char *folder = getenv("TMPDIR");
	char path[4096];
	int fd;

	if (!folder || !*folder)
		folder = "/var/tmp";
	snprintf(path, sizeof(path), "%s/faultline-whatif.XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		warn("%s", path);
	else
		unlink(path);
	return fd;
}

/* The same accesses to larger pages. */
static bool enlarge(const struct trace *trace, uint32_t page_shift, int fd)
{
	uint32_t shift = trace->header.page_shift;
	const struct page *page;
	struct access access;
	bool good = compiler_begin(&compiler, fd, page_shift);

	for (uint64_t i = 0; good && i < trace->header.runs; i++) {
		page = &trace->pages[trace->runs[i].page];
		access = (struct access){
			.address = page->number << shift,
			.bytes = 1,
			.pid = page->pid,
			.write = trace->runs[i].count & RUN_WRITTEN,
			.count = run_accesses(trace->runs[i]),
		};
		good = compiler_add(&compiler, &access);
	}
	if (good)
		return compiler_end(&compiler) || say(unnamed);
	say(unnamed);
	compiler_abandon(&compiler);
	return false;
}

static bool map(struct trace *trace, int fd, const char *path)
{
	char why[TRACE_WHY_BYTES];

	if (trace_open(trace, fd, why))
		return true;
	warnx("%s: %s", path, why);
	return false;
}

bool loading_enlarge(struct trace *trace, const struct trace *small, uint32_t page_shift)
{
	int fd = open_unnamed();
	bool good;

	good = fd >= 0 && enlarge(small, page_shift, fd) && map(trace, fd, unnamed);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool load_compiled(struct trace *trace, int fd, const char *path, uint32_t page_shift)
{
	struct trace small;
	uint32_t shift;
	bool good;

	if (!map(trace, fd, path))
		return false;
	shift = trace->header.page_shift;
	if (!page_shift || page_shift == shift)
		return true;
	small = *trace;
	good = shift && page_shift > shift && loading_enlarge(trace, &small, page_shift);
	if (!shift)
		warnx(no_page_size, path);
	else if (page_shift < shift)
		warnx("%s: page: compiled with pages of %ju bytes, which cannot become smaller",
		      path, (uintmax_t)1 << shift);
	trace_close(&small);
	return good;
}

static bool load_other(struct trace *trace, const char *path, const struct source_format *format,
		       uint32_t page_shift)
{
	int fd = open_unnamed();
	bool good;

	good = fd >= 0 &&
	       loading_compile(path, format, page_shift ?: LOADING_PAGE_SHIFT, fd, unnamed) &&
	       map(trace, fd, path);
	if (good && page_shift && !trace->header.page_shift) {
		warnx(no_page_size, path);
		trace_close(trace);
		good = false;
	}
	if (fd >= 0)
		close(fd);
	return good;
}

bool loading_trace(struct trace *trace, const char *path, const struct source_format *format,
		   uint32_t page_shift)
{
	char start[sizeof(TRACE_MAGIC) - 1];
	int fd = -1;
	bool good;

	if (!format && strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && pread(fd, start, sizeof(start), 0) == sizeof(start) &&
	    trace_is_compiled(start, sizeof(start)))
		good = load_compiled(trace, fd, path, page_shift);
	else
		good = load_other(trace, path, format, page_shift);
	if (fd >= 0)
		close(fd);
	return good;
}

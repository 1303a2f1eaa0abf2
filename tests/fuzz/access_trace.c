// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as a trace of accesses: what is read of it can be compiled, and what was
 * compiled is whole; damage is one line, and nothing is read beyond its end.  The same bytes as
 * a compiled trace are refused, or can be replayed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "compiler.h"
#include "curve.h"
#include "file.h"
#include "source.h"
#include "trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim(bool holds)
{
	if (!holds)
		abort();
}

/* One format for each input, the same one every time; or whichever shows. */
static const struct source_format *format_of(const uint8_t *data, size_t size)
{
	static const struct source_format * const formats[] = {
		NULL, &source_pid_text, &source_lackey, &source_drmemtrace, &source_oracle_general,
	};

	return formats[size ? (data[size - 1] ^ size) % 5 : 0];
}

static void replay(const struct trace *trace)
{
	struct distances distances;

	claim(curve_make(&distances, trace, NULL));
	claim(distances_faults(&distances, 1) <= trace->header.accesses);
	distances_free(&distances);
}

static bool compile(struct source *source, int fd)
{
	static struct compiler compiler;
	struct access access;

	claim(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	claim(compiler_begin(&compiler, fd, source->format->objects ? 0 : 12));
	while (source_next(source, &access))
		claim(compiler_add(&compiler, &access) || errno == ERANGE);
	claim(!source_next(source, &access));
	if (compiler_end(&compiler))
		return true;
	claim(errno == ENODATA);
	return false;
}

static void as_source(const char *path, const struct source_format *format)
{
	static int fd = -1;
	char why[TRACE_WHY_BYTES];
	struct source source;
	struct trace trace;

	if (fd < 0)
		fd = memfd_create("compiled", MFD_CLOEXEC);
	if (!source_open(&source, path, format)) {
		claim(*source.why && !strchr(source.why, '\n'));
		return;
	}
	if (compile(&source, fd)) {
		claim(trace_open(&trace, fd, why));
		replay(&trace);
		trace_close(&trace);
	}
	claim(!strchr(source.why, '\n'));
	source_close(&source);
}

static void as_compiled(const char *path)
{
	char why[TRACE_WHY_BYTES] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct trace trace;

	claim(fd >= 0);
	if (trace_open(&trace, fd, why)) {
		replay(&trace);
		trace_close(&trace);
	} else {
		claim(*why && !strchr(why, '\n'));
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = file_with(data, size);

	as_source(path, format_of(data, size));
	as_compiled(path);
	return 0;
}

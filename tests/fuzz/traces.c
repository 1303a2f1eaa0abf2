// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as a trace of accesses: what is read of it can be compiled, and what was
 * compiled is whole; damage is one line, and nothing is read beyond its end.  The same bytes as
 * a compiled trace are refused, or can be replayed.
 */
#include <errno.h>
#include <string.h>

#include "compiler.h"
#include "curve.h"
#include "input.h"
#include "source.h"
#include "trace.h"

enum { COMPILED_MAX = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay(const struct trace *trace)
{
	struct distances distances;

	input_claim(curve_make(&distances, trace, NULL));
	input_claim(distances_faults(&distances, 1) <= trace->header.accesses);
	distances_free(&distances);
}

/* Return: was it whole? */
static bool open_and_replay(void)
{
	int fd = input_open(INPUT_PATH, O_RDONLY);
	char why[WHY_BYTES] = "";
	struct trace trace;

	if (!trace_open(&trace, fd, why)) {
		input_claim(*why && !strchr(why, '\n'));
		return false;
	}
	replay(&trace);
	trace_close(&trace);
	return true;
}

static bool compile(struct source *source, int fd)
{
	static struct compiler compiler;
	struct access access;

	input_claim(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	input_claim(compiler_begin(&compiler, fd, source->format->objects ? 0 : 12));
	while (source_next(source, &access))
		input_claim(compiler_add(&compiler, &access) || errno == ERANGE);
	input_claim(!source_next(source, &access));
	if (compiler_end(&compiler))
		return true;
	input_claim(errno == ENODATA);
	return false;
}

/* What was compiled takes the place of the input. */
static void look_at_compiled(int fd)
{
	size_t bytes = (size_t)lseek(fd, 0, SEEK_END);
	void *compiled = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);

	input_claim(compiled != MAP_FAILED);
	input_set(compiled, bytes);
	input_claim(open_and_replay());
	munmap(compiled, bytes);
}

/* @format: NULL for the one that shows */
static void look_at_source(const struct source_format *format)
{
	static int fd = -1;
	struct source source;
	bool compiled;

	if (fd < 0)
		fd = memfd_create("compiled", MFD_CLOEXEC);
	if (!source_open(&source, INPUT_PATH, format)) {
		input_claim(*source.why && !strchr(source.why, '\n'));
		return;
	}
	compiled = compile(&source, fd);
	input_claim(!strchr(source.why, '\n'));
	source_close(&source);
	if (compiled)
		look_at_compiled(fd);
}

/* With the checksums that these bytes would have, which nobody finds by trying. */
static void look_at_sealed(const uint8_t *data, size_t size)
{
	static uint64_t sealed[COMPILED_MAX / sizeof(uint64_t)];
	struct trace_header *header = (struct trace_header *)sealed;
	uint64_t body, *sums;

	if (size < sizeof(*header) || size > COMPILED_MAX)
		return;
	memcpy(sealed, data, size);
	body = trace_body(header);
	/* One block, its sum, and the seal. */
	if (!body || body % sizeof(uint64_t) || body > size ||
	    body + 2 * sizeof(uint64_t) > COMPILED_MAX)
		return;
	header->bytes = body + 2 * sizeof(uint64_t);
	sums = sealed + body / sizeof(uint64_t);
	sums[0] = trace_checksum(sealed, body);
	sums[1] = trace_checksum(sums, sizeof(*sums));
	input_set((const uint8_t *)sealed, header->bytes);
	open_and_replay();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct source_format * const formats[] = {
		NULL, &source_pid_text, &source_lackey, &source_drmemtrace, &source_oracle_general,
	};
	const unsigned int count = sizeof(formats) / sizeof(formats[0]);
	unsigned int choice;

	input_set(data, size);
	choice = input_choice(count + 2);
	if (choice < count)
		look_at_source(formats[choice]);
	else if (choice == count)
		open_and_replay();
	else
		look_at_sealed(data, size);
	return 0;
}

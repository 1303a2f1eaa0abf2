// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sampler.h"

enum { ENTRIES = 1 << 14, PATH_BYTES = 64, LINE_BYTES = 4096 };

/* Of pagemap's entries. */
#define SOFT_DIRTY	(1ULL << 55)
#define THERE		(3ULL << 62)

/* What clear_refs takes: remove accessed bits, and soft-dirty marks. */
static const char accessed[] = "1", soft_dirty[] = "4";

/* That the process has ended is nothing wrong; once it is reaped, it has no files, either. */
static bool say(struct sampler *sampler)
{
	return errno == ESRCH || errno == ENOENT ? false :
	       why_refuse(sampler->why, "process %u: %s", sampler->pid, strerror(errno));
}

static int open_file(uint32_t pid, const char *name, int flags)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	return open(path, flags | O_CLOEXEC);
}

/* Not all kernels mark pages: would a page of our own be? */
static bool marks_pages(void)
{
	int clear = open_file((uint32_t)getpid(), "clear_refs", O_WRONLY);
	int pagemap = open_file((uint32_t)getpid(), "pagemap", O_RDONLY);
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE), entry = 0;
	volatile char *page = aligned_alloc(page_bytes, page_bytes);

	if (page && clear >= 0 && pagemap >= 0 && write(clear, soft_dirty, 1) == 1) {
		*page = 1;
		if (pread(pagemap, &entry, sizeof(entry),
			  (off_t)((uintptr_t)page / page_bytes * sizeof(entry))) != sizeof(entry))
			entry = 0;
	}
	free((void *)page);
	if (pagemap >= 0)
		close(pagemap);
	if (clear >= 0)
		close(clear);
	return entry & SOFT_DIRTY;
}

bool sampler_open(struct sampler *sampler, uint32_t pid)
{
	*sampler = (struct sampler){ .pid = pid, .clear = -1, .pagemap = -1 };
	if (!marks_pages())
		return why_refuse(sampler->why, "this kernel has no soft-dirty bits (CONFIG_MEM_SOFT_DIRTY)");
	sampler->clear = open_file(pid, "clear_refs", O_WRONLY);
	if (sampler->clear >= 0)
		sampler->pagemap = open_file(pid, "pagemap", O_RDONLY);
	if (sampler->pagemap >= 0)
		sampler->entries = malloc(ENTRIES * sizeof(*sampler->entries));
	if (sampler->entries)
		return true;
	if (errno == ENOENT)
		errno = ESRCH;
	why_refuse(sampler->why, "process %u: %s", pid, strerror(errno));
	sampler_close(sampler);
	return false;
}

bool sampler_begin(struct sampler *sampler)
{
	/* One that is open stays that of the memory which the process had then, before an exec. */
	close(sampler->pagemap);
	sampler->pagemap = open_file(sampler->pid, "pagemap", O_RDONLY);
	return (sampler->pagemap >= 0 && write(sampler->clear, accessed, 1) == 1 &&
		write(sampler->clear, soft_dirty, 1) == 1) || say(sampler);
}

/* A mapping; what has gone from it meanwhile reads as nothing. */
static bool write_mapping(struct sampler *sampler, uint64_t from, uint64_t to, FILE *file)
{
	uint64_t page_bytes = (uint64_t)sysconf(_SC_PAGESIZE), entry;
	uint64_t page = from / page_bytes, end = to / page_bytes;
	ssize_t got;

	while (page < end) {
		got = pread(sampler->pagemap, sampler->entries,
			    (end - page < ENTRIES ? end - page : ENTRIES) * sizeof(entry),
			    (off_t)(page * sizeof(entry)));
		if (got < 0)
			return say(sampler);
		/* Beyond what processes have. */
		if (!got)
			return true;
		for (size_t i = 0; i < (size_t)got / sizeof(entry); i++) {
			entry = sampler->entries[i];
			/* Of a new mapping all is marked, also what is not there. */
			if (!(entry & SOFT_DIRTY) || !(entry & THERE))
				continue;
			fprintf(file, "%u W 0x%" PRIx64 "\n", sampler->pid,
				(page + i) * page_bytes);
			sampler->written++;
		}
		page += (uint64_t)got / sizeof(entry);
	}
	return true;
}

static FILE *open_text(struct sampler *sampler, const char *name)
{
	int fd = open_file(sampler->pid, name, O_RDONLY);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file)
		say(sampler);
	return file;
}

static bool read_referenced(struct sampler *sampler)
{
	FILE *file = open_text(sampler, "smaps_rollup");
	char line[LINE_BYTES];
	uint64_t kilobytes;

	if (!file)
		return false;
	sampler->referenced_bytes = 0;
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "Referenced: %" SCNu64, &kilobytes) == 1)
			sampler->referenced_bytes = kilobytes * 1024;
	fclose(file);
	return true;
}

bool sampler_end(struct sampler *sampler, FILE *file)
{
	FILE *maps = open_text(sampler, "maps");
	char line[LINE_BYTES];
	uint64_t from, to;
	bool good = true;

	if (!maps)
		return false;
	sampler->written = 0;
	while (good && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNx64 "-%" SCNx64, &from, &to) == 2)
			good = write_mapping(sampler, from, to, file);
	fclose(maps);
	return good && read_referenced(sampler);
}

void sampler_close(struct sampler *sampler)
{
	free(sampler->entries);
	if (sampler->pagemap >= 0)
		close(sampler->pagemap);
	if (sampler->clear >= 0)
		close(sampler->clear);
}

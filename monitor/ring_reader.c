// SPDX-License-Identifier: GPL-2.0
/*
 * Barriers (A), (B) and (C) pair with the writer's, as uapi/faultline.h tells.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ring_reader.h"

/* Looks at a slot that says otherwise than head; a test in which nobody writes wants few. */
#ifndef RETRIES_MAX
#define RETRIES_MAX (1 << 16)
#endif

enum { FILE_TICK_NS = 50000000 };	/* between two looks at a file that may grow */

static_assert(sizeof(struct faultline_record) == 256, "the contract's record");
static_assert(sizeof(struct faultline_fault) == 64, "the contract's fault");

static bool fail(char *why, size_t why_size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, why_size, format, arguments);
	va_end(arguments);
	return false;
}

/**
 * struct kind - what a ring holds
 * @magic: of its header
 * @record_bytes: what this program knows of a record
 * @offset: in the device; a copy of it is at a file's start
 */
struct kind {
	uint32_t magic;
	uint32_t record_bytes;
	uint64_t offset;
};

static off_t ring_offset(int fd, const struct kind *kind)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) ? (off_t)kind->offset : 0;
}

static const void *map(int fd, size_t bytes, const struct kind *kind)
{
	const void *memory = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, ring_offset(fd, kind));

	return memory == MAP_FAILED ? NULL : memory;
}

/*
 * Reading past the end of a mapped file is a SIGBUS, so a file that somebody gives
 * in the device's place is measured first; a device itself refuses to be mapped too far.
 */
static bool is_long_enough(int fd, size_t bytes)
{
	struct stat status;

	return fstat(fd, &status) == 0 &&
	       (!S_ISREG(status.st_mode) || (size_t)status.st_size >= bytes);
}

static bool is_file(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

/* Are the sizes such that every slot lies in a mapping of *bytes, and fit size_t? */
static bool measure(const struct faultline_header *header, size_t *bytes)
{
	size_t slots;

	return header->header_size >= sizeof(*header) &&
	       header->record_size % sizeof(uint64_t) == 0 &&
	       header->data_offset >= header->header_size &&
	       header->data_offset % sizeof(uint64_t) == 0 && header->capacity > 0 &&
	       header->run > 0 &&
	       !__builtin_mul_overflow(header->capacity, header->record_size, &slots) &&
	       !__builtin_add_overflow(slots, header->data_offset, bytes);
}

static bool check(const struct faultline_header *header, const struct kind *kind, int fd,
		  const char *path, size_t *bytes, char *why, size_t why_size)
{
	if (header->magic != kind->magic)
		return fail(why, why_size, "%s: not a Faultline ring: magic is %08x, not %08x",
			    path, header->magic, kind->magic);
	if (header->version != FAULTLINE_VERSION)
		return fail(why, why_size, "%s: ring of version %u, this program reads version %u",
			    path, header->version, FAULTLINE_VERSION);
	if (header->record_size < kind->record_bytes)
		return fail(why, why_size,
			    "%s: the module is older than this program, with records of %u bytes "
			    "and not %u: sudo ./insert.sh replaces it",
			    path, header->record_size, kind->record_bytes);
	if (!measure(header, bytes) || !is_long_enough(fd, *bytes))
		return fail(why, why_size, "%s: a Faultline ring whose header contradicts itself",
			    path);
	return true;
}

/* Learn the ring's size from its first page, then map all of it. */
static bool map_ring(struct ring_reader *reader, const struct kind *kind, const char *path,
		     char *why, size_t why_size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const struct faultline_header *header;
	bool good;

	header = is_long_enough(reader->fd, page) ? map(reader->fd, page, kind) : NULL;
	if (!header)
		return fail(why, why_size, "%s: not a Faultline ring: it cannot be mapped", path);
	good = check(header, kind, reader->fd, path, &reader->mapped_bytes, why, why_size);
	munmap((void *)header, page);
	if (!good)
		return false;
	reader->header = map(reader->fd, reader->mapped_bytes, kind);
	return reader->header ||
	       fail(why, why_size, "%s: cannot map its %zu bytes: %s", path, reader->mapped_bytes,
		    strerror(errno));
}

/* The name of a group, without the libraries that getgrgid(3) would load. */
static bool find_group(gid_t gid, char *name, size_t size)
{
	FILE *groups = fopen("/etc/group", "re");
	const struct group *group;
	bool found = false;

	while (groups && !found && (group = fgetgrent(groups))) {
		found = group->gr_gid == gid;
		snprintf(name, size, "%s", group->gr_name);
	}
	if (groups)
		fclose(groups);
	return found;
}

/* Who may read the node is whose group it has. */
static bool fail_access(const char *path, char *why, size_t why_size)
{
	struct stat status;
	char group[64];

	if (stat(path, &status) || !status.st_gid ||
	    !find_group(status.st_gid, group, sizeof(group)))
		return fail(why, why_size, "%s: %s: only root may read it (sudo)", path,
			    strerror(EACCES));
	return fail(why, why_size, "%s: %s: only root and the group %s may read it (sudo adduser "
		    "$USER %s, and log in again)", path, strerror(EACCES), group, group);
}

static bool open_ring(struct ring_reader *reader, const struct kind *kind, const char *path,
		      char *why, size_t why_size)
{
	int error;

	*reader = (struct ring_reader){ .fd = open(path, O_RDONLY | O_CLOEXEC) };
	if (reader->fd < 0) {
		if (errno == ENOENT || errno == ENXIO || errno == ENODEV)
			return fail(why, why_size,
				    "%s: %s: is the module in? sudo ./insert.sh, or make demo",
				    path, strerror(errno));
		if (errno == EACCES)
			return fail_access(path, why, why_size);
		return fail(why, why_size, "%s: %s", path, strerror(errno));
	}
	if (!map_ring(reader, kind, path, why, why_size)) {
		error = errno;
		close(reader->fd);
		errno = error;
		return false;
	}
	reader->next = __atomic_load_n(&reader->header->run, __ATOMIC_RELAXED);
	reader->file = is_file(reader->fd);
	return true;
}

bool ring_reader_open(struct ring_reader *reader, const char *path, char *why, size_t why_size)
{
	/* At the one place where course mode leaves it. */
	const struct kind samples = { FAULTLINE_MAGIC, sizeof(struct faultline_record),
				      FAULTLINE_RING_OFFSET };

	return open_ring(reader, &samples, path, why, why_size);
}

bool ring_reader_open_faults(struct ring_reader *reader, const char *path, unsigned int cpu,
			     char *why, size_t why_size)
{
	const struct kind faults = { FAULTLINE_FAULTS_MAGIC, sizeof(struct faultline_fault),
				     FAULTLINE_FAULTS_OFFSET + cpu * FAULTLINE_FAULTS_STRIDE };

	return open_ring(reader, &faults, path, why, why_size);
}

void ring_reader_rewind(struct ring_reader *reader)
{
	reader->next = 1;
}

void ring_reader_skip(struct ring_reader *reader)
{
	reader->next = __atomic_load_n(&reader->header->head, __ATOMIC_ACQUIRE) + 1;
}

/* A record begins with its number, whatever it is of. */
static const uint64_t *slot(const struct ring_reader *reader, uint64_t number)
{
	const struct faultline_header *header = reader->header;

	return (const void *)((const char *)header + header->data_offset +
			      (number - 1) % header->capacity * header->record_size);
}

/* Copy record number @number if it still stands in its slot. */
static bool copy(const struct ring_reader *reader, uint64_t number, void *record, size_t bytes)
{
	const uint64_t *from = slot(reader, number);

	if (__atomic_load_n(from, __ATOMIC_ACQUIRE) != number)		/* (B) */
		return false;
	memcpy(record, from, bytes);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);			/* (A) */
	return __atomic_load_n(from, __ATOMIC_RELAXED) == number;
}

static bool next(struct ring_reader *reader, void *record, size_t bytes)
{
	uint64_t head, oldest, capacity = reader->header->capacity;
	int retries = 0;

	for (;;) {
		head = __atomic_load_n(&reader->header->head, __ATOMIC_ACQUIRE);	/* (C) */
		/* No record has the number 0: behind the highest of all there is none. */
		if (reader->next > head || !reader->next)
			return false;
		if (copy(reader, reader->next, record, bytes)) {
			reader->next++;
			return true;
		}
		/*
		 * Lapped.  Take up behind the oldest record, which stands where the
		 * writer goes next.  When head does not tell yet what the slot does,
		 * look again; in a ring that is none of ours it never may.
		 */
		oldest = head < capacity ? 0 : head - capacity + 1;
		if (reader->next > oldest && retries++ < RETRIES_MAX)
			continue;
		oldest = oldest > reader->next ? oldest : reader->next;
		reader->lost += oldest - reader->next + 1;
		reader->next = oldest + 1;
	}
}

bool ring_reader_next(struct ring_reader *reader, struct faultline_record *record)
{
	return next(reader, record, sizeof(*record));
}

bool ring_reader_next_fault(struct ring_reader *reader, struct faultline_fault *fault)
{
	return next(reader, fault, sizeof(*fault));
}

bool ring_reader_run_over(const struct ring_reader *reader)
{
	return __atomic_load_n(&reader->header->registered, __ATOMIC_ACQUIRE) == 0;
}

bool ring_reader_wait(const struct ring_reader *reader, const sigset_t *signals)
{
	struct pollfd device = { .fd = reader->fd, .events = POLLIN };
	const struct timespec tick = { .tv_nsec = FILE_TICK_NS };
	uint64_t head;

	if (reader->file)
		return ppoll(NULL, 0, &tick, signals) >= 0;
	/* Acknowledged before it is read: what comes meanwhile wakes us again. */
	return ppoll(&device, 1, NULL, signals) >= 0 &&
	       read(reader->fd, &head, sizeof(head)) == sizeof(head);
}

void ring_reader_close(struct ring_reader *reader)
{
	munmap((void *)reader->header, reader->mapped_bytes);
	close(reader->fd);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * A reader can map the ring to read it, and in no other way.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module.h"
#include "tap.h"

static int fd;

/* The errno of an mmap, 0 if it succeeds. */
static int try(size_t bytes, int protection, int flags, off_t offset)
{
	void *memory = mmap(NULL, bytes, protection, flags, fd, offset);

	if (memory == MAP_FAILED)
		return errno;
	munmap(memory, bytes);
	return 0;
}

int main(void)
{
	const size_t ring = 4096 + 64 * sizeof(struct faultline_record), page = 4096;
	void *memory;

	module_load("ring_records=64");
	fd = open(FAULTLINE_DEVICE, O_RDWR);
	if (fd < 0)
		bail(FAULTLINE_DEVICE);

	ok(try(page, PROT_READ, MAP_SHARED, 0) == 0, "the header alone can be mapped");
	ok(try(ring, PROT_READ, MAP_SHARED, 0) == 0, "the whole ring can be mapped");
	ok(try(2 * page, PROT_READ, MAP_SHARED, page) == 0, "the records alone can be mapped");
	ok(try(ring, PROT_READ, MAP_PRIVATE, 0) == 0, "a private mapping to read is fine");
	ok(try(ring, PROT_READ | PROT_WRITE, MAP_SHARED, 0) == EPERM,
	   "a writable mapping gets EPERM");
	ok(try(ring, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0) == EPERM,
	   "a private writable one as well");
	ok(try(ring, PROT_READ | PROT_EXEC, MAP_SHARED, 0) == EPERM,
	   "an executable one as well");
	ok(try(ring + page, PROT_READ, MAP_SHARED, 0) == EINVAL, "one page too many gets EINVAL");
	ok(try(page, PROT_READ, MAP_SHARED, ring) == EINVAL, "beyond the end gets EINVAL");
	ok(try(2 * page, PROT_READ, MAP_SHARED, ring - page) == EINVAL,
	   "across the end gets EINVAL");
	ok(try(page, PROT_READ, MAP_SHARED, 1) == EINVAL, "an unaligned offset gets EINVAL");
	ok(try(page, PROT_READ, MAP_SHARED, (off_t)1 << 62) == EINVAL,
	   "an offset of 2^62 gets EINVAL");

	memory = mmap(NULL, ring, PROT_READ, MAP_SHARED, fd, 0);
	ok(mprotect(memory, ring, PROT_READ | PROT_WRITE) < 0 && errno == EACCES,
	   "a mapping cannot be made writable later");
	ok(mprotect(memory, ring, PROT_READ | PROT_EXEC) < 0 && errno == EACCES,
	   "nor executable");
	ok(mremap(memory, ring, ring + page, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT,
	   "nor grow");
	ok(module_unload() == EWOULDBLOCK, "rmmod is refused while a reader has it open");
	close(fd);
	ok(module_unload() == EWOULDBLOCK, "rmmod is refused while a reader has it mapped");
	munmap(memory, ring);
	ok(module_unload() == 0, "and works once nobody has");
	return finish();
}

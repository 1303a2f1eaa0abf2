// SPDX-License-Identifier: GPL-2.0
/*
 * libfaultline-heap.so: is loaded into a command, and has faultline-whatif handle the faults of its
 * heap.  All of that is one piece behind the program's own memory, which is made at once and then
 * mapped from a file, so that who handles faults can take pages out of it.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "heap.h"

enum { FIRST_BYTES = 4096 };

static char *end;

/* The command may close its own before it ends. */
static int standard_error = STDERR_FILENO;

__attribute__((noreturn))
static void refuse(const char *why)
{
	/* Nothing that wants memory, which may be what is missing. */
	if (write(standard_error, why, strlen(why)) < 0)
		_exit(2);
	_exit(1);
}

/* ---- What one handler of faults cannot have ---- */

/* Another one could write a page that goes. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *argument)
{
	(void)thread;
	(void)attributes;
	(void)run;
	(void)argument;
	refuse("faultline-whatif enforce: the command starts a thread: expected one that has a "
	       "single one\n");
}

/* A child's heap would be this one, not a copy. */
static void before_fork(void)
{
	refuse("faultline-whatif enforce: the command forks: expected one that does not\n");
}

__attribute__((destructor))
static void look_at_end(void)
{
	if (end && (char *)sbrk(0) > end)
		refuse("faultline-whatif enforce: the command's heap is larger than 1 GB, and what is "
		       "beyond is not seen\n");
}

/* ---- The heap ---- */

/* One piece of memory, of which malloc has written no more than the first FIRST_BYTES. */
static char *make_heap(void)
{
	char *start = sbrk(0);
	/* A compiler would leave out both. */
	void *volatile block;

	/* Large blocks are in it, too, and none of it is given back. */
	if (!mallopt(M_MMAP_MAX, 0) || !mallopt(M_TRIM_THRESHOLD, -1) ||
	    !mallopt(M_TOP_PAD, HEAP_BYTES))
		return NULL;
	/* More than is left of what others have asked for before. */
	block = malloc(1 << 20);
	free(block);
	end = sbrk(0);
	return end - start < (ptrdiff_t)HEAP_BYTES ? NULL : start;
}

/* Nobody calls malloc until what it has written there is back. */
static bool map_file(int file, char *start)
{
	size_t bytes = (size_t)(end - start);

	/* A child by a call that nobody sees must not write what is ours. */
	return !ftruncate(file, (off_t)bytes) &&
	       mmap(start, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, 0) == start &&
	       !madvise(start, bytes, MADV_DONTFORK);
}

static int watch(char *start)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_MISSING_SHMEM | UFFD_FEATURE_MINOR_SHMEM |
			    UFFD_FEATURE_EXACT_ADDRESS,
	};
	struct uffdio_register range = {
		.range.start = (uintptr_t)start,
		.range.len = (uintptr_t)(end - start),
		.mode = UFFDIO_REGISTER_MODE_MISSING | UFFDIO_REGISTER_MODE_MINOR,
	};
	int uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &api) || ioctl(uffd, UFFDIO_REGISTER, &range))
		refuse("faultline-whatif enforce: userfaultfd: this kernel does not let this user handle "
		       "all faults of a command\n");
	return uffd;
}

static void tell(int to, const char *start, int uffd, int file)
{
	struct heap_message message = { (uintptr_t)start, (uintptr_t)(end - start) };
	int files[HEAP_FILES] = { uffd, file };
	struct iovec part = { &message, sizeof(message) };
	union {
		char room[CMSG_SPACE(sizeof(files))];
		struct cmsghdr header;
	} control = { .header = {
		.cmsg_len = CMSG_LEN(sizeof(files)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	} };
	struct msghdr all = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};

	memcpy(CMSG_DATA(&control.header), files, sizeof(files));
	if (sendmsg(to, &all, MSG_NOSIGNAL) != sizeof(message))
		refuse("faultline-whatif enforce: the heap could not be handed over\n");
	close(file);
	close(to);
}

__attribute__((constructor))
static void hand_over(void)
{
	const char *to = getenv(HEAP_SOCKET);
	char first[FIRST_BYTES], *start;
	int file;

	if (!to)
		return;
	file = memfd_create("heap", MFD_CLOEXEC);
	start = make_heap();
	if (file < 0 || !start)
		refuse("faultline-whatif enforce: there is no memory for a heap\n");
	memcpy(first, start, sizeof(first));
	if (!map_file(file, start))
		refuse("faultline-whatif enforce: the heap could not be mapped from a file\n");
	/* Were the handler gone, pages would be: this process keeps its userfaultfd, waits, and ends. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	tell(atoi(to), start, watch(start), file);
	/* The first access that faults. */
	memcpy(start, first, sizeof(first));
	/* What is executed has another heap. */
	unsetenv(HEAP_SOCKET);
	unsetenv("LD_PRELOAD");
	if (pthread_atfork(before_fork, NULL, NULL))
		refuse("faultline-whatif enforce: there is no memory for a heap\n");
	standard_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

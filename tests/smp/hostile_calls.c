// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever a user does with the module's files, and in whatever order, it sees nobody else's
 * process, changes nothing in the ring, and keeps the module from nothing once it is gone.
 *
 * CALLS of the environment, or twenty thousand, are made at random by one process after another, a
 * user and root in turn; what one has open, mapped or registered stays so until it exits.  Where the kernel can tell what it has
 * passed through (CONFIG_KCOV) a sequence of calls that took it somewhere new is kept, and
 * others are made of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/kcov.h>

#include "child.h"
#include "module.h"
#include "random.h"
#include "tap.h"

enum {
	CALLS_DEFAULT	= 20000,
	SEQUENCE_MAX	= 24,		/* calls */
	ROUND		= 5000,		/* calls of one process */
	KEPT_MAX	= 4096,
	FILES		= 8,		/* open at a time */
	PAGE		= 4096,
	COVER_WORDS	= 1 << 16,
	SEEN_BITS	= 20,
	USER		= 1000,
	SEED		= 20261122,
};

enum verb {
	OPEN, CLOSE, READ, WRITE, SEEK, MAP, PROTECT, REMAP, UNMAP, ADVISE, LOOK, POLL, IOCTL, FORK,
	VERBS,
};

/* One call; what the numbers mean is the verb's business. */
struct call {
	uint8_t verb, file;
	uint16_t a;
	uint32_t b;
};

struct sequence {
	int length;
	struct call calls[SEQUENCE_MAX];
};

/* What processes that make the calls leave for the one that counts them; shared. */
static struct {
	uint64_t calls, opened, mapped, written, kept, places;
	uint64_t strangers;	/* lines of a process that is none of the user's */
	bool seen[1 << SEEN_BITS];
	struct sequence corpus[KEPT_MAX];
} *shared;

/* Some more than once, for there is more to be done with them. */
static const char * const paths[] = {
	FAULTLINE_DEVICE, FAULTLINE_DEVICE, FAULTLINE_DEVICE, FAULTLINE_DEVICE, FAULTLINE_DEVICE,
	FAULTLINE_STATUS, FAULTLINE_STATUS, FAULTLINE_STATUS,
	"/proc/faultline/histogram", "/proc/cow_stats",
	"/proc/sys/vm/cow_precopy", "/proc/sys/vm/cow_precopy_depth",
	"/proc/sys/vm/cow_sample_interval", "/sys/module/faultline/parameters/hz",
	"/sys/module/faultline/parameters/latency", "/sys/module/faultline/parameters/cow",
	"/sys/module/faultline/parameters/precopy_max_us",
};

static const char * const texts[] = {
	"R 0\n", "U 0\n", "R 0 children\n", "P 0 auto\n", "P 0 off\n", "P 0 64\n", "P 0 65\n",
	"R 1\n", "U 1\n", "R 4194305\n", "R -1\n", "R 0\nU 0\nR 0\n", "", "\n", "R", "P 0", "R 0 x\n",
	"0\n", "1\n", "8\n", "1000\n", "4294967295\n", "-1\n", "copy\n", "fault\n", "off\n", "auto\n",
	"99999999999999999999\n", "\377\n",
};

/* ---- Where the kernel has been ---- */

static unsigned long *cover;

static void cover_open(void)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return;
	if (ioctl(fd, KCOV_INIT_TRACE, COVER_WORDS))
		bail("KCOV_INIT_TRACE");
	cover = mmap(NULL, COVER_WORDS * sizeof(*cover), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		bail("KCOV_ENABLE");
}

static void cover_begin(void)
{
	if (cover)
		__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
}

/* Was it anywhere for the first time? */
static bool cover_is_new(void)
{
	unsigned long count = cover ? __atomic_load_n(&cover[0], __ATOMIC_RELAXED) : 0;
	bool new = false;

	for (unsigned long i = 1; i <= count && i < COVER_WORDS; i++) {
		bool *seen = &shared->seen[cover[i] * 0x9e3779b97f4a7c15ul >> (64 - SEEN_BITS)];

		shared->places += !*seen;
		new = new || !*seen;
		*seen = true;
	}
	return new;
}

/* ---- The calls ---- */

static int files[FILES];
static char *mapping;
static size_t mapping_bytes;
static pid_t stranger;
static bool may_see_stranger;
static sigjmp_buf fault;

static void faulted(int signal)
{
	(void)signal;
	siglongjmp(fault, 1);
}

static void call_open(const struct call *call)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_NONBLOCK, O_PATH };
	int *file = &files[call->file % FILES];
	int opened = open(paths[call->a % (sizeof(paths) / sizeof(paths[0]))],
			  flags[call->b % (sizeof(flags) / sizeof(flags[0]))] | O_CLOEXEC);

	if (opened < 0)
		return;
	close(*file);
	*file = opened;
	shared->opened++;
}

static void call_close(const struct call *call)
{
	close(files[call->file % FILES]);
	files[call->file % FILES] = -1;
}

/* A line of the status file begins with a pid, one of the histogram too. */
static void look_for_stranger(const char *text)
{
	char line[32];

	snprintf(line, sizeof(line), "\n%d ", (int)stranger);
	if (!may_see_stranger && strstr(text, line))
		shared->strangers++;
}

static void call_read(const struct call *call)
{
	static char text[1 << 16];
	struct pollfd ready = { .fd = files[call->file % FILES], .events = POLLIN };
	ssize_t got;

	/* Nobody comes to wake us. */
	if (poll(&ready, 1, 0) <= 0)
		return;
	if (call->a & 1)
		got = pread(ready.fd, text, call->b % sizeof(text), call->b >> 8);
	else
		got = read(ready.fd, text, call->b % sizeof(text));
	if (got > 0) {
		text[got] = '\0';
		look_for_stranger(text);
	}
}

static void call_write(const struct call *call)
{
	const char *text = texts[call->a % (sizeof(texts) / sizeof(texts[0]))];
	size_t length = strlen(text);

	/* A part of it, or with the NUL and what follows. */
	if (call->b % 8 == 0)
		length = call->b / 8 % (length + 2);
	shared->written += write(files[call->file % FILES], text, length) > 0;
}

static void call_seek(const struct call *call)
{
	lseek(files[call->file % FILES], (off_t)(int32_t)call->b << call->a % 32, call->a % 5);
}

static void call_unmap(void)
{
	if (mapping)
		munmap(mapping, mapping_bytes);
	mapping = NULL;
}

static void call_map(const struct call *call)
{
	static const off_t places[] = {
		0, FAULTLINE_RING_OFFSET, PAGE, FAULTLINE_RING_OFFSET - PAGE,
		FAULTLINE_RING_OFFSET + PAGE, (off_t)1 << 62, 1,
	};
	/* The ring has five pages. */
	size_t bytes = (call->b % 8 + 1) * (call->b & 256 ? PAGE : 1000);
	/* Half of them as a reader would. */
	bool plain = call->a & 8;
	void *memory;

	call_unmap();
	memory = mmap(NULL, bytes, plain ? PROT_READ : call->a % 8,
		      plain || call->a & 16 ? MAP_SHARED : MAP_PRIVATE, files[call->file % FILES],
		      places[plain ? 0 : (call->a >> 5) % (sizeof(places) / sizeof(places[0]))]);
	if (memory == MAP_FAILED)
		return;
	mapping = memory;
	mapping_bytes = bytes;
	shared->mapped++;
}

static void call_remap(const struct call *call)
{
	size_t bytes = (call->b % 32 + 1) * PAGE;
	void *memory;

	if (!mapping)
		return;
	memory = mremap(mapping, mapping_bytes, bytes, call->a & 1 ? MREMAP_MAYMOVE : 0);
	if (memory == MAP_FAILED)
		return;
	mapping = memory;
	mapping_bytes = bytes;
}

/* Read what is mapped, or try to write it. */
static void call_look(const struct call *call)
{
	volatile char *at = mapping ? mapping + call->b % mapping_bytes : NULL;

	if (!at || sigsetjmp(fault, 1))
		return;
	if (call->a & 1)
		*at = 1;
	else
		(void)*at;
}

static void call_poll(const struct call *call)
{
	struct pollfd ready = { .fd = files[call->file % FILES], .events = (short)call->a };

	poll(&ready, 1, 0);
}

static void call_fork(const struct call *call)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	/* Or later, with all the others. */
	if (call->a & 1)
		waitpid(pid, NULL, 0);
}

static void make_call(const struct call *call)
{
	shared->calls++;
	switch ((enum verb)call->verb) {
	case OPEN:	call_open(call); break;
	case CLOSE:	call_close(call); break;
	case READ:	call_read(call); break;
	case WRITE:	call_write(call); break;
	case SEEK:	call_seek(call); break;
	case MAP:	call_map(call); break;
	case PROTECT:
		if (mapping)
			mprotect(mapping, mapping_bytes, call->a % 8);
		break;
	case REMAP:	call_remap(call); break;
	case UNMAP:	call_unmap(); break;
	case ADVISE:
		if (mapping)
			madvise(mapping, mapping_bytes, call->a % 26);
		break;
	case LOOK:	call_look(call); break;
	case POLL:	call_poll(call); break;
	case IOCTL:
		ioctl(files[call->file % FILES], call->b, call->a);
		break;
	case FORK:	call_fork(call); break;
	case VERBS:	break;
	}
}

/* ---- Sequences ---- */

/* Those that take long are rare: a fork a hundred times what a read does. */
static enum verb random_verb(void)
{
	static const unsigned int weights[VERBS] = {
		[OPEN] = 80, [CLOSE] = 20, [READ] = 400, [WRITE] = 800, [SEEK] = 200, [MAP] = 400,
		[PROTECT] = 200, [REMAP] = 200, [UNMAP] = 80, [ADVISE] = 200, [LOOK] = 400,
		[POLL] = 400, [IOCTL] = 200, [FORK] = 1,
	};
	unsigned int total = 0, verb = 0;
	uint64_t chosen;

	for (int i = 0; i < VERBS; i++)
		total += weights[i];
	for (chosen = random_below(total); chosen >= weights[verb]; verb++)
		chosen -= weights[verb];
	return verb;
}

static struct call random_call(void)
{
	return (struct call){
		.verb = (uint8_t)random_verb(),
		.file = (uint8_t)random_below(FILES), .a = (uint16_t)random_below(1 << 16),
		.b = (uint32_t)random_below(random_below(2) ? 1ull << 32 : 512),
	};
}

static struct sequence random_sequence(void)
{
	struct sequence sequence = { .length = (int)random_below(SEQUENCE_MAX) + 1 };

	for (int i = 0; i < sequence.length; i++)
		sequence.calls[i] = random_call();
	return sequence;
}

/* The beginning of one that was kept, some of its calls replaced, and the end of another. */
static struct sequence next_sequence(void)
{
	struct sequence sequence, other;
	int from;

	if (!shared->kept || random_below(8) == 0)
		return random_sequence();
	sequence = shared->corpus[random_below(shared->kept)];
	other = shared->corpus[random_below(shared->kept)];
	for (unsigned int i = 0; i < 1 + random_below(4); i++)
		sequence.calls[random_below((uint64_t)sequence.length)] = random_call();
	for (from = (int)random_below((uint64_t)other.length);
	     from < other.length && sequence.length < SEQUENCE_MAX; from++)
		sequence.calls[sequence.length++] = other.calls[from];
	return sequence;
}

static void keep(const struct sequence *sequence)
{
	if (shared->kept < KEPT_MAX)
		shared->corpus[shared->kept++] = *sequence;
}

/* One process's part: a round as root, or as a user. */
static int make_round(void *as_user)
{
	const uint64_t end = shared->calls + ROUND;
	const struct sigaction fault_action = { .sa_handler = faulted };

	sigaction(SIGSEGV, &fault_action, NULL);
	sigaction(SIGBUS, &fault_action, NULL);
	random_seed(SEED + shared->calls);
	for (int i = 0; i < FILES; i++)
		files[i] = -1;
	cover_open();
	may_see_stranger = !as_user;
	if (as_user && (setgroups(0, NULL) || setresgid(USER, USER, USER) ||
			setresuid(USER, USER, USER)))
		bail("cannot become %d", USER);
	while (shared->calls < end) {
		struct sequence sequence = next_sequence();

		cover_begin();
		for (int i = 0; i < sequence.length; i++)
			make_call(&sequence.calls[i]);
		if (cover_is_new())
			keep(&sequence);
	}
	return 0;
}

/* ---- Between rounds ---- */

static bool is_foreign(const char *text)
{
	/* KCSAN finds much that has nothing to do with us. */
	if (access("/sys/kernel/debug/kcsan", F_OK) == 0)
		return strstr(text, "[faultline]");
	/* The second: a machine so slow that it cannot keep up with its clock. */
	return strncmp(text, "faultline: ", 11) && strncmp(text, "hrtimer: interrupt took", 23);
}

/*
 * Root is told in the log of each wrong value, and soon nobody finds there what the kernel itself
 * said: count that as it comes.
 */
static unsigned int read_log(int log)
{
	char line[8192];
	unsigned int foreign = 0;
	const char *text;
	ssize_t got;

	while ((got = read(log, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		if (got <= 0) {
			foreign++;
			printf("# the log was overwritten before it was read\n");
			continue;
		}
		line[got] = '\0';
		/* Number, time and the like; then what was said. */
		text = strchr(line, ';');
		if (text && is_foreign(text + 1)) {
			foreign++;
			printf("# %s", text + 1);
		}
	}
	return foreign;
}

/* What root may have left behind, some of which makes all that follows slow. */
static void tidy_up(void)
{
	status_unregister(1);
	if (module_set("hz", "20") || module_set("latency", "off"))
		bail("hz=20 latency=off");
}

static bool is_alone(void *header)
{
	return ((const volatile struct faultline_header *)header)->registered == 1;
}

int main(void)
{
	const char *wanted = getenv("CALLS");
	const uint64_t calls = wanted ? strtoull(wanted, NULL, 10) : CALLS_DEFAULT;
	const struct faultline_header *header;
	struct faultline_header before;
	unsigned int foreign = 0;
	int died = 0, log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		bail("mmap");
	module_load("ring_records=64");
	/* The user is one of those who may. */
	if (chmod(FAULTLINE_DEVICE, 0666))
		bail("chmod");
	header = ring_map();
	ring_keep_from_children(header);
	before = *header;
	stranger = child_start_stopped(child_sleep, NULL);
	if (status_register(stranger))
		bail("R");
	if (lseek(log, 0, SEEK_END))
		bail("/dev/kmsg");
	for (int round = 0; shared->calls < calls; round++) {
		died += child_wait(child_start(make_round, round % 2 ? &before : NULL)) != 0;
		if (died)
			break;
		tidy_up();
		foreign += read_log(log);
		if (round % 100 == 99)
			progress("%llu calls, %llu places", (unsigned long long)shared->calls,
				 (unsigned long long)shared->places);
	}
	printf("# %llu calls: %llu files opened, %llu mappings, %llu writes; %llu places in the kernel, "
	       "%llu sequences kept\n", (unsigned long long)shared->calls,
	       (unsigned long long)shared->opened, (unsigned long long)shared->mapped,
	       (unsigned long long)shared->written, (unsigned long long)shared->places,
	       (unsigned long long)shared->kept);
	ok(shared->calls >= calls && !died, "%llu calls come back", (unsigned long long)shared->calls);
	ok(shared->opened && shared->mapped && shared->written,
	   "some of them open, map and write");
	ok(!foreign, "and the kernel has nothing to say of its own: %u", foreign);
	ok(!shared->strangers, "a user was never shown another's process");
	ok(memcmp(header, &before, offsetof(struct faultline_header, hz)) == 0 &&
	   header->capacity == 64, "what the ring says of itself is as it was");
	ok(wait_until(is_alone, (void *)header), "nobody but that process is registered");
	child_end(stranger);
	ok(ring_wait_idle(header), "which ends");
	ring_unmap(header);
	ok(module_unload() == 0, "and nothing keeps the module");
	return finish();
}

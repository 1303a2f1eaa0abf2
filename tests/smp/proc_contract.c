// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/faultline/status takes the lines of its contract and answers any other with
 * the errno that the contract names, and a line that is refused changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"

static int fd;

/* One write: the bytes taken, or a negative errno. */
static long put(const char *text, size_t length)
{
	ssize_t taken = write(fd, text, length);

	return taken < 0 ? -errno : taken;
}

/* The whole status file.  While nothing is registered it stands still. */
static void read_all(char *text, size_t size)
{
	int status = open(FAULTLINE_STATUS, O_RDONLY | O_CLOEXEC);
	ssize_t bytes;
	size_t used = 0;

	while (status >= 0 && (bytes = read(status, text + used, size - 1 - used)) > 0)
		used += (size_t)bytes;
	text[used] = '\0';
	close(status);
}

static int registered(void)
{
	char text[64];

	return status_setting("processes", text, sizeof(text)) ? atoi(text) : -1;
}

/* A write that must be refused as a whole: with this errno, and with no effect. */
static void refuse(int error, const char *text, size_t length, const char *name)
{
	static char before[1 << 16], after[1 << 16];
	long result;

	read_all(before, sizeof(before));
	result = put(text, length);
	read_all(after, sizeof(after));
	ok(result == -error && strcmp(before, after) == 0, "%s gets %s and changes nothing (%ld)",
	   name, strerrorname_np(error), result);
}

static void refuse_line(int error, char verb, pid_t pid, const char *name)
{
	char line[32];
	int length = snprintf(line, sizeof(line), "%c %d\n", verb, (int)pid);

	refuse(error, line, (size_t)length, name);
}

#define BYTES(literal)	literal, sizeof(literal) - 1

static void refuse_bad_syntax(void)
{
	static const struct {
		const char *text;
		size_t length;
		const char *name;
	} bad[] = {
		{ BYTES("\n"),				"an empty line" },
		{ BYTES("\n\n\n"),			"only newlines" },
		{ BYTES(" \n"),				"a blank" },
		{ BYTES("R"),				"a verb alone" },
		{ BYTES("R\n"),				"a verb alone, with its newline" },
		{ BYTES("R \n"),			"a verb and a blank" },
		{ BYTES("R x\n"),			"a word for a pid" },
		{ BYTES("R -1\n"),			"a negative pid" },
		{ BYTES("R +1\n"),			"a pid with a sign" },
		{ BYTES("R 0x1\n"),			"a hexadecimal pid" },
		{ BYTES("R 1x\n"),			"a pid and more" },
		{ BYTES("R 1.0\n"),			"a fraction" },
		{ BYTES("R 1 2\n"),			"two pids" },
		{ BYTES("R 1 child\n"),			"another word than children" },
		{ BYTES("R 1 childrenx\n"),		"a longer one" },
		{ BYTES("R 1 Children\n"),		"one with a capital" },
		{ BYTES("R 1 children x\n"),		"a word after children" },
		{ BYTES("R 1 children children\n"),	"children twice" },
		{ BYTES("R 1children\n"),		"no blank before children" },
		{ BYTES("R children\n"),		"children of nobody" },
		{ BYTES("R children 1\n"),		"children before the pid" },
		{ BYTES("R 1 children\0\n"),		"a NUL after children" },
		{ BYTES("U 1 children\n"),		"to unregister children" },
		{ BYTES("R 2147483648\n"),		"a pid of 2^31" },
		{ BYTES("R 4294967297\n"),		"a pid of 2^32 + 1" },
		{ BYTES("R 99999999999999999999\n"),	"a pid beyond 64 bits" },
		{ BYTES("R\t1\n"),			"a tab after the verb" },
		{ BYTES("R1\n"),			"no blank after the verb" },
		{ BYTES(" R 1\n"),			"a blank before the verb" },
		{ BYTES("r 1\n"),			"a small verb" },
		{ BYTES("X 1\n"),			"another verb" },
		{ BYTES("RU 1\n"),			"two verbs" },
		{ BYTES("R 1\xa0\n"),			"a blank of another character set" },
		{ BYTES("R 1\0\n"),			"a NUL after the pid" },
		{ BYTES("R 1\0R 1\n"),			"a NUL between two commands" },
		{ BYTES("R \0" "1\n"),			"a NUL before the pid" },
		{ BYTES("\0\n"),			"a NUL" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuse(EINVAL, bad[i].text, bad[i].length, bad[i].name);
}

static void refuse_long_garbage(void)
{
	static char text[100 * 1000];

	memset(text, 'R', sizeof(text));
	refuse(EINVAL, text, 5000, "a line of 5000 letters without an end");
	memset(text, '1', sizeof(text));
	memcpy(text, "R ", 2);
	refuse(EINVAL, text, 5000, "a pid of 4998 digits without an end");
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)i;
	refuse(EINVAL, text, 256, "every byte from 0 to 255");
	refuse(EINVAL, text + 1, 255, "every byte from 1 to 255");
	refuse(EINVAL, text, sizeof(text), "100 kB of garbage");
}

static _Noreturn void *tell_thread_id(void *id)
{
	__atomic_store_n((pid_t *)id, gettid(), __ATOMIC_RELEASE);
	for (;;)
		pause();
}

static pid_t other_thread(void)
{
	static pid_t id;
	pthread_t thread;

	pthread_create(&thread, NULL, tell_thread_id, &id);
	while (!__atomic_load_n(&id, __ATOMIC_ACQUIRE))
		sleep_ms(1);
	return id;
}

static pid_t zombie(void)
{
	pid_t pid = child_start(child_sleep, NULL);
	siginfo_t info;

	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	return pid;
}

static void refuse_pids_without_process(void)
{
	pid_t gone = child_start(child_sleep, NULL), dead = zombie(), thread = other_thread();

	child_end(gone);
	refuse_line(ESRCH, 'R', gone, "a pid that nobody has");
	refuse_line(ESRCH, 'U', gone, "to unregister a pid that nobody has");
	refuse_line(ESRCH, 'R', 2147483647, "the largest pid");
	refuse_line(ESRCH, 'R', 2, "a kernel thread");
	refuse_line(ESRCH, 'R', thread, "a thread that leads no process");
	refuse_line(ESRCH, 'R', dead, "a zombie");
	refuse_line(ESRCH, 'U', dead, "to unregister a zombie");
	child_wait(dead);
}

static void refuse_twice(void)
{
	pid_t pid = child_start(child_sleep, NULL);

	refuse_line(ENOENT, 'U', pid, "to unregister what is not registered");
	ok(status_register(pid) == 0 && status_register(pid) == EEXIST && registered() == 1,
	   "to register twice gets EEXIST, and counts once");
	ok(status_unregister(pid) == 0 && registered() == 0, "once is enough to unregister");
	refuse_line(ENOENT, 'U', pid, "to unregister twice");
	child_end(pid);
}

static void take_many_lines(void)
{
	pid_t a = child_start(child_sleep, NULL), b = child_start(child_sleep, NULL);
	struct counters counters;
	char text[64];
	int whole, first, rest;

	whole = snprintf(text, sizeof(text), "R %d\nR   %d  \nU %d\n", (int)a, (int)b, (int)a);
	ok(put(text, (size_t)whole) == whole && registered() == 1 && status_read(b, &counters),
	   "several lines in one write take effect in their order");

	first = snprintf(text, sizeof(text), "R %d\n", (int)a);
	rest = snprintf(text + first, sizeof(text) - (size_t)first, "R %d\nU %d\n", (int)b, (int)a);
	ok(put(text, (size_t)(first + rest)) == first && status_read(a, &counters),
	   "a write stops before the line that is refused and returns the bytes before it");
	ok(put(text + first, (size_t)rest) == -EEXIST && status_read(a, &counters),
	   "the rest, written again, gets that line's error, and later lines have no effect");

	first = snprintf(text, sizeof(text), "U %d\nU %d", (int)a, (int)b);
	ok(put(text, (size_t)first) == first && registered() == 0,
	   "the last line needs no newline");
	ok(put(text, 0) == 0, "a write of no bytes is none");

	whole = snprintf(text, sizeof(text), "R  %d \t children\t\nU %d", (int)a, (int)a);
	ok(put(text, (size_t)whole) == whole && registered() == 0,
	   "blanks and tabs may stand around children");
	child_end(a);
	child_end(b);
}

static int register_writer(void *unused)
{
	struct counters counters;

	(void)unused;
	return status_register(0) || !status_read(getpid(), &counters) ||
	       status_register(getpid()) != EEXIST || status_unregister(0);
}

static void take_zero_for_the_writer(void)
{
	pid_t writer = child_start(register_writer, NULL);

	ok(child_wait(writer) == 0, "0 is the process that writes");
}

/* Since then, with any of these flags: a tick in between has none. */
static uint64_t records_with(const struct faultline_header *header, uint64_t before, uint32_t flags)
{
	uint64_t count = 0;

	for (uint64_t seq = before + 1; seq <= header->head; seq++)
		count += !!(ring_record(header, seq)->flags & flags);
	return count;
}

/* What stdio does with a text that is longer than one write takes. */
static void take_more_than_a_page(void)
{
	const struct faultline_header *header = ring_map();
	const size_t pairs = 1000, pair = strlen("R 0\nU 0\n");
	uint64_t before = header->head, firsts, lasts;
	size_t done = 0, writes = 0;
	static char text[8001];
	long taken = 0;

	for (size_t i = 0; i < pairs; i++)
		memcpy(text + i * pair, "R 0\nU 0\n", pair + 1);
	while (done < pairs * pair && (taken = put(text + done, pairs * pair - done)) > 0) {
		done += (size_t)taken;
		writes++;
	}
	ok(done == pairs * pair && writes > 1,
	   "8000 bytes of lines go in through %zu short writes (%ld)", writes, taken);
	firsts = records_with(header, before, FAULTLINE_FIRST);
	lasts = records_with(header, before, FAULTLINE_UNREGISTERED);
	ok(firsts == pairs && lasts == pairs && registered() == 0,
	   "and each took effect once: %llu first records, %llu last ones",
	   (unsigned long long)firsts, (unsigned long long)lasts);
}

/* Two processes fill the module, which was loaded with max_processes=2. */
static void refuse_when_full(void)
{
	pid_t pids[3];

	for (int i = 0; i < 3; i++)
		pids[i] = child_start(child_sleep, NULL);
	ok(status_register(pids[0]) == 0 && status_register(pids[1]) == 0 &&
	   status_register(pids[2]) == ENOSPC && registered() == 2,
	   "one process more than max_processes gets ENOSPC");
	ok(status_register(pids[0]) == EEXIST, "a registered one gets EEXIST even then");
	ok(status_unregister(pids[1]) == 0 && status_register(pids[2]) == 0,
	   "and there is room again once one is unregistered");
	for (int i = 0; i < 3; i++)
		child_end(pids[i]);
}

int main(void)
{
	module_load("max_processes=2");
	fd = open(FAULTLINE_STATUS, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		bail(FAULTLINE_STATUS);
	refuse_bad_syntax();
	refuse_long_garbage();
	refuse_pids_without_process();
	refuse_twice();
	take_many_lines();
	take_zero_for_the_writer();
	take_more_than_a_page();
	refuse_when_full();
	return finish();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Every way to count copy-on-write either counts or says n/a and why: in the status
 * file, in the records and in the profile.  Never does it say 0 for what it cannot see.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"

enum { PAGES = 323 };

#define FTRACE_SWITCH	"/proc/sys/kernel/ftrace_enabled"

static volatile char *pages;

static bool kernel_has(const char *function)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	bool found = false;

	if (!symbols)
		bail("/proc/kallsyms");
	while (!found && fgets(line, sizeof(line), symbols))
		found = sscanf(line, "%*s %*s %255s", name) == 1 && strcmp(name, function) == 0;
	fclose(symbols);
	return found;
}

static int set_ftrace(const char *value)
{
	int fd = open(FTRACE_SWITCH, O_WRONLY | O_CLOEXEC), error;

	if (fd < 0)
		bail(FTRACE_SWITCH);
	error = write(fd, value, 1) < 0 ? errno : 0;
	close(fd);
	return error;
}

/*
 * What the module counts while this process copies PAGES pages; -1 for n/a.  Reading
 * the counters copies pages too, of stack and heap: the first time after a fork only.
 */
static long long count_copies(void)
{
	struct counters before, after;
	pid_t sharer;

	memory_write(pages, PAGES);
	sharer = child_start(child_sleep, NULL);
	status_read(getpid(), &after);
	status_read(getpid(), &before);
	memory_write(pages, PAGES);
	status_read(getpid(), &after);
	child_end(sharer);
	return after.cow < 0 ? -1 : after.cow - before.cow;
}

/* Do all records of the run agree that COW is counted, or that it is not? */
static bool records_say(bool counted)
{
	const struct faultline_header *header = ring_map();
	bool agree = header->head > 0;

	for (uint64_t seq = header->run; seq <= header->head; seq++)
		agree = agree && !!(ring_record(header, seq)->flags & FAULTLINE_COW) == counted;
	ring_unmap(header);
	return agree;
}

static bool profile_says(bool counted)
{
	FILE *monitor = popen("./monitor --dump 2> /dev/null", "re");
	char line[512], cow[32];
	bool agree = true;
	int rows = 0;

	if (!monitor)
		bail("popen");
	while (fgets(line, sizeof(line), monitor)) {
		if (sscanf(line, "%*f %*d %*d %*d %*d %*d %*d %*d %*d %31s", cow) != 1)
			continue;
		agree = agree && (strcmp(cow, "n/a") != 0) == counted;
		rows++;
	}
	pclose(monitor);
	return agree && rows > 0;
}

/* A method that attaches; @how is what people read. */
static void counts(const char *parameter, const char *how)
{
	char said[128];
	long long copies;
	int err;

	module_load(parameter);
	status_register(0);
	copies = count_copies();
	status_setting("cow", said, sizeof(said));
	ok(strcmp(said, how) == 0, "%s counts by %s", parameter, said);
	ok(copies == PAGES, "%s: %lld copies of %d", parameter, copies, PAGES);
	ok(records_say(true) && profile_says(true), "%s: records and profile give the count",
	   parameter);
	err = set_ftrace("0");
	/* Since 7.3 it never can. */
	ok(err == EBUSY || err == EOPNOTSUPP, "%s: ftrace cannot be switched off meanwhile",
	   parameter);
	/* Undo it all the same. */
	set_ftrace("1");
	status_unregister(0);
	if (module_unload())
		bail("rmmod");
}

/* One that does not, for this reason. */
static void says_why_not(const char *parameter, const char *why)
{
	char said[128], reason[128];

	snprintf(reason, sizeof(reason), "n/a: %s", why);
	module_load(parameter);
	status_register(0);
	status_setting("cow", said, sizeof(said));
	ok(strcmp(said, reason) == 0, "%s gives the reason: %s", parameter, said);
	ok(count_copies() == -1, "%s: the status file shows n/a", parameter);
	ok(records_say(false) && profile_says(false), "%s: records and profile do as well",
	   parameter);
	status_unregister(0);
	if (module_unload())
		bail("rmmod");
}

static void without_ftrace(void)
{
	static const char * const all[] = { "cow=auto", "cow=ftrace", "cow=kprobe" };
	int err = set_ftrace("0");

	/* Since 7.3. */
	if (err == EOPNOTSUPP) {
		skip("without ftrace: this kernel does not let it be switched off");
		return;
	}
	if (err)
		bail(FTRACE_SWITCH);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		says_why_not(all[i], "kernel.ftrace_enabled is 0");
	if (set_ftrace("1"))
		bail(FTRACE_SWITCH);
}

int main(void)
{
	bool inlined = !kernel_has("wp_page_copy");
	const char *caller = inlined ? "do_wp_page" : "wp_page_copy";
	char by_ftrace[64], by_kprobe[64];

	snprintf(by_ftrace, sizeof(by_ftrace), "ftrace ptep_clear_flush called by %s", caller);
	snprintf(by_kprobe, sizeof(by_kprobe), "kprobe ptep_clear_flush called by %s", caller);
	pages = memory_map(PAGES);
	counts("cow=auto", by_ftrace);
	counts("cow=ftrace", by_ftrace);
	counts("cow=kprobe", by_kprobe);
	if (inlined)
		says_why_not("cow=entry", "no hook attaches to this kernel");
	else
		counts("cow=entry", "kprobe wp_page_copy, attempts");
	says_why_not("cow=off", "switched off by cow=off");
	without_ftrace();
	/* Nothing that was tried in vain is left behind. */
	counts("cow=auto", by_ftrace);
	return finish();
}

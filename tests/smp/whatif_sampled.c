// SPDX-License-Identifier: GPL-2.0
/*
 * `faultline-whatif sample` finds the pages that a process writes in each epoch, and no others, and
 * what is made of them says that they are a sample.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "tap.h"

enum { PAGES = 64, WRITTEN = 16, READ = 16, EPOCHS = 3, COMMAND_BYTES = 256, LINE_BYTES = 256 };

static volatile char *memory;
static volatile int *ready;

/* All of its pages once, and then some of them for ever. */
static int touch(void *unused)
{
	(void)unused;
	memory_write(memory, PAGES);
	*ready = 1;
	while (*ready) {
		memory_write(memory, WRITTEN);
		memory_read(memory + WRITTEN * PAGE_BYTES, READ);
	}
	return 0;
}

static pid_t start(void)
{
	pid_t pid;

	*ready = 0;
	pid = child_start(touch, NULL);
	while (!*ready)
		usleep(10000);
	return pid;
}

static int sample(pid_t pid, const char *options)
{
	char command[COMMAND_BYTES];

	snprintf(command, sizeof(command), "./faultline-whatif sample -p %d %s", pid, options);
	return system(command);
}

static bool says(const char *command, const char *expected)
{
	FILE *pipe = popen(command, "r");
	char line[LINE_BYTES];
	bool said = false;

	if (!pipe)
		bail("%s", command);
	while (fgets(line, sizeof(line), pipe))
		said |= strstr(line, expected) != NULL;
	return pclose(pipe) == 0 && said;
}

/**
 * struct found - what an epoch found
 * @written: of the pages that are written all the time, how many
 * @others: of the other pages of the memory
 * @kilobytes: read or written, in all of the process
 */
struct found {
	int written;
	int others;
	uint64_t kilobytes;
};

static int read_trace(const char *path, struct found *found)
{
	FILE *file = fopen(path, "r");
	uint64_t address, page;
	char line[LINE_BYTES];
	int epochs = 0;

	if (!file)
		bail("%s", path);
	while (fgets(line, sizeof(line), file)) {
		if (strncmp(line, "# epoch ", 8) == 0 && epochs < EPOCHS)
			found[epochs++] = (struct found){ 0 };
		if (!epochs)
			continue;
		sscanf(line, "# %*u pages written, %" SCNu64, &found[epochs - 1].kilobytes);
		if (sscanf(line, "%*u W %" SCNx64, &address) != 1)
			continue;
		page = (address - (uintptr_t)memory) / PAGE_BYTES;
		if (page < WRITTEN)
			found[epochs - 1].written++;
		else if (page < PAGES)
			found[epochs - 1].others++;
	}
	fclose(file);
	return epochs;
}

static void look_at_epochs(pid_t pid)
{
	struct found found[EPOCHS];
	int epochs;

	ok(sample(pid, "-e 1 -c 3 -o /tmp/trace") == 0, "a process is sampled");
	epochs = read_trace("/tmp/trace", found);
	ok(epochs == EPOCHS, "%d of %d epochs are told", epochs, EPOCHS);
	for (int i = 0; i < epochs; i++) {
		ok(found[i].written == WRITTEN && !found[i].others,
		   "epoch %d: %d of the %d pages that are written are found, and %d of %d others",
		   i + 1, found[i].written, WRITTEN, found[i].others, PAGES - WRITTEN);
		ok(found[i].kilobytes >= (WRITTEN + READ) * PAGE_BYTES / 1024,
		   "epoch %d: reads are in the %" PRIu64 " KB that are told", i + 1,
		   found[i].kilobytes);
	}
}

static void look_at_mode(void)
{
	struct stat status;

	if (stat("/tmp/trace", &status))
		bail("/tmp/trace");
	ok((status.st_mode & ALLPERMS) == 0600, "nobody else may read the file: its mode is %o",
	   status.st_mode & ALLPERMS);
}

static void look_at_labels(void)
{
	ok(says("head -1 /tmp/trace", "# sampled: "), "the trace says that it is a sample");
	ok(says("./faultline-whatif /tmp/trace -n 8 -F csv", ",sampled,"), "and so does its replay");
	ok(says("./faultline-whatif mrc /tmp/trace -n 8 -F csv", ",sampled,"), "and its curve");
	ok(system("./faultline-whatif compile /tmp/trace /tmp/compiled") == 0 &&
	   says("./faultline-whatif /tmp/compiled -n 8 -p 64k -F csv", ",sampled,"),
	   "and so it does when it was compiled, and its pages made larger");
	ok(says("./faultline-whatif animate /tmp/trace", "\"sampled\":1"), "and so does its animation");
	ok(system("grep -v '# sampled' /tmp/trace > /tmp/accesses") == 0 &&
	   says("./faultline-whatif /tmp/accesses -n 8 -F csv", ",accesses,"),
	   "other traces do not");
}

static int run_another(void *unused)
{
	(void)unused;
	sleep(1);
	execl("./work", "work", "--no-register", "8", "R", "1000", "--rounds", "100000", NULL);
	return 1;
}

static void look_at_another_program(void)
{
	pid_t pid = child_start(run_another, NULL);

	ok(sample(pid, "-e 1 -c 5 -o /tmp/another") == 0 &&
	   system("tail -n 1 /tmp/another | grep -q '^# [1-9][0-9]* pages written'") == 0,
	   "who executes another program is sampled in that, too");
	child_end(pid);
}

static int sample_for_long(void *pid)
{
	return sample(*(pid_t *)pid, "-e 0.2 -c 1000 -o /tmp/until") ? 1 : 0;
}

/* What will be the file has something in it. */
static bool has_sampled(void *unused)
{
	(void)unused;
	return system("[ -s /tmp/.until.* ]") == 0;
}

static void look_at_ends(pid_t pid)
{
	pid_t sampler = child_start(sample_for_long, &pid);

	if (!wait_until(has_sampled, NULL))
		bail("/tmp/until");
	child_end(pid);
	ok(child_wait(sampler) == 0, "sampling ends when the process does, and all is well");
	ok(says("./faultline-whatif /tmp/until -n 8 -F csv", ",sampled,"), "what there is, is kept");
	ok(sample(pid, "2> /tmp/said") != 0 && says("cat /tmp/said", "No such process"),
	   "a process that has ended is refused");
}

int main(void)
{
	struct utsname name;
	pid_t pid;

	/* Guests have no /var/tmp. */
	setenv("TMPDIR", "/tmp", 1);
	memory = memory_map(PAGES);
	ready = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ready == MAP_FAILED || uname(&name))
		bail("memory");
	if (strcmp(name.machine, "x86_64") != 0) {
		ok(sample(getpid(), "2> /tmp/said") != 0 &&
		   says("cat /tmp/said", "no soft-dirty bits"),
		   "a kernel without soft-dirty bits is told, and nothing made up");
		return finish();
	}
	pid = start();
	look_at_epochs(pid);
	look_at_mode();
	look_at_labels();
	look_at_another_program();
	look_at_ends(pid);
	return finish();
}

// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"
#include "times.h"

int module_try_load(const char *parameters)
{
	int fd = open("/faultline/faultline.ko", O_RDONLY | O_CLOEXEC);
	int error;

	if (fd < 0)
		bail("faultline.ko");
	error = syscall(SYS_finit_module, fd, parameters, 0) ? errno : 0;
	close(fd);
	return error;
}

void module_load(const char *parameters)
{
	errno = module_try_load(parameters);
	if (errno)
		bail("cannot load faultline.ko %s", parameters);
}

int module_unload(void)
{
	return syscall(SYS_delete_module, "faultline", O_NONBLOCK) ? errno : 0;
}

int module_set(const char *parameter, const char *value)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/faultline/parameters/%s", parameter);
	return file_put(path, value);
}

int status_write(const char *text)
{
	return file_put(FAULTLINE_STATUS, text);
}

static int command(char verb, pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "%c %d\n", verb, (int)pid);
	return status_write(text);
}

int status_register(pid_t pid)
{
	return command('R', pid);
}

int status_register_children(pid_t pid)
{
	char text[32];

	snprintf(text, sizeof(text), "R %d children\n", (int)pid);
	return status_write(text);
}

pid_t status_start_followed(int (*body)(void *unused))
{
	pid_t pid = child_start_stopped(body, NULL);

	errno = status_register_children(pid);
	if (errno)
		bail("R %d children", (int)pid);
	child_resume(pid);
	return pid;
}

int status_unregister(pid_t pid)
{
	return command('U', pid);
}

static FILE *status_open(void)
{
	FILE *file = fopen(FAULTLINE_STATUS, "re");

	if (!file)
		bail(FAULTLINE_STATUS);
	return file;
}

const char * const kind_names[FAULTLINE_KINDS] = {
	"anon", "zero", "file", "file_first", "ksm", "hugetlb", "remote",
};

/* Where a column of this name goes; NULL if no test asks for it. */
static long long *place_of(const char *name, struct counters *counters)
{
	const struct {
		const char *name;
		long long *place;
	} places[] = {
		{ "pid",	&counters->pid },
		{ "ppid",	&counters->ppid },
		{ "id",		&counters->id },
		{ "threads",	&counters->threads },
		{ "minor",	&counters->minor },
		{ "major",	&counters->major },
		{ "cow",	&counters->cow },
		{ "user_ns",	&counters->user_ns },
		{ "system_ns",	&counters->system_ns },
		{ "rss_bytes",	&counters->rss_bytes },
		{ "swap_bytes",	&counters->swap_bytes },
		{ "parent_id",	&counters->parent_id },
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (strcmp(name, places[i].name) == 0)
			return places[i].place;
	for (int kind = 0; kind < FAULTLINE_KINDS; kind++)
		if (strncmp(name, "cow_", 4) == 0 && strcmp(name + 4, kind_names[kind]) == 0)
			return &counters->cow_kinds[kind];
	return NULL;
}

/* Fill in from a line of names and one of values; both are cut up. */
static void take_row(char *names, char *values, struct counters *counters)
{
	size_t filled = 0, wanted = sizeof(*counters) / sizeof(long long);
	char *name, *value;
	long long *place;

	while ((name = strsep(&names, " \n")) && (value = strsep(&values, " \n"))) {
		place = place_of(name, counters);
		if (!place)
			continue;
		*place = strcmp(value, "n/a") == 0 ? -1 : atoll(value);
		filled++;
	}
	if (filled != wanted)
		bail("%zu columns of %zu in the status file", filled, wanted);
}

bool status_read(pid_t pid, struct counters *counters)
{
	FILE *file = status_open();
	char names[1024], copy[1024], line[1024];
	bool found = false;

	if (!fgets(names, sizeof(names), file))
		bail(FAULTLINE_STATUS);
	while (!found && fgets(line, sizeof(line), file) && line[0] != '#') {
		strcpy(copy, names);
		take_row(copy, line, counters);
		found = counters->pid == pid;
	}
	fclose(file);
	return found;
}

bool status_setting(const char *key, char *value, size_t size)
{
	FILE *file = status_open();
	char line[512], prefix[64];
	bool found = false;
	int length = snprintf(prefix, sizeof(prefix), "# %s: ", key);

	while (!found && fgets(line, sizeof(line), file)) {
		found = strncmp(line, prefix, (size_t)length) == 0;
		if (found) {
			line[strcspn(line, "\n")] = '\0';
			snprintf(value, size, "%s", line + length);
		}
	}
	fclose(file);
	return found;
}

static size_t ring_bytes(const struct faultline_header *header)
{
	return header->data_offset + header->capacity * header->record_size;
}

const struct faultline_header *ring_map(void)
{
	int fd = open(FAULTLINE_DEVICE, O_RDONLY | O_CLOEXEC);
	const struct faultline_header *header;
	size_t bytes;

	if (fd < 0)
		bail(FAULTLINE_DEVICE);
	header = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, FAULTLINE_RING_OFFSET);
	if (header == MAP_FAILED)
		bail("mmap of the header");
	bytes = ring_bytes(header);
	munmap((void *)header, 4096);
	header = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, FAULTLINE_RING_OFFSET);
	if (header == MAP_FAILED)
		bail("mmap of %zu bytes", bytes);
	close(fd);
	return header;
}

void ring_unmap(const struct faultline_header *header)
{
	munmap((void *)header, ring_bytes(header));
}

void ring_keep_from_children(const struct faultline_header *header)
{
	if (madvise((void *)header, ring_bytes(header), MADV_DONTFORK))
		bail("MADV_DONTFORK");
}

const struct faultline_record *ring_record(const struct faultline_header *header, uint64_t seq)
{
	return (const void *)((const char *)header + header->data_offset +
			      (seq - 1) % header->capacity * header->record_size);
}

const struct faultline_record *ring_newest(const struct faultline_header *header, uint64_t id)
{
	const struct faultline_record *record;

	for (uint64_t seq = __atomic_load_n(&header->head, __ATOMIC_ACQUIRE); seq; seq--) {
		record = ring_record(header, seq);
		if (record->id == id)
			return record;
	}
	return NULL;
}

static bool is_idle(void *header)
{
	return !__atomic_load_n(&((struct faultline_header *)header)->registered,
				__ATOMIC_ACQUIRE);
}

bool ring_wait_idle(const struct faultline_header *header)
{
	return wait_until(is_idle, (void *)header);
}

uint64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void sleep_ms(unsigned int ms)
{
	poll(NULL, 0, (int)ms);
}

bool wait_until(bool (*holds)(void *argument), void *argument)
{
	for (int i = 0; i < 6000; i++) {
		if (holds(argument))
			return true;
		sleep_ms(10);
	}
	return false;
}

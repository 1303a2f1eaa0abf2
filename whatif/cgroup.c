// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup.h"
#include "why.h"

enum { NUMBER_BYTES = 32, GONE_TRIES = 1000, GONE_US = 10000 };

bool cgroup_make(struct cgroup *cgroup, const char *folder, char *why)
{
	sigset_t endings;

	*cgroup = (struct cgroup){ .path = "" };
	sigemptyset(&endings);
	sigaddset(&endings, SIGHUP);
	sigaddset(&endings, SIGINT);
	sigaddset(&endings, SIGTERM);
	snprintf(cgroup->path, sizeof(cgroup->path), "%s/faultline-whatif.%d", folder, getpid());
	sigprocmask(SIG_BLOCK, &endings, &cgroup->before);
	if (!mkdir(cgroup->path, 0755))
		return true;
	why_refuse(why, "%.255s: %s", cgroup->path, strerror(errno));
	sigprocmask(SIG_SETMASK, &cgroup->before, NULL);
	return false;
}

static void name_file(const struct cgroup *cgroup, const char *name,
		      char path[PATH_MAX + NUMBER_BYTES])
{
	snprintf(path, PATH_MAX + NUMBER_BYTES, "%s/%s", cgroup->path, name);
}

static bool put(const struct cgroup *cgroup, const char *name, uint64_t value, char *why)
{
	char path[PATH_MAX + NUMBER_BYTES], text[NUMBER_BYTES];
	int fd, length = snprintf(text, sizeof(text), "%" PRIu64, value);
	bool good;

	name_file(cgroup, name, path);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	good = fd >= 0 && write(fd, text, (size_t)length) == length;
	if (!good)
		why_refuse(why, "%.255s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

bool cgroup_enter(const struct cgroup *cgroup, pid_t pid, char *why)
{
	return put(cgroup, "cgroup.procs", (uint64_t)pid, why);
}

bool cgroup_limit(const struct cgroup *cgroup, uint64_t bytes, char *why)
{
	return put(cgroup, "memory.max", bytes, why);
}

/*
 * memory.stat may leave out what CPUs have counted lately; cpu.stat, which each cgroup has, has
 * them tell.
 */
static void have_told(const struct cgroup *cgroup)
{
	char path[PATH_MAX + NUMBER_BYTES], some[NUMBER_BYTES];
	FILE *file;

	name_file(cgroup, "cpu.stat", path);
	file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(some, sizeof(some), file))
		clearerr(file);
	fclose(file);
}

bool cgroup_charges(const struct cgroup *cgroup, struct cgroup_charges *charges, char *why)
{
	char path[PATH_MAX + NUMBER_BYTES], name[NUMBER_BYTES * 2];
	uint64_t bytes;
	FILE *file;
	int found = 0;

	have_told(cgroup);
	*charges = (struct cgroup_charges){ 0 };
	name_file(cgroup, "memory.stat", path);
	file = fopen(path, "re");
	if (!file)
		return why_refuse(why, "%.255s: %s", path, strerror(errno));
	while (fscanf(file, "%63s %" SCNu64, name, &bytes) == 2) {
		if (!strcmp(name, "kernel"))
			charges->kernel = bytes;
		else if (!strcmp(name, "anon") || !strcmp(name, "file"))
			charges->pages += bytes;
		else
			continue;
		found++;
	}
	fclose(file);
	return found == 3 || why_refuse(why, "%.255s: expected anon, file and kernel", path);
}

/* Whoever was in it is gone from it a moment after it has exited. */
void cgroup_remove(const struct cgroup *cgroup)
{
	for (int try = 0; rmdir(cgroup->path) && errno == EBUSY && try < GONE_TRIES; try++)
		usleep(GONE_US);
	sigprocmask(SIG_SETMASK, &cgroup->before, NULL);
}

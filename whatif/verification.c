// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "control.h"
#include "performer.h"
#include "verification.h"

#define HUGE_ENABLED	"/sys/kernel/mm/transparent_hugepage/enabled"

enum { NUMBER_BYTES = 32 };

static bool start(struct verification *verification, struct performer *performer,
		  const struct part *part)
{
	return performer_start(performer, part) ||
	       why_refuse(verification->why, "process: %s", strerror(errno));
}

/* The accesses themselves. */
static bool act(struct verification *verification, const struct performer *performer)
{
	if (!performer_go(performer))
		return false;
	verification->major = performer->counts->major;
	verification->minor = performer->counts->minor;
	return true;
}

/* What else is wrong has been said; @killed: what it means if it was not by us. */
static bool end(struct verification *verification, struct performer *performer, bool good,
		const char *killed)
{
	int status = performer_end(performer, good);

	if (good || *verification->why)
		return good;
	return why_refuse(verification->why, "the process %s%s", WIFSIGNALED(status) ?
			  "was killed" : strerror(WEXITSTATUS(status)),
			  WIFSIGNALED(status) ? killed : "");
}

/* ---- In so many frames ---- */

/*
 * All that it has besides is in memory to stay, so that what is left of the limit is for the
 * accesses.
 */
static char *prepare_frames(const void *of)
{
	const struct trace *trace = of;
	size_t bytes = trace->header.pages * (size_t)sysconf(_SC_PAGESIZE);
	sigset_t none;
	char *memory;

	/* Who made the cgroup holds signals back until it is removed; this is whom they end. */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (mlockall(MCL_CURRENT))
		return NULL;
	memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* EINVAL: this kernel has no huge pages. */
	if (memory == MAP_FAILED || (madvise(memory, bytes, MADV_NOHUGEPAGE) && errno != EINVAL))
		return NULL;
	return memory;
}

static bool limit(struct verification *verification, const struct cgroup *cgroup, uint64_t frames)
{
	struct cgroup_charges now;

	return cgroup_charges(cgroup, &now, verification->why) &&
	       cgroup_limit(cgroup, now.pages + now.kernel +
			    frames * (uint64_t)sysconf(_SC_PAGESIZE), verification->why);
}

static bool run_in(struct verification *verification, const struct trace *trace,
		   const struct cgroup *cgroup, uint64_t frames)
{
	const struct part part = { .trace = trace, .prepare = prepare_frames, .own = trace };
	struct performer performer;
	bool good;

	if (!start(verification, &performer, &part))
		return false;
	good = cgroup_enter(cgroup, performer.pid, verification->why) && performer_go(&performer) &&
	       limit(verification, cgroup, frames) && act(verification, &performer);
	return end(verification, &performer, good, ": there is no room, or no swap");
}

bool verification_frames(struct verification *verification, const struct trace *trace,
			 const char *cgroup, uint64_t frames)
{
	struct cgroup own;
	bool good;

	if (!cgroup_make(&own, cgroup, verification->why))
		return false;
	good = run_in(verification, trace, &own, frames);
	cgroup_remove(&own);
	return good;
}

/* ---- With huge pages ---- */

static char *prepare_huge(const void *of)
{
	return arena_map(of, MADV_HUGEPAGE);
}

static char *prepare_small(const void *of)
{
	return arena_map(of, MADV_NOHUGEPAGE);
}

/* Whoever asks for them gets some. */
static bool has_huge_pages(struct verification *verification)
{
	char text[NUMBER_BYTES * 2] = "";
	FILE *file = fopen(HUGE_ENABLED, "re");

	if (!file)
		return why_refuse(verification->why, "this kernel has no transparent huge pages");
	if (!fgets(text, sizeof(text), file))
		*text = '\0';
	fclose(file);
	return !strstr(text, "[never]") ||
	       why_refuse(verification->why, "%s is never", HUGE_ENABLED);
}

bool verification_huge(struct verification *verification, const struct arena *arena, bool huge)
{
	const struct part part = {
		.trace = arena->trace,
		.prepare = huge ? prepare_huge : prepare_small,
		.own = arena,
		.place = arena->place,
	};
	struct performer performer;

	if ((huge && !has_huge_pages(verification)) || !start(verification, &performer, &part))
		return false;
	return end(verification, &performer,
		   performer_go(&performer) && act(verification, &performer), "");
}

/* ---- With pages copied ahead ---- */

/* Who has the other half of all shares, and touches none, as long as its parent lives. */
static void share(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (getppid() == parent)
		pause();
	_exit(0);
}

static char *prepare_shared(const void *of)
{
	const struct arena *arena = of;
	char *memory = arena_map(arena, MADV_NOHUGEPAGE);
	pid_t self = getpid(), pid;

	if (!memory)
		return NULL;
	for (uint64_t i = 0; i < arena->trace->header.pages; i++)
		memory[arena->place[i] << arena->page_shift] = 1;
	pid = fork();
	if (!pid)
		share(self);
	return pid < 0 ? NULL : memory;
}

static bool set_depth(struct verification *verification, pid_t pid, uint32_t depth)
{
	char setting[NUMBER_BYTES] = "off";
	int error = control_register(pid, false);

	if (depth)
		snprintf(setting, sizeof(setting), "%u", depth);
	if (!error)
		error = control_precopy(pid, setting);
	return !error || why_refuse(verification->why, "pre-copy: %s", control_explain(error));
}

static bool read_copies(struct verification *verification, pid_t pid, long long *copies)
{
	*copies = control_counted(pid, "cow_anon");
	return *copies >= 0 ||
	       why_refuse(verification->why, "pre-copy: the module cannot count copies here");
}

bool verification_precopy(struct verification *verification, const struct arena *arena,
			  uint32_t depth)
{
	const struct part part = {
		.trace = arena->trace,
		.prepare = prepare_shared,
		.own = arena,
		.place = arena->place,
		.filled = true,
	};
	long long before = 0, after = 0;
	struct performer performer;
	bool good;

	if (!start(verification, &performer, &part))
		return false;
	good = performer_go(&performer) && set_depth(verification, performer.pid, depth) &&
	       read_copies(verification, performer.pid, &before) &&
	       act(verification, &performer) &&
	       read_copies(verification, performer.pid, &after);
	verification->copies = (uint64_t)(after - before);
	return end(verification, &performer, good, "");
}

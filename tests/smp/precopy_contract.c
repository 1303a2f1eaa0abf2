// SPDX-License-Identifier: GPL-2.0
/*
 * Who gets pre-copy and how much is said by `P` lines, by the sysctls and by nobody else:
 * a process's own setting beats the system's, goes to the children that are followed,
 * survives exec and ends with the registration.  What nobody wants is not hooked.
 *
 * A setting is seen by what it does: after a write to a page that has no neighbours
 * written, so many more are tried; with auto none are, but in a run of writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "precopy.h"
#include "tap.h"
#include "times.h"

enum {
	USER	= 1000,
	PAGES	= 256,
	RUN	= 128,	/* where a run begins, and how many pages it has */
	RUN_PAGES = 16,
	/* Settings that are not depths, as the exit status of a process that tells its own. */
	OFF	= 0,
	AUTO	= 100,
	FAILED	= 101,
};

#define MAX_US	"/sys/module/faultline/parameters/precopy_max_us"
#define HOOKED	"/sys/kernel/debug/tracing/enabled_functions"

/* What a process that became another user has seen. */
static int *seen;

static long long tried(void)
{
	struct row row;

	if (!row_read(getpid(), &row))
		bail("a process does not see itself");
	return row_value(&row, "precopied") + row_value(&row, "precopy_refused");
}

static long long tried_after(volatile char *start, size_t pages)
{
	long long before = tried();

	memory_write(start, pages);
	return tried() - before;
}

/* The setting of this process, which is registered. */
static int own_setting(void)
{
	volatile char *memory = precopy_map(PAGES);
	pid_t sharer = child_start_stopped(child_sleep, NULL);
	long long depth, in_run;

	/* Reading the counters, too, writes to pages that the sharer has. */
	tried();
	depth = tried_after(memory, 1);
	in_run = tried_after(memory + RUN * PAGE_BYTES, RUN_PAGES);
	child_end(sharer);
	memory_unmap(memory, PAGES);
	if (depth)
		return (int)depth;
	return in_run ? AUTO : OFF;
}

/* What a process writes to the status file before it tells its setting. */
static int tell(void *lines)
{
	for (const char * const *line = lines; *line; line++)
		if (status_write(*line))
			return FAILED;
	return own_setting();
}

#define AFTER(...)	(const char * const []){ __VA_ARGS__, NULL }

static int setting_after(const char * const *lines)
{
	return child_wait(child_start(tell, (void *)lines));
}

static void sets(const char * const *lines, int setting, const char *claim)
{
	int told = setting_after(lines);

	ok(told == setting, "%s: %d", claim, told);
}

static void set(const char *path, const char *value)
{
	errno = file_put(path, value);
	if (errno)
		bail("%s: %s", path, value);
}

static void own_settings(void)
{
	sets(AFTER("R 0"), OFF, "who is registered has none as long as he sets none");
	sets(AFTER("R 0", "P 0"), AUTO, "P <pid> is auto");
	sets(AFTER("R 0", "P 0 auto"), AUTO, "as is P <pid> auto");
	sets(AFTER("R 0", "P 0 1"), 1, "the least depth is 1");
	sets(AFTER("R 0", "P 0 64"), 64, "the greatest is 64");
	sets(AFTER("R 0\nP 0\t 7 \nP 0  9\t"), 9,
	     "the last of several lines stands, whatever blanks are in it");
	sets(AFTER("R 0", "P 0 7", "P 0 off"), OFF, "off ends a depth");
	sets(AFTER("R 0", "P 0 off", "P 0 7"), 7, "a depth ends off");
	sets(AFTER("R 0", "P 0 7", "P 0 auto"), AUTO, "auto ends a depth");
}

static void register_self(const char *lines)
{
	errno = status_write(lines);
	if (errno)
		bail("%s", lines);
}

/* Each is refused, and the process that was named has the depth that it had. */
static void refuse_lines(void)
{
	static const char * const options[] = {
		"0", "65", "-1", "+4", "4294967297", "99999999999999999999", "0x10", "4x", "4.0",
		"on", "OFF", "Auto", "autox", "children", "4 4", "auto off", "off 4",
	};
	static const char * const lines[] = { "P", "P ", "P x", "P -1", "P auto", "P0", "p 0" };
	bool refused;

	register_self("R 0\nP 0 5\n");
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		refused = precopy_set(0, options[i]) == EINVAL;
		ok(refused && own_setting() == 5, "P <pid> %s gets EINVAL and changes nothing",
		   options[i]);
	}
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		ok(status_write(lines[i]) == EINVAL, "'%s' gets EINVAL", lines[i]);
	ok(own_setting() == 5, "none of them changes anything");
	status_unregister(0);
}

static pid_t zombie(void)
{
	pid_t pid = child_start(child_sleep, NULL);
	siginfo_t info;

	kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	return pid;
}

static void refuse_pids(void)
{
	pid_t gone = child_start(child_sleep, NULL), dead = zombie();
	pid_t other = child_start(child_sleep, NULL);

	child_end(gone);
	ok(precopy_set(gone, "4") == ESRCH, "a pid that nobody has gets ESRCH");
	ok(precopy_set(2, "4") == ESRCH, "as does a kernel thread");
	ok(precopy_set(dead, "4") == ESRCH, "and a zombie");
	ok(precopy_set(other, "4") == ENOENT, "who is not registered gets ENOENT");
	ok(precopy_set(other, "off") == ENOENT, "for off, too");
	ok(precopy_set(other, "65") == EINVAL, "a bad depth is looked at first");
	child_wait(dead);
	child_end(other);
}

static void system_settings(void)
{
	set(PRECOPY_SWITCH, "1");
	sets(AFTER("R 0"), AUTO, "the system's 1 is auto for who sets nothing");
	sets(AFTER("R 0", "P 0 off"), OFF, "off beats the system's 1");
	sets(AFTER("R 0", "P 0 3"), 3, "a depth beats the system's auto");
	set(PRECOPY_DEPTH, "6");
	sets(AFTER("R 0"), 6, "the system's depth is that of who sets nothing");
	sets(AFTER("R 0", "P 0"), AUTO, "auto beats the system's depth");
	set(PRECOPY_DEPTH, "0");
	set(PRECOPY_SWITCH, "0");
	sets(AFTER("R 0"), OFF, "the system's 0 takes it from who sets nothing");
	sets(AFTER("R 0", "P 0 3"), 3, "and not from who sets a depth");
}

/* Without a registration nothing is seen but the sum over all. */
static int write_unregistered(void *unused)
{
	volatile char *memory = precopy_map(PAGES);
	pid_t sharer = child_start_stopped(child_sleep, NULL);

	(void)unused;
	memory_write(memory, PAGES);
	child_end(sharer);
	return 0;
}

static void unregistered(void)
{
	struct cow_stats off, on;

	cow_stats_reset();
	child_wait(child_start(write_unregistered, NULL));
	cow_stats_read(&off);
	set(PRECOPY_SWITCH, "1");
	child_wait(child_start(write_unregistered, NULL));
	cow_stats_read(&on);
	set(PRECOPY_SWITCH, "0");
	ok(off.attempts == 0 && on.success >= PAGES / 2,
	   "the system's setting is that of who is not registered, too: %lld pages copied ahead "
	   "with 0, %lld with 1", off.success, on.success);
}

static int tell_own(void *unused)
{
	(void)unused;
	return own_setting();
}

static int tell_childs(void *unused)
{
	(void)unused;
	return child_wait(child_start(tell_own, NULL));
}

/* Whatever the child does with it, it is the parent's no more. */
static int change_in_child(void *unused)
{
	(void)unused;
	return status_write("P 0 3") ? FAILED : own_setting();
}

static void inherit(void)
{
	register_self("R 0 children\nP 0 6\n");
	ok(tell_childs(NULL) == 6, "a child that is followed has its parent's setting");
	ok(child_wait(child_start(tell_childs, NULL)) == 6, "a grandchild as well");
	ok(child_wait(child_start(change_in_child, NULL)) == 3 && own_setting() == 6,
	   "a child may change it, and the parent keeps its own");
	precopy_set(0, "off");
	set(PRECOPY_SWITCH, "1");
	ok(tell_childs(NULL) == OFF, "off is inherited");
	set(PRECOPY_SWITCH, "0");
	status_unregister(0);
}

static void keep_from_child(void)
{
	pid_t child;

	register_self("R 0 children\nP 0 6\n");
	child = child_start_stopped(tell_own, NULL);
	precopy_set(0, "9");
	child_resume(child);
	ok(child_wait(child) == 6, "a child keeps what it inherited when its parent changes");
	register_self("U 0\nR 0\nP 0 6\n");
	sets(AFTER("R 0"), OFF, "a child that is not followed inherits nothing");
	status_unregister(0);
}

static int tell_after_exec(void *unused)
{
	(void)unused;
	if (status_write("R 0\nP 0 8\n"))
		return FAILED;
	execl("/proc/self/exe", "precopy_contract", "own_setting", NULL);
	return FAILED;
}

static void ends(void)
{
	ok(child_wait(child_start(tell_after_exec, NULL)) == 8, "a setting survives exec");
	sets(AFTER("R 0", "P 0 8", "U 0", "R 0"), OFF, "and ends with the registration");
}

static bool is_refused(const char *path, const char *value, const char *stays)
{
	return file_put(path, value) == EINVAL && strcmp(file_get(path), stays) == 0;
}

static void sysctl_ranges(void)
{
	ok(strcmp(file_get(PRECOPY_SWITCH), "0\n") == 0 &&
	   strcmp(file_get(PRECOPY_DEPTH), "0\n") == 0, "both sysctls are 0 at first");
	set(PRECOPY_SWITCH, "1");
	ok(strcmp(file_get(PRECOPY_SWITCH), "1\n") == 0, "vm.cow_precopy takes 1");
	ok(is_refused(PRECOPY_SWITCH, "2", "1\n") && is_refused(PRECOPY_SWITCH, "-1", "1\n") &&
	   is_refused(PRECOPY_SWITCH, "on", "1\n"), "and nothing but 0 and 1");
	set(PRECOPY_SWITCH, "0");
	ok(strcmp(file_get(PRECOPY_SWITCH), "0\n") == 0, "and 0");
	set(PRECOPY_DEPTH, "64");
	ok(strcmp(file_get(PRECOPY_DEPTH), "64\n") == 0, "vm.cow_precopy_depth takes 64");
	ok(is_refused(PRECOPY_DEPTH, "65", "64\n") && is_refused(PRECOPY_DEPTH, "-1", "64\n") &&
	   is_refused(PRECOPY_DEPTH, "auto", "64\n"), "and nothing but 0 to 64");
	set(PRECOPY_DEPTH, "0");
}

static bool shows(const char *setting)
{
	char text[256];
	size_t length;

	if (!status_setting("pre-copy", text, sizeof(text)))
		return false;
	length = strlen(text);
	return length > strlen(setting) && strcmp(text + length - strlen(setting), setting) == 0;
}

static void status_line(void)
{
	ok(shows("; system: off"), "the status file says that the system's is off");
	set(PRECOPY_SWITCH, "1");
	ok(shows("; system: auto"), "or auto");
	set(PRECOPY_DEPTH, "12");
	ok(shows("; system: 12"), "or a depth");
	set(PRECOPY_SWITCH, "0");
	ok(shows("; system: off"), "a depth alone is still off");
	set(PRECOPY_DEPTH, "0");
}

static int open_errno(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

enum { OWN_PROCESS, OWN_SETTING, OF_ROOT, OF_SYSTEM, OF_MODULE, SEEN };

static int be_user(void *roots)
{
	pid_t own;

	if (setgroups(0, NULL) || setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
		bail("cannot become %d", USER);
	/* The kernel made it undumpable; only who it is shall matter. */
	prctl(PR_SET_DUMPABLE, 1);
	own = child_start(child_sleep, NULL);
	seen[OWN_PROCESS] = status_register(own) == 0 && precopy_set(own, "4") == 0 &&
			    precopy_set(own, "off") == 0;
	seen[OWN_SETTING] = setting_after(AFTER("R 0", "P 0 4"));
	seen[OF_ROOT] = precopy_set(*(pid_t *)roots, "4") == EPERM &&
			precopy_set(*(pid_t *)roots, "off") == EPERM;
	seen[OF_SYSTEM] = open_errno(PRECOPY_SWITCH, O_WRONLY) == EACCES &&
			  open_errno(PRECOPY_DEPTH, O_WRONLY) == EACCES;
	seen[OF_MODULE] = open_errno(MAX_US, O_WRONLY) == EACCES;
	child_end(own);
	return 0;
}

static void users(void)
{
	pid_t roots = child_start(child_sleep, NULL);

	if (status_register(roots) || precopy_set(roots, "4"))
		bail("P %d", (int)roots);
	memset(seen, 0, SEEN * sizeof(*seen));
	if (child_wait(child_start(be_user, &roots)))
		bail("the user's process failed");
	ok(seen[OWN_PROCESS], "a user may set it for its own process");
	ok(seen[OWN_SETTING] == 4, "and for itself, where it takes effect");
	ok(seen[OF_ROOT], "and not for root's");
	ok(seen[OF_SYSTEM], "nor write the sysctls");
	ok(seen[OF_MODULE], "nor the parameter");
	child_end(roots);
}

/* Is ftrace calling anybody from there? */
static bool is_hooked(const char *function)
{
	FILE *functions = fopen(HOOKED, "re");
	size_t length = strlen(function);
	char line[512];
	bool found = false;

	if (!functions)
		bail(HOOKED);
	while (!found && fgets(line, sizeof(line), functions))
		found = strncmp(line, function, length) == 0 && line[length] == ' ';
	fclose(functions);
	return found;
}

static bool is_hooked_for_precopy(void)
{
	return is_hooked("exit_mmap") && (is_hooked("do_wp_page") || !precopy_is_in_place());
}

static bool is_free(void *unused)
{
	(void)unused;
	return !is_hooked("exit_mmap") && !is_hooked("do_wp_page");
}

static void hooks(void)
{
	pid_t a = child_start(child_sleep, NULL), b = child_start(child_sleep, NULL);

	if (!wait_until(is_free, NULL))
		bail("hooks of earlier claims stay");
	status_register(a);
	status_register(b);
	ok(is_free(NULL), "registered processes without a setting need no hook");
	precopy_set(a, "off");
	ok(is_free(NULL), "nor does off");
	set(PRECOPY_SWITCH, "1");
	ok(is_hooked_for_precopy(), "vm.cow_precopy=1 hooks");
	set(PRECOPY_SWITCH, "0");
	ok(is_free(NULL), "0 has taken out every hook when it returns");
	precopy_set(a, "4");
	ok(is_hooked_for_precopy(), "a process's setting hooks");
	precopy_set(b, "auto");
	precopy_set(a, "off");
	sleep_ms(2500);
	ok(is_hooked_for_precopy(), "the hooks stay as long as one process wants them");
	set(PRECOPY_SWITCH, "1");
	set(PRECOPY_SWITCH, "0");
	ok(is_hooked_for_precopy(), "whatever the system wants");
	precopy_set(b, "off");
	ok(wait_until(is_free, NULL), "they go when none does any more");
	precopy_set(b, "4");
	status_unregister(b);
	ok(wait_until(is_free, NULL), "or when the last is unregistered");
	status_register(b);
	precopy_set(b, "4");
	child_end(b);
	ok(wait_until(is_free, NULL), "or exits");
	child_end(a);
}

static void resets(void)
{
	struct cow_stats before, after;

	cow_stats_reset();
	setting_after(AFTER("R 0", "P 0 8"));
	cow_stats_read(&before);
	cow_stats_reset();
	cow_stats_read(&after);
	ok(before.attempts > 0 && after.attempts == 0 && after.success == 0 && after.used == 0 &&
	   after.wasted == 0 && after.edge == 0 && after.not_shared == 0 && after.policy == 0,
	   "a write to " COW_STATS " resets the counts of pre-copy, too");
}

static void run_with(enum engine engine)
{
	if (!engine_load(engine, ""))
		return;
	printf("# precopy=%s\n", engine_names[engine]);
	sysctl_ranges();
	status_line();
	own_settings();
	refuse_lines();
	refuse_pids();
	system_settings();
	unregistered();
	inherit();
	keep_from_child();
	ends();
	users();
	resets();
	hooks();
	if (module_unload())
		bail("rmmod");
}

/* With every engine switched off, or on a machine that has none. */
static void without_engine(void)
{
	pid_t child = child_start(child_sleep, NULL);
	char line[256];

	module_load("precopy=off");
	status_register(child);
	status_setting("pre-copy", line, sizeof(line));
#ifdef __x86_64__
	ok(strcmp(line, "n/a: switched off by precopy=; switched off by precopy=; system: off") == 0,
	   "precopy=off: the status file says why there is none: %s", line);
#else
	ok(strcmp(line, "n/a: not on this architecture") == 0,
	   "the status file says why there is none: %s", line);
#endif
	ok(precopy_set(child, "auto") == EOPNOTSUPP && precopy_set(child, "4") == EOPNOTSUPP,
	   "P gets EOPNOTSUPP");
	ok(precopy_set(child, "65") == EINVAL && precopy_set(2, "4") == ESRCH,
	   "after what is wrong with the line and the pid");
	ok(precopy_set(child, "off") == 0, "but off is off");
	ok(file_put(PRECOPY_SWITCH, "1") == EOPNOTSUPP && strcmp(file_get(PRECOPY_SWITCH), "0\n") == 0,
	   "vm.cow_precopy=1 gets EOPNOTSUPP and reads 0");
	ok(file_put(PRECOPY_SWITCH, "0") == 0, "and takes 0");
	ok(status_value(child, "precopied") == TIMES_NONE &&
	   status_value(child, "precopy_used") == TIMES_NONE &&
	   status_value(child, "precopy_wasted") == TIMES_NONE &&
	   status_value(child, "precopy_refused") == TIMES_NONE, "its columns read n/a");
	ok(is_free(NULL), "nothing is hooked for it");
	child_end(child);
	if (module_unload())
		bail("rmmod");
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "own_setting") == 0)
		return own_setting();
	seen = mmap(NULL, SEEN * sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	for (int engine = 0; engine < ENGINES; engine++)
		run_with(engine);
	without_engine();
	return finish();
}

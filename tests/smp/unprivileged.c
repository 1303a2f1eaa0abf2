// SPDX-License-Identifier: GPL-2.0
/*
 * A user without privileges may register, unregister and see exactly the processes
 * that it could trace, and reaches neither the device nor the parameters.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"

enum {
	USER	= 1000,
	OTHER	= 1001,
};

/* A copy of this program that runs with root's rights. */
#define SETUID	"/tmp/setuid"

/* Who a process is. */
struct identity {
	uid_t real, effective;
	gid_t group;
};

/* Processes that root started. */
static pid_t roots, others, other_groups, setuid_program;

static int ready;

static void become(const struct identity *who)
{
	if (setgroups(0, NULL) || setresgid(who->group, who->group, who->group) ||
	    setresuid(who->real, who->effective, who->effective))
		bail("cannot become %d", (int)who->real);
	/* The kernel made it undumpable; only who it is shall matter. */
	prctl(PR_SET_DUMPABLE, 1);
}

static void say_ready(void)
{
	eventfd_write(ready, 1);
}

static void wait_ready(void)
{
	eventfd_t value;

	eventfd_read(ready, &value);
}

static int become_and_sleep(void *who)
{
	become(who);
	say_ready();
	return child_sleep(NULL);
}

static pid_t start_as(uid_t real, uid_t effective, gid_t group)
{
	struct identity who = { real, effective, group };
	pid_t pid = child_start(become_and_sleep, &who);

	wait_ready();
	return pid;
}

static int registered(void)
{
	char text[64];

	return status_setting("processes", text, sizeof(text)) ? atoi(text) : -1;
}

/* Write a command to a status file that is open already; 0 or an errno. */
static int put(int fd, char verb, pid_t pid)
{
	char line[32];
	int length = snprintf(line, sizeof(line), "%c %d\n", verb, (int)pid);

	return write(fd, line, (size_t)length) < 0 ? errno : 0;
}

static int open_as_user(int flags)
{
	int fd;

	if (setresgid(-1, USER, -1) || setresuid(-1, USER, -1))
		bail("cannot step down");
	fd = open(FAULTLINE_STATUS, flags | O_CLOEXEC);
	if (setresuid(-1, 0, -1) || setresgid(-1, 0, -1))
		bail("cannot step up again");
	return fd;
}

/* A privileged program made to write into, or read, a file that a user gave to it. */
static void lend_no_power(void)
{
	int fd = open_as_user(O_RDWR);
	pid_t users = start_as(USER, USER, USER);
	static char text[4096];
	char line[32];

	ok(put(fd, 'R', roots) == EPERM, "root cannot register root's process for a user");
	ok(put(fd, 'R', 0) == EPERM, "nor itself");
	ok(put(fd, 'R', users) == 0, "but the user's own");
	snprintf(line, sizeof(line), "\n%d ", (int)users);
	status_register(roots);
	ok(pread(fd, text, sizeof(text) - 1, 0) > 0 && strstr(text, line),
	   "root reads the user's process from a user's file");
	snprintf(line, sizeof(line), "\n%d ", (int)roots);
	ok(!strstr(text, line), "but not root's");
	ok(put(fd, 'U', roots) == EPERM && put(fd, 'U', users) == 0,
	   "and cannot unregister it there");
	close(fd);
	child_end(users);
}

/* As for any file, who opened it decided what it may be used for. */
static void hand_over_power(int opened_by_root)
{
	ok(put(opened_by_root, 'U', roots) == 0 && put(opened_by_root, 'R', roots) == 0,
	   "a file that root opened and handed over keeps root's rights");
}

static void refuse_others(void)
{
	const struct {
		pid_t pid;
		const char *name;
	} strangers[] = {
		{ roots,		"root's process" },
		{ others,		"another user's" },
		{ other_groups,		"its own of another group" },
		{ setuid_program,	"its own that runs with root's rights" },
		{ 1,			"the first process" },
	};
	struct counters counters;
	int before = registered();

	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
		ok(status_register(strangers[i].pid) == EPERM &&
		   status_unregister(strangers[i].pid) == EPERM &&
		   !status_read(strangers[i].pid, &counters),
		   "a user can neither register, unregister nor see %s", strangers[i].name);
	ok(registered() == before, "which leaves %d registered as before", before);
}

static void allow_own(void)
{
	pid_t own = child_start(child_sleep, NULL);
	struct counters counters;

	ok(status_register(0) == 0 && status_read(getpid(), &counters),
	   "a user can register and see itself");
	ok(status_register(own) == 0 && status_read(own, &counters), "its own process as well");
	ok(status_unregister(own) == 0 && status_unregister(0) == 0, "and unregister both");
	child_end(own);
}

static int hide_and_register(void *unused)
{
	(void)unused;
	prctl(PR_SET_DUMPABLE, 0);
	if (status_register(0) || status_unregister(0))
		return 1;
	say_ready();
	return child_sleep(NULL);
}

/* Such as ssh-agent, which holds keys. */
static void refuse_undumpable(void)
{
	pid_t hidden = child_start(hide_and_register, NULL);

	wait_ready();
	ok(status_register(hidden) == EPERM,
	   "a process that made itself undumpable can be registered by itself only");
	child_end(hidden);
}

static _Noreturn void *outlive_leader(void *unused)
{
	(void)unused;
	sleep_ms(200);
	say_ready();
	for (;;)
		pause();
}

static int leave_a_thread(void *unused)
{
	pthread_t thread;

	(void)unused;
	pthread_create(&thread, NULL, outlive_leader, NULL);
	pthread_exit(NULL);
}

static void allow_leaderless(void)
{
	pid_t own = child_start(leave_a_thread, NULL);
	struct counters counters;

	wait_ready();
	ok(status_register(own) == 0 && status_read(own, &counters),
	   "a user can register its own process whose first thread has ended");
	child_end(own);
}

static void refuse_zombie(void)
{
	pid_t own = child_start(child_sleep, NULL);
	siginfo_t info;

	kill(own, SIGKILL);
	waitid(P_PID, (id_t)own, &info, WEXITED | WNOWAIT);
	ok(status_register(own) == ESRCH, "a user's own zombie gets ESRCH, not EPERM");
	child_wait(own);
}

/* Has a child like itself, and then one that becomes a program with root's rights. */
static int fork_two(void *pids)
{
	volatile pid_t *pid = pids;
	pid_t setuid_child;
	char fd[16];

	snprintf(fd, sizeof(fd), "%d", ready);
	pid[0] = child_start(child_sleep, NULL);
	setuid_child = fork();
	if (setuid_child == 0) {
		/* Its parent has written down who it is. */
		while (!pid[1])
			sleep_ms(1);
		execl(SETUID, SETUID, fd, NULL);
		_exit(1);
	}
	pid[1] = setuid_child;
	return child_sleep(NULL);
}

static bool shows(int fd, pid_t pid)
{
	static char text[1 << 16];
	char line[32];
	ssize_t bytes = pread(fd, text, sizeof(text) - 1, 0);

	text[bytes > 0 ? bytes : 0] = '\0';
	snprintf(line, sizeof(line), "\n%d ", (int)pid);
	return strstr(text, line) != NULL;
}

static void follow_own(int opened_by_root)
{
	volatile pid_t *pids = mmap(NULL, 2 * sizeof(*pids), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t own = child_start_stopped(fork_two, (void *)pids);
	struct counters parent, child;

	ok(status_register_children(own) == 0, "a user can follow the children of its own process");
	child_resume(own);
	wait_ready();
	ok(status_read(own, &parent) && status_read(pids[0], &child) &&
	   child.parent_id == parent.id, "and sees a child");
	ok(shows(opened_by_root, pids[1]), "root sees one that became a program of root's");
	ok(!status_read(pids[1], &child), "which the user does not");
	ok(status_unregister(pids[1]) == EPERM, "and cannot unregister");
	kill(pids[0], SIGKILL);
	kill(pids[1], SIGKILL);
	child_end(own);
}

static void refuse_others_children(void)
{
	ok(status_register_children(roots) == EPERM && status_register_children(others) == EPERM,
	   "nor can it follow the children of root's process, or another user's");
}

static int open_errno(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void refuse_device(void)
{
	static char said[512];
	FILE *monitor;

	ok(open_errno(FAULTLINE_DEVICE, O_RDONLY) == EACCES, "a user cannot open the device");
	ok(open_errno("/sys/module/faultline/parameters/hz", O_WRONLY) == EACCES,
	   "nor write a parameter");
	monitor = popen("./monitor 2>&1; echo exit $?", "re");
	if (!monitor)
		bail("popen");
	said[fread(said, 1, sizeof(said) - 1, monitor)] = '\0';
	pclose(monitor);
	ok(strcmp(said, "monitor: /dev/faultline: Permission denied: only root may read it (sudo)\n"
			"exit 1\n") == 0,
	   "monitor says so in one line and exits with 1");
}

static int test_as_user(void *unused)
{
	int opened_by_root = open(FAULTLINE_STATUS, O_RDWR | O_CLOEXEC);

	(void)unused;
	lend_no_power();
	if (status_register(others))
		bail("root cannot register");
	become(&(struct identity){ USER, USER, USER });
	hand_over_power(opened_by_root);
	refuse_others();
	refuse_others_children();
	allow_own();
	follow_own(opened_by_root);
	refuse_undumpable();
	allow_leaderless();
	refuse_zombie();
	refuse_device();
	return finish();
}

static void make_setuid_copy(void)
{
	if (system("cp /proc/$PPID/exe " SETUID) || chmod(SETUID, 04755))
		bail(SETUID);
}

/* Run by a user with root's rights. */
static int be_setuid(const char *ready_fd)
{
	ready = atoi(ready_fd);
	say_ready();
	return child_sleep(NULL);
}

int main(int argc, char **argv)
{
	int failed;

	if (argc > 1)
		return be_setuid(argv[1]);
	make_setuid_copy();

	ready = eventfd(0, EFD_SEMAPHORE);
	module_load("hz=1");
	roots = start_as(0, 0, 0);
	others = start_as(OTHER, OTHER, OTHER);
	other_groups = start_as(USER, USER, OTHER);
	setuid_program = start_as(USER, 0, USER);
	failed = child_wait(child_start(test_as_user, NULL));
	child_end(roots);
	child_end(others);
	child_end(other_groups);
	child_end(setuid_program);
	return failed;
}

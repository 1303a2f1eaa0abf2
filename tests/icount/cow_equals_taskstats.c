// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel has a count of copies of its own, which nobody here wrote: the delay
 * accounting's wpcopy_count, told by taskstats.  Over the same stretch of time the
 * module counts the same.
 *
 * The kernel leaves out a copy that took no time by its clock (delayacct_end()), which
 * an emulated machine's may make of any; the clock of this guest goes on with every
 * instruction.
 */
#include <linux/genetlink.h>
#include <linux/taskstats.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "memory.h"
#include "module.h"
#include "tap.h"

enum {
	PAGES = 1024,
	ODD_PAGES = 777,
	PART_PAGES = 111,
	THREADS = 3,
};

/* A request or an answer, with one attribute or some nested ones. */
struct message {
	struct nlmsghdr netlink;
	struct genlmsghdr generic;
	char attributes[4096];
};

static int taskstats;
static unsigned short family;
/* Shared by parent and child until the child writes to it. */
static volatile char *memory, *more_memory;

static void add_attribute(struct message *message, unsigned short type, const void *value,
			  unsigned short bytes)
{
	struct nlattr *attribute = (void *)((char *)message +
					    NLMSG_ALIGN(message->netlink.nlmsg_len));

	attribute->nla_type = type;
	attribute->nla_len = (unsigned short)(NLA_HDRLEN + bytes);
	memcpy((char *)attribute + NLA_HDRLEN, value, bytes);
	message->netlink.nlmsg_len += (unsigned int)NLA_ALIGN(attribute->nla_len);
}

/* Ask a number of generic netlink; the answer replaces the request. */
static void ask(struct message *message, unsigned short number, unsigned char command,
		unsigned short type, const void *value, unsigned short bytes)
{
	memset(message, 0, sizeof(*message));
	message->netlink.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	message->netlink.nlmsg_type = number;
	message->netlink.nlmsg_flags = NLM_F_REQUEST;
	message->generic.cmd = command;
	message->generic.version = 1;
	add_attribute(message, type, value, bytes);
	if (send(taskstats, message, message->netlink.nlmsg_len, 0) < 0 ||
	    recv(taskstats, message, sizeof(*message), 0) < 0)
		bail("netlink");
	if (message->netlink.nlmsg_type == NLMSG_ERROR)
		bail("netlink refuses command %d", command);
}

/* The attribute of this type among those in so many bytes, which must be there. */
static const struct nlattr *find(const void *attributes, size_t bytes, unsigned short type)
{
	const char *at = attributes, *end = at + bytes;
	const struct nlattr *attribute;

	for (; at + NLA_HDRLEN <= end; at += NLA_ALIGN(attribute->nla_len)) {
		attribute = (const void *)at;
		if ((attribute->nla_type & NLA_TYPE_MASK) == type)
			return attribute;
		if (attribute->nla_len < NLA_HDRLEN)
			break;
	}
	bail("netlink: no attribute of type %d", type);
}

static const void *value_of(const struct nlattr *attribute)
{
	return (const char *)attribute + NLA_HDRLEN;
}

static const struct nlattr *find_in(const struct message *message, unsigned short type)
{
	return find(message->attributes, message->netlink.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN),
		    type);
}

static void open_taskstats(void)
{
	struct message message;

	taskstats = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (taskstats < 0)
		bail("socket");
	ask(&message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME,
	    TASKSTATS_GENL_NAME, sizeof(TASKSTATS_GENL_NAME));
	family = *(const unsigned short *)value_of(find_in(&message, CTRL_ATTR_FAMILY_ID));
}

/* Copies of all threads of a process since its birth, dead ones included. */
static long kernels_count(pid_t pid)
{
	const struct nlattr *group, *stats;
	struct message message;

	ask(&message, family, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_TGID, &pid, sizeof(pid));
	group = find_in(&message, TASKSTATS_TYPE_AGGR_TGID);
	stats = find(value_of(group), group->nla_len - NLA_HDRLEN, TASKSTATS_TYPE_STATS);
	/* Later versions only append. */
	return (long)((const struct taskstats *)value_of(stats))->wpcopy_count;
}

static long modules_count(pid_t pid)
{
	struct counters counters;

	if (!status_read(pid, &counters) || counters.cow < 0)
		bail("no count of copies of process %d", (int)pid);
	return counters.cow;
}

/* What programs copy unasked, as long as a child lives: stack, heap, data of libraries. */
static void live(void)
{
	pid_t child = child_start(child_sleep, NULL);
	char *text;

	for (int i = 0; i < 100; i++) {
		if (asprintf(&text, "%0*d", 1000, i) < 0)
			bail("asprintf");
		setenv("FAULTLINE_TEST", text, 1);
		free(text);
	}
	child_end(child);
}

static void *write_own_part(void *index)
{
	memory_write(memory + (size_t)index * PART_PAGES * PAGE_BYTES, PART_PAGES);
	return NULL;
}

/* Threads one after another: the kernel's count is of attempts, and they would race. */
static void write_by_threads(void)
{
	pthread_t thread;

	for (size_t index = 0; index < THREADS; index++)
		if (pthread_create(&thread, NULL, write_own_part, (void *)index) ||
		    pthread_join(thread, NULL))
			bail("pthread_create");
}

static void write_zero_pages(void)
{
	volatile char *fresh = memory_map(PART_PAGES);

	memory_read(fresh, PART_PAGES);
	memory_write(fresh, PART_PAGES);
}

/* Stops after each stretch that is to be compared. */
static int copy_in_stretches(void *unused)
{
	(void)unused;
	live();
	raise(SIGSTOP);
	memory_write(memory, ODD_PAGES);
	raise(SIGSTOP);
	write_zero_pages();
	raise(SIGSTOP);
	memory = more_memory;
	write_by_threads();
	raise(SIGSTOP);
	return 0;
}

/* Until then a thread on its way out counts twice in taskstats. */
static bool is_single_threaded(void *pid)
{
	struct counters counters;

	return status_read(*(pid_t *)pid, &counters) && counters.threads == 1;
}

/* Lets the child run to its next stop; it must copy so many pages at least. */
static void compare(pid_t child, long least, const char *what)
{
	long kernels = kernels_count(child), modules = modules_count(child);

	child_resume(child);
	if (waitpid(child, NULL, WUNTRACED) != child || !wait_until(is_single_threaded, &child))
		bail("the child does not stop");
	kernels = kernels_count(child) - kernels;
	modules = modules_count(child) - modules;
	ok(kernels == modules && modules >= least, "%s: the kernel counts %ld, the module %ld",
	   what, kernels, modules);
}

static bool account_delays(const char *setting)
{
	FILE *file = fopen("/proc/sys/kernel/task_delayacct", "we");

	return file && fputs(setting, file) >= 0 && fclose(file) == 0;
}

int main(void)
{
	pid_t child;

	/* Read at fork: it must be set before the child is born. */
	if (!account_delays("1")) {
		skip("copies equal those of taskstats: this kernel has no delay accounting");
		return finish();
	}
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	open_taskstats();
	memory = memory_map(PAGES);
	memory_write(memory, PAGES);
	more_memory = memory_map(PAGES);
	memory_write(more_memory, PAGES);
	module_load("");

	child = child_start_stopped(copy_in_stretches, NULL);
	if (status_register(child))
		bail("R %d", (int)child);
	compare(child, 1, "a process that has a child and just lives");
	compare(child, ODD_PAGES, "777 pages written");
	compare(child, PART_PAGES, "111 zero pages written");
	compare(child, THREADS * PART_PAGES, "3 x 111 pages written by threads that are gone");
	child_end(child);
	account_delays("0");
	return finish();
}

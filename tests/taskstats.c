// SPDX-License-Identifier: GPL-2.0
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tap.h"
#include "taskstats.h"

/* A request or an answer, with one attribute or some nested ones. */
struct message {
	struct nlmsghdr netlink;
	struct genlmsghdr generic;
	char attributes[4096];
};

static int taskstats;
static unsigned short family;

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

static void tell(int socket, struct message *message, unsigned short number,
		 unsigned char command, unsigned short type, const void *value,
		 unsigned short bytes)
{
	memset(message, 0, sizeof(message->netlink) + sizeof(message->generic));
	message->netlink.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	message->netlink.nlmsg_type = number;
	message->netlink.nlmsg_flags = NLM_F_REQUEST;
	message->generic.cmd = command;
	message->generic.version = 1;
	add_attribute(message, type, value, bytes);
	if (send(socket, message, message->netlink.nlmsg_len, 0) < 0)
		bail("netlink");
}

/* Ask a number of generic netlink; the answer replaces the request, unless it is no. */
static bool ask(struct message *message, unsigned short number, unsigned char command,
		unsigned short type, const void *value, unsigned short bytes)
{
	tell(taskstats, message, number, command, type, value, bytes);
	if (recv(taskstats, message, sizeof(*message), 0) < 0)
		bail("netlink");
	return message->netlink.nlmsg_type != NLMSG_ERROR;
}

/* The attribute of this type among those in so many bytes, or NULL. */
static const struct nlattr *look(const void *attributes, size_t bytes, unsigned short type)
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
	return NULL;
}

/* The same, and it must be there. */
static const struct nlattr *find(const void *attributes, size_t bytes, unsigned short type)
{
	const struct nlattr *attribute = look(attributes, bytes, type);

	if (!attribute)
		bail("netlink: no attribute of type %d", type);
	return attribute;
}

static const void *value_of(const struct nlattr *attribute)
{
	return (const char *)attribute + NLA_HDRLEN;
}

static const struct nlattr *look_in(const struct message *message, unsigned short type)
{
	return look(message->attributes, message->netlink.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN),
		    type);
}

static const struct nlattr *find_within(const struct nlattr *group, unsigned short type)
{
	return find(value_of(group), group->nla_len - NLA_HDRLEN, type);
}

/* Later versions only append. */
static void copy_stats(const struct nlattr *group, struct taskstats *stats)
{
	const struct nlattr *attribute = find_within(group, TASKSTATS_TYPE_STATS);
	size_t bytes = attribute->nla_len - NLA_HDRLEN;

	memset(stats, 0, sizeof(*stats));
	memcpy(stats, value_of(attribute), bytes < sizeof(*stats) ? bytes : sizeof(*stats));
}

bool taskstats_account_delays(const char *setting)
{
	FILE *file = fopen("/proc/sys/kernel/task_delayacct", "we");

	return file && fputs(setting, file) >= 0 && fclose(file) == 0;
}

static int open_socket(void)
{
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);

	if (netlink < 0)
		bail("socket");
	return netlink;
}

void taskstats_open(void)
{
	struct message message;
	const struct nlattr *number;

	taskstats = open_socket();
	if (!ask(&message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME,
		 TASKSTATS_GENL_NAME, sizeof(TASKSTATS_GENL_NAME)))
		bail("this kernel has no taskstats");
	number = look_in(&message, CTRL_ATTR_FAMILY_ID);
	if (!number)
		bail("netlink: no number of taskstats");
	family = *(const unsigned short *)value_of(number);
}

static bool read_group(unsigned short request, pid_t id, unsigned short answer,
		       struct taskstats *stats)
{
	const struct nlattr *group;
	struct message message;

	if (!ask(&message, family, TASKSTATS_CMD_GET, request, &id, sizeof(id)))
		return false;
	group = look_in(&message, answer);
	if (!group)
		bail("netlink: an answer without accounts");
	copy_stats(group, stats);
	return true;
}

bool taskstats_read_process(pid_t pid, struct taskstats *stats)
{
	return read_group(TASKSTATS_CMD_ATTR_TGID, pid, TASKSTATS_TYPE_AGGR_TGID, stats);
}

bool taskstats_read_thread(pid_t tid, struct taskstats *stats)
{
	return read_group(TASKSTATS_CMD_ATTR_PID, tid, TASKSTATS_TYPE_AGGR_PID, stats);
}

int taskstats_listen(void)
{
	struct message message;
	char cpus[32];
	int listener = open_socket();

	snprintf(cpus, sizeof(cpus), "0-%ld", sysconf(_SC_NPROCESSORS_CONF) - 1);
	tell(listener, &message, family, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK,
	     cpus, (unsigned short)(strlen(cpus) + 1));
	return listener;
}

bool taskstats_exited(int listener, pid_t pid, struct taskstats *stats)
{
	const struct nlattr *group, *thread;
	struct message message;

	if (recv(listener, &message, sizeof(message), 0) < 0)
		bail("netlink");
	if (message.netlink.nlmsg_type == NLMSG_ERROR)
		bail("netlink refuses to tell of exits");
	/* The last thread's news bring those of its process; a single thread has only its own. */
	group = look_in(&message, TASKSTATS_TYPE_AGGR_TGID);
	thread = look_in(&message, TASKSTATS_TYPE_AGGR_PID);
	if (group && *(const pid_t *)value_of(find_within(group, TASKSTATS_TYPE_TGID)) == pid) {
		copy_stats(group, stats);
		return true;
	}
	if (!group && thread &&
	    *(const pid_t *)value_of(find_within(thread, TASKSTATS_TYPE_PID)) == pid) {
		copy_stats(thread, stats);
		return true;
	}
	return false;
}

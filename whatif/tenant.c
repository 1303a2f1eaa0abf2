// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "heap.h"
#include "tenant.h"
#include "why.h"

/* Sixteen gigabytes of them; what is not used takes no memory. */
#define RUNS_MAX	(1ULL << 31)

/* ---- Its process ---- */

/* Strings of its environment besides ours; NULL ends them. */
static char **environment(char *library, char *socket)
{
	char **all;
	size_t count = 0;

	while (environ[count])
		count++;
	all = calloc(count + 3, sizeof(*all));
	if (!all)
		return NULL;
	/* The first of a name counts. */
	all[0] = library;
	all[1] = socket;
	memcpy(all + 2, environ, count * sizeof(*all));
	return all;
}

static int spawn(pid_t *pid, const struct tenant *tenant, char **env, int socket)
{
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error)
		return error;
	/* The same number, which is open behind it then. */
	error = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) ?:
		posix_spawn_file_actions_adddup2(&actions, fileno(tenant->output), STDOUT_FILENO) ?:
		(socket < 0 ? 0 : posix_spawn_file_actions_adddup2(&actions, socket, socket)) ?:
		posix_spawnp(pid, tenant->argv[0], &actions, NULL, tenant->argv, env);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

/* @socket: where its library is to tell of the heap, or -1 for none */
static bool start(struct tenant *tenant, int socket, pid_t *pid, char *why)
{
	char library[PATH_MAX + sizeof("LD_PRELOAD=")], number[64], **env = environ;
	int error = ENOMEM;

	snprintf(library, sizeof(library), "LD_PRELOAD=%s", tenant->library);
	snprintf(number, sizeof(number), HEAP_SOCKET "=%d", socket);
	personality(ADDR_NO_RANDOMIZE);
	tenant->output = tmpfile();
	if (!tenant->output)
		return why_refuse(why, "output: %s", strerror(errno));
	if (socket >= 0)
		env = environment(library, number);
	if (env)
		error = spawn(pid, tenant, env, socket);
	if (env != environ)
		free(env);
	if (!error)
		return true;
	fclose(tenant->output);
	return why_refuse(why, "%.255s: %s", tenant->argv[0], strerror(error));
}

static bool wait_for(const struct tenant *tenant, pid_t pid, char *why)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return why_ended(why, tenant->argv[0], status, "");
}

bool tenant_run_free(struct tenant *tenant, char *why)
{
	pid_t pid = -1;

	if (!start(tenant, -1, &pid, why))
		return false;
	if (wait_for(tenant, pid, why))
		return true;
	fclose(tenant->output);
	return false;
}

/* ---- Its heap ---- */

/* False if it is not told of, because the command has ended. */
static bool receive(int from, struct heap_message *message, int files[HEAP_FILES])
{
	struct iovec part = { message, sizeof(*message) };
	union {
		char room[CMSG_SPACE(sizeof(int) * HEAP_FILES)];
		struct cmsghdr header;
	} control;
	struct msghdr all = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control.room),
	};

	if (recvmsg(from, &all, MSG_CMSG_CLOEXEC) != sizeof(*message) ||
	    control.header.cmsg_len != CMSG_LEN(sizeof(int) * HEAP_FILES))
		return false;
	memcpy(files, CMSG_DATA(&control.header), sizeof(int) * HEAP_FILES);
	return true;
}

static bool copy_trace(struct trace *trace, const struct trace *seen, char *why)
{
	size_t bytes = seen->header.runs * sizeof(*seen->runs);
	struct run *runs = malloc(bytes);

	if (!runs)
		return why_refuse(why, "memory: %s", strerror(errno));
	memcpy(runs, seen->runs, bytes);
	*trace = (struct trace){ .header = seen->header, .runs = runs };
	return true;
}

/* Of who has been started. */
static bool rule(struct tenant *tenant, pid_t pid, int socket, struct trace *trace, char *why)
{
	int files[HEAP_FILES], process = (int)syscall(SYS_pidfd_open, pid, 0);
	struct heap_message message = { 0 };
	char path[64];
	struct pager pager;
	bool good;

	if (!receive(socket, &message, files)) {
		good = process >= 0 && wait_for(tenant, pid, why);
		close(process);
		return good && why_refuse(why, "%.255s: no heap was seen: expected a command that "
					  "loads shared libraries", tenant->argv[0]);
	}
	good = pager_init(&pager, tenant->policy, tenant->frames,
			  (uint32_t)(message.bytes / (uint64_t)sysconf(_SC_PAGESIZE)), RUNS_MAX);
	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	pager.start = message.start;
	pager.uffd = files[0];
	pager.file = files[1];
	pager.syscall = open(path, O_RDONLY | O_CLOEXEC);
	if (good && process >= 0 && pager.syscall >= 0)
		pager_serve(&pager, process);
	else
		kill(pid, SIGKILL);
	good = wait_for(tenant, pid, why) && (!trace || copy_trace(trace, &pager.seen, why));
	tenant->counts = pager.counts;
	close(process);
	pager_free(&pager);
	return good;
}

bool tenant_run(struct tenant *tenant, struct trace *trace, char *why)
{
	int sockets[2];
	bool good;
	pid_t pid = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return why_refuse(why, "socket: %s", strerror(errno));
	good = start(tenant, sockets[1], &pid, why);
	close(sockets[1]);
	if (good) {
		good = rule(tenant, pid, sockets[0], trace, why);
		if (!good)
			fclose(tenant->output);
	}
	close(sockets[0]);
	return good;
}

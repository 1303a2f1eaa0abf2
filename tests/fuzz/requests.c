// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as what a client of faultline serve sends: it is answered as HTTP has it or
 * let go, and the next one is answered, too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http.h"
#include "input.h"

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GROUPS_MAX = 4, RECORDS = 2 };

static struct {
	struct faultline_header header;
	struct faultline_record records[RECORDS];
} ring = {
	.header = {
		.magic = FAULTLINE_MAGIC, .version = FAULTLINE_VERSION,
		.header_size = sizeof(ring.header), .record_size = sizeof(ring.records[0]),
		.data_offset = sizeof(ring.header), .capacity = RECORDS, .head = RECORDS, .run = 1,
	},
	.records = {
		{ .seq = 1, .id = 1, .pid = 7, .flags = FAULTLINE_COW, .comm = "a\"b" },
		{ .seq = 2, .id = 2, .pid = 8, .comm = "\xff" },
	},
};

static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_bytes = sizeof(address);

/* At an address that the kernel chooses, which no port's end makes wait. */
static int listen_anywhere(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	input_claim(!bind(fd, (struct sockaddr *)&address, sizeof(address.sun_family)));
	input_claim(!getsockname(fd, (struct sockaddr *)&address, &address_bytes));
	input_claim(!listen(fd, SOMAXCONN));
	return fd;
}

static int connect_and_say(const void *text, size_t bytes)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	input_claim(!connect(fd, (struct sockaddr *)&address, address_bytes));
	input_claim(send(fd, text, bytes, MSG_NOSIGNAL) == (ssize_t)bytes);
	return fd;
}

/* The server is one thread: whoever came before this one has been looked at. */
static void ask_properly(void)
{
	static const char question[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
	static const char good[] = "HTTP/1.1 200 OK\r\n";
	int fd = connect_and_say(question, sizeof(question) - 1);
	char answer[1024];
	ssize_t bytes;

	/* libFuzzer's clock has signals. */
	bytes = TEMP_FAILURE_RETRY(recv(fd, answer, sizeof(answer), 0));
	input_claim(bytes > (ssize_t)sizeof(good) && !memcmp(answer, good, sizeof(good) - 1));
	close(fd);
}

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
	static struct live live;
	char why[256];

	(void)count;
	(void)arguments;
	input_set((const uint8_t *)&ring, sizeof(ring));
	input_claim(live_open(&live, INPUT_PATH, GROUPS_MAX, why, sizeof(why)));
	input_claim(http_start(listen_anywhere(), &live));
	/* A thread that is being made has memory that looks as if it leaked. */
	ask_properly();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = connect_and_say(data, size);
	char answer[16];
	ssize_t bytes;

	ask_properly();
	bytes = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
	close(fd);
	input_claim(bytes <= 0 || (bytes == sizeof(answer) && !memcmp(answer, "HTTP/1.", 7)));
	return 0;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * poll, select and epoll tell a reader of news until it acknowledges them by read(2),
 * and let it sleep when there are none.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "child.h"
#include "module.h"
#include "tap.h"

enum { PLENTY_MS = 10000 };

static int fd;
static pid_t process;

/* Acknowledge what there is; gives head, or an errno as a negative number. */
static long long acknowledge(int file)
{
	uint64_t head;
	ssize_t bytes = read(file, &head, sizeof(head));

	if (bytes < 0)
		return -errno;
	return bytes == sizeof(head) ? (long long)head : -EIO;
}

/* Does poll say that there is news? */
static bool poll_says(int file, int timeout_ms)
{
	struct pollfd ready = { .fd = file, .events = POLLIN | POLLOUT };

	return poll(&ready, 1, timeout_ms) == 1 && ready.revents == POLLIN;
}

static bool select_says(int timeout_ms)
{
	struct timeval timeout = { .tv_sec = timeout_ms / 1000 };
	fd_set ready;

	FD_ZERO(&ready);
	FD_SET(fd, &ready);
	return select(fd + 1, &ready, NULL, NULL, &timeout) == 1;
}

static bool epoll_says(int epoll, int timeout_ms)
{
	struct epoll_event event;

	return epoll_wait(epoll, &event, 1, timeout_ms) == 1 && event.events == EPOLLIN;
}

static int add_to_epoll(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event))
		bail("epoll");
	return epoll;
}

/* Two records at once and none after them: nothing is registered in between. */
static void publish(void)
{
	if (status_register(process) || status_unregister(process))
		bail("cannot publish");
}

static int sleep_and_publish(void *unused)
{
	(void)unused;
	sleep_ms(200);
	publish();
	return 0;
}

static void poll_wakes(void)
{
	int other = open(FAULTLINE_DEVICE, O_RDONLY | O_CLOEXEC);
	pid_t publisher;

	ok(!poll_says(fd, 0), "an empty ring has nothing to poll for");
	publish();
	ok(poll_says(fd, 0), "poll tells of new records");
	ok(poll_says(fd, 0), "again and again");
	ok(acknowledge(fd) == 2, "until they are acknowledged, which gives their number");
	ok(!poll_says(fd, 0) && !poll_says(fd, 100), "and then it waits");
	ok(poll_says(other, 0), "another open file is told as well");

	publisher = child_start(sleep_and_publish, NULL);
	ok(poll_says(fd, PLENTY_MS), "a poll that sleeps is woken");
	child_wait(publisher);
	acknowledge(fd);
	publisher = child_start(sleep_and_publish, NULL);
	ok(select_says(PLENTY_MS), "select as well");
	child_wait(publisher);
	acknowledge(fd);
	close(other);
}

static void read_waits(void)
{
	int file = open(FAULTLINE_DEVICE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char small[7];
	pid_t publisher;
	long long head;

	acknowledge(file);
	ok(acknowledge(file) == -EAGAIN, "a read of no news gets EAGAIN where it may not sleep");
	ok(read(file, small, sizeof(small)) < 0 && errno == EINVAL, "one of 7 bytes EINVAL");
	close(file);
	publisher = child_start(sleep_and_publish, NULL);
	head = acknowledge(fd);
	ok(head > 0, "a read that sleeps is woken: %lld", head);
	child_wait(publisher);
	/* It may have been woken by the first record or by the second. */
	if (poll_says(fd, 0))
		acknowledge(fd);
}

static void epoll_wakes(void)
{
	int epoll = add_to_epoll();
	pid_t publisher;

	ok(!epoll_says(epoll, 100), "epoll waits while there are no records");
	publisher = child_start(sleep_and_publish, NULL);
	ok(epoll_says(epoll, PLENTY_MS), "epoll wakes a reader that sleeps");
	child_wait(publisher);
	acknowledge(fd);
	ok(!epoll_says(epoll, 100), "and lets it sleep again");
	publish();
	ok(epoll_says(epoll, 0), "epoll tells of records that came while nobody waited");
	close(epoll);
	epoll = add_to_epoll();
	ok(epoll_says(epoll, 0), "and of those that were there before it");
	acknowledge(fd);
	close(epoll);
}

/* Every tick wakes: a reader that only sleeps in poll sees as many wake-ups as ticks. */
static void ticks_wake(void)
{
	const struct faultline_header *header = ring_map();
	unsigned int woken = 0;
	uint64_t ticks;

	if (status_register(process))
		bail("cannot register");
	acknowledge(fd);
	ticks = header->ticks;
	while (woken < 10 && poll_says(fd, PLENTY_MS) && acknowledge(fd) > 0)
		woken++;
	ticks = header->ticks - ticks;
	ok(woken == 10 && ticks >= 9 && ticks <= 20, "%u wake-ups in %llu ticks", woken,
	   (unsigned long long)ticks);
	status_unregister(process);
}

int main(void)
{
	module_load("hz=20");
	fd = open(FAULTLINE_DEVICE, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail(FAULTLINE_DEVICE);
	process = child_start(child_sleep, NULL);
	poll_wakes();
	read_waits();
	epoll_wakes();
	ticks_wake();
	child_end(process);
	close(fd);
	return finish();
}

// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "textfile.h"

/**
 * struct textfile - a file that is written from time to time
 * @path: the file
 * @temporary: beside it, a template for mkstemp(3)
 * @interval_s: seconds from one write to the next
 * @live: what is written
 * @thread: who writes
 * @lock: guards @stopping
 * @stopped: signalled with it
 * @stopping: time to end
 */
struct textfile {
	const char *path;
	char *temporary;
	unsigned int interval_s;
	struct live *live;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stopping;
};

static bool write_text(int fd, const char *text, size_t bytes)
{
	ssize_t written;

	while (bytes) {
		written = write(fd, text, bytes);
		if (written < 0)
			return false;
		text += written;
		bytes -= (size_t)written;
	}
	return true;
}

/* Under another name at first, which the collector passes by: it does not end in .prom. */
static bool replace(const struct textfile *textfile, const char *text, size_t bytes)
{
	char *name = strdup(textfile->temporary);
	int fd = name ? mkstemp(name) : -1, error;
	bool good = fd >= 0 && fchmod(fd, 0644) == 0 && write_text(fd, text, bytes);

	if (fd >= 0 && close(fd))
		good = false;
	good = good && rename(name, textfile->path) == 0;
	error = errno;
	if (fd >= 0 && !good)
		unlink(name);
	free(name);
	errno = error;
	return good;
}

static bool write_file(const struct textfile *textfile)
{
	size_t bytes;
	char *text = live_render(textfile->live, OPENMETRICS_CLASSIC, &bytes);
	bool good = text && replace(textfile, text, bytes);

	free(text);
	return good;
}

/* Sleep until @until, or until it is time to end; then the answer is true. */
static bool sleep_until(struct textfile *textfile, const struct timespec *until)
{
	bool stopping;

	pthread_mutex_lock(&textfile->lock);
	while (!textfile->stopping &&
	       pthread_cond_clockwait(&textfile->stopped, &textfile->lock, CLOCK_MONOTONIC,
				      until) == 0)
		;
	stopping = textfile->stopping;
	pthread_mutex_unlock(&textfile->lock);
	return stopping;
}

static void *run(void *context)
{
	struct textfile *textfile = context;
	struct timespec next;
	bool last;

	clock_gettime(CLOCK_MONOTONIC, &next);
	do {
		next.tv_sec += textfile->interval_s;
		last = sleep_until(textfile, &next);
		if (!write_file(textfile))
			warn("%s", textfile->path);
	} while (!last);
	return NULL;
}

static void forget(struct textfile *textfile)
{
	free(textfile->temporary);
	free(textfile);
}

struct textfile *textfile_start(const char *path, unsigned int interval_s, struct live *live)
{
	struct textfile *textfile = malloc(sizeof(*textfile));
	int error = 0;

	if (!textfile)
		return NULL;
	*textfile = (struct textfile){
		.path = path, .interval_s = interval_s, .live = live,
		.lock = PTHREAD_MUTEX_INITIALIZER, .stopped = PTHREAD_COND_INITIALIZER,
	};
	if (asprintf(&textfile->temporary, "%s.XXXXXX", path) < 0)
		textfile->temporary = NULL;
	if (!textfile->temporary || !write_file(textfile))
		error = errno;
	else
		error = pthread_create(&textfile->thread, NULL, run, textfile);
	if (!error)
		return textfile;
	forget(textfile);
	errno = error;
	return NULL;
}

void textfile_stop(struct textfile *textfile)
{
	pthread_mutex_lock(&textfile->lock);
	textfile->stopping = true;
	pthread_cond_signal(&textfile->stopped);
	pthread_mutex_unlock(&textfile->lock);
	pthread_join(textfile->thread, NULL);
	forget(textfile);
}

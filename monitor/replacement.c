// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replacement.h"

/* What is there and is no file, such as a device or a pipe, nothing can take the place of. */
static bool stays(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

bool replacement_begin(struct replacement *replacement, const char *path, mode_t mode)
{
	const char *name;
	int length;

	*replacement = (struct replacement){ .path = path, .fd = STDOUT_FILENO };
	if (!path || strcmp(path, "-") == 0) {
		replacement->path = NULL;
		return true;
	}
	if (stays(path)) {
		replacement->fd = open(path, O_WRONLY | O_CLOEXEC);
		return replacement->fd >= 0;
	}
	name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	length = snprintf(replacement->unfinished, sizeof(replacement->unfinished), "%.*s.%s.%d",
			  (int)(name - path), path, name, (int)getpid());
	if (length >= (int)sizeof(replacement->unfinished)) {
		errno = ENAMETOOLONG;
		return false;
	}
	replacement->fd = open(replacement->unfinished, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
			       mode);
	return replacement->fd >= 0;
}

bool replacement_end(struct replacement *replacement, bool whole)
{
	int error = 0;

	if (!replacement->path)
		return true;
	if (close(replacement->fd))
		error = errno;
	if (!*replacement->unfinished) {
		errno = error;
		return !error;
	}
	if (!error && whole && rename(replacement->unfinished, replacement->path))
		error = errno;
	if (error || !whole)
		unlink(replacement->unfinished);
	errno = error;
	return !error;
}

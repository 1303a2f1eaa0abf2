// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "companion.h"

/* The folder that this program is in, wherever it was called from. */
static void own_folder(char folder[PATH_MAX / 2])
{
	ssize_t length = readlink("/proc/self/exe", folder, PATH_MAX / 2 - 1);

	if (length < 0)
		err(EXIT_FAILURE, "/proc/self/exe");
	folder[length] = '\0';
	*strrchr(folder, '/') = '\0';
}

void companion_find(const char * const *folders, const char *name, char path[PATH_MAX])
{
	char own[PATH_MAX / 2];

	own_folder(own);
	for (; *folders; folders++) {
		snprintf(path, PATH_MAX, "%s/%s/%s", own, *folders, name);
		if (access(path, X_OK) == 0)
			return;
	}
	errx(EXIT_FAILURE, "%s: not found beside %s", name, own);
}

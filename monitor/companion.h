/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that come with this one and do a part of its work.
 */
#ifndef COMPANION_H
#define COMPANION_H

#include <limits.h>

/**
 * companion_find() - where one is, or end with a line that says which is missing
 * @folders: where it may be, in the tree of the sources or installed, as seen from the folder
 *	that this program is in; ends with NULL
 * @name: its file's
 * @path: filled in
 */
void companion_find(const char * const *folders, const char *name, char path[PATH_MAX]);

#endif /* COMPANION_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers that the kernel keeps in files
 */
#ifndef SETTING_H
#define SETTING_H

#include <stdbool.h>

long setting_read(const char *path);
bool setting_write(const char *path, long value);

#endif /* SETTING_H */

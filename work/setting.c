// SPDX-License-Identifier: GPL-2.0
#include "setting.h"

#include <stdio.h>

/**
 * setting_read - the number in a file, or -1 if there is none that we may read
 */
long setting_read(const char *path)
{
	FILE *file = fopen(path, "re");
	long value = -1;

	if (!file)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

/**
 * setting_write - put a number into a file
 *
 * Return: whether the kernel took it.
 */
bool setting_write(const char *path, long value)
{
	FILE *file = fopen(path, "we");

	if (!file)
		return false;
	fprintf(file, "%ld", value);
	return !fclose(file);
}

// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "format.h"

static const struct format * const formats[] = {
	&format_dat,
};

enum { FORMATS = sizeof(formats) / sizeof(formats[0]) };

const struct format *format_find(const char *name)
{
	for (int i = 0; i < FORMATS; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

const char *format_names(void)
{
	static char names[128];

	*names = '\0';
	for (int i = 0; i < FORMATS; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 i ? ", " : "", formats[i]->name);
	return names;
}

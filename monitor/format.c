// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "format.h"

const struct format * const formats[FORMATS] = {
	&format_dat,
	&format_csv,
	&format_json,
	&format_chrome_trace,
	&format_classic,
	&format_openmetrics,
};

static const struct format *find(const char *name)
{
	for (int i = 0; i < FORMATS; i++)
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	return NULL;
}

const struct format *format_chosen(const char *name)
{
	const struct format *format = find(name);
	char names[128] = "";

	for (int i = 0; !format && i < FORMATS; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 i ? ", " : "", formats[i]->name);
	if (!format)
		errx(EXIT_USAGE, "format: expected one of %s, not '%s'", names, name);
	return format;
}

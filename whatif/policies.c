// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <string.h>

#include "policy.h"

static const struct policy * const policies[] = {
	&policy_fifo, &policy_lru, &policy_clock, &policy_aging, &policy_working_set,
	&policy_wsclock, &policy_two_queue, &policy_arc, &policy_lirs, &policy_clock_pro,
	&policy_s3_fifo, &policy_mglru, &policy_opt,
};

const struct policy *policy_at(unsigned int number)
{
	return number < sizeof(policies) / sizeof(policies[0]) ? policies[number] : NULL;
}

const struct policy *policy_called(const char *name)
{
	const struct policy *policy;

	for (unsigned int i = 0; (policy = policy_at(i)); i++)
		if (strcmp(policy->name, name) == 0)
			return policy;
	return NULL;
}

const char *policy_names(void)
{
	static char names[256];

	*names = '\0';
	for (unsigned int i = 0; policy_at(i); i++)
		strcat(strcat(names, i ? ", " : ""), policy_at(i)->name);
	return names;
}

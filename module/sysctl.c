// SPDX-License-Identifier: GPL-2.0
/*
 * The switches below /proc/sys/vm.
 */

#include <linux/errno.h>
#include <linux/sysctl.h>

#include "compat.h"
#include "sysctl.h"

unsigned int faultline_sysctl_cow_sample_interval;

static struct ctl_table_header *sysctl_header;

static struct ctl_table sysctl_table[] = {
	{
		.procname	= "cow_sample_interval",
		.data		= &faultline_sysctl_cow_sample_interval,
		.maxlen		= sizeof(faultline_sysctl_cow_sample_interval),
		.mode		= 0644,
		.proc_handler	= proc_douintvec,
	},
	FAULTLINE_SYSCTL_END
};

/**
 * faultline_sysctl_create() - show the switches
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int faultline_sysctl_create(void)
{
	sysctl_header = register_sysctl("vm", sysctl_table);
	return sysctl_header ? 0 : -ENOMEM;
}

/**
 * faultline_sysctl_destroy() - take the switches away
 *
 * Context: may sleep: waits for the calls that are in progress.
 */
void faultline_sysctl_destroy(void)
{
	unregister_sysctl_table(sysctl_header);
}

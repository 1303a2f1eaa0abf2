// SPDX-License-Identifier: GPL-2.0
/*
 * The switches below /proc/sys/vm.
 */

#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/sysctl.h>

#include "compat.h"
#include "precopy.h"
#include "sysctl.h"

unsigned int faultline_sysctl_cow_sample_interval;

/* 0: adaptive. */
unsigned int faultline_precopy_system_depth;
static const unsigned int depth_least;
static const unsigned int depth_most = FAULTLINE_PRECOPY_DEEPEST;

static struct ctl_table_header *sysctl_header;

/* Orders writers. */
static DEFINE_MUTEX(switch_mutex);

/* What is shown is what is switched; a switch that fails changes nothing. */
static int switch_precopy(FAULTLINE_SYSCTL_CONST struct ctl_table *table, int write,
			  void *buffer, size_t *length, loff_t *position)
{
	unsigned int on;
	struct ctl_table copy = *table;
	int err;

	mutex_lock(&switch_mutex);
	on = faultline_precopy_system_on;
	copy.data = &on;
	err = proc_douintvec_minmax(&copy, write, buffer, length, position);
	if (!err && write)
		err = faultline_precopy_switch(on);
	mutex_unlock(&switch_mutex);
	return err;
}

static struct ctl_table sysctl_table[] = {
	{
		.procname	= "cow_sample_interval",
		.data		= &faultline_sysctl_cow_sample_interval,
		.maxlen		= sizeof(faultline_sysctl_cow_sample_interval),
		.mode		= 0644,
		.proc_handler	= proc_douintvec,
	},
	{
		.procname	= "cow_precopy",
		.maxlen		= sizeof(unsigned int),
		.mode		= 0644,
		.proc_handler	= switch_precopy,
		.extra1		= SYSCTL_ZERO,
		.extra2		= SYSCTL_ONE,
	},
	{
		.procname	= "cow_precopy_depth",
		.data		= &faultline_precopy_system_depth,
		.maxlen		= sizeof(faultline_precopy_system_depth),
		.mode		= 0644,
		.proc_handler	= proc_douintvec_minmax,
		.extra1		= (void *)&depth_least,
		.extra2		= (void *)&depth_most,
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

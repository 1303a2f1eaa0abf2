// SPDX-License-Identifier: GPL-2.0
/*
 * Faultline shows when and why processes fault.  Here only the order of things: each
 * part finds ready what it uses, and goes before that does.
 */

#include <linux/init.h>
#include <linux/module.h>

#include "chardev.h"
#include "course.h"
#include "cow.h"
#include "cow_stats.h"
#include "faults.h"
#include "hook.h"
#include "latency.h"
#include "precopy.h"
#include "procfs.h"
#include "registry.h"
#include "ring.h"
#include "sampler.h"
#include "sysctl.h"

static int __init faultline_init(void)
{
	int err;

	err = faultline_ring_create();
	if (err)
		return err;
	err = faultline_course_create();
	if (err)
		goto err_ring;
	faultline_cow_init();
	faultline_faults_init();
	err = faultline_latency_init();
	if (err)
		goto err_cow;
	err = faultline_precopy_init();
	if (err)
		goto err_latency;
	err = faultline_sampler_create();
	if (err)
		goto err_precopy;
	err = faultline_sysctl_create();
	if (err)
		goto err_sampler;
	err = faultline_cow_stats_create();
	if (err)
		goto err_sysctl;
	err = faultline_procfs_create();
	if (err)
		goto err_cow_stats;
	/* Last: a file that somebody has opened cannot be taken back. */
	err = faultline_chardev_create();
	if (err)
		goto err_procfs;
	return 0;

err_procfs:
	faultline_procfs_destroy();
err_cow_stats:
	faultline_cow_stats_destroy();
err_sysctl:
	faultline_sysctl_destroy();
err_sampler:
	faultline_sampler_destroy();
	faultline_registry_destroy();
err_precopy:
	faultline_precopy_exit();
err_latency:
	faultline_latency_exit();
err_cow:
	faultline_faults_exit();
	faultline_cow_exit();
	faultline_hook_exit();
	faultline_course_destroy();
err_ring:
	faultline_ring_destroy();
	return err;
}

static void __exit faultline_exit(void)
{
	faultline_chardev_destroy();
	faultline_procfs_destroy();
	faultline_cow_stats_destroy();
	faultline_sysctl_destroy();
	faultline_sampler_destroy();
	faultline_registry_destroy();
	faultline_precopy_exit();
	faultline_latency_exit();
	faultline_faults_exit();
	faultline_cow_exit();
	faultline_hook_exit();
	faultline_course_destroy();
	faultline_ring_destroy();
}

module_init(faultline_init);
module_exit(faultline_exit);

MODULE_DESCRIPTION("Shows when and why processes fault: minor, major and copy-on-write");
MODULE_AUTHOR("The Faultline authors");
MODULE_LICENSE("GPL");
/* The one place that the version is written in: programs and packages read it here. */
MODULE_VERSION("1.0");

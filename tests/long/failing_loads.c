// SPDX-License-Identifier: GPL-2.0
/*
 * Where memory cannot be had while the module is loaded there is a clean error, and the next try
 * works: each allocation of loading fails in turn, on kernels that can be told to fail them.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failures.h"
#include "module.h"
#include "tap.h"

static int module_file;		/* opening it is not what is tried */

static int load(void)
{
	return syscall(SYS_finit_module, module_file, "ring_records=64", 0) ? errno : 0;
}

static void unload(void)
{
	if (module_unload())
		bail("rmmod");
}

int main(void)
{
	if (!failures_begin()) {
		skip("loads whose allocations fail: this kernel cannot be told to fail them");
		return finish();
	}
	module_file = open("/faultline/faultline.ko", O_RDONLY | O_CLOEXEC);
	if (module_file < 0)
		bail("faultline.ko");
	fail_each("loading", load, unload);
	return finish();
}

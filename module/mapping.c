// SPDX-License-Identifier: GPL-2.0
/*
 * Rings as readers map them: a header of a page, and records.  Each begins in the device at a
 * multiple of FAULTLINE_RING_OFFSET, and ends before the next.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/printk.h>
#include <linux/time.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "mapping.h"
#include "uapi/faultline.h"

static int records_set(const char *value, const struct kernel_param *param)
{
	int err = param_set_uint_minmax(value, param, FAULTLINE_RECORDS_MIN, FAULTLINE_RECORDS_MAX);

	if (err)
		pr_err("%s=%s: expected %d to %d\n", param->name, value, FAULTLINE_RECORDS_MIN,
		       FAULTLINE_RECORDS_MAX);
	return err;
}

/* A parameter of the module's: how many records a ring holds. */
const struct kernel_param_ops faultline_records_ops = {
	.set = records_set,
	.get = param_get_uint,
};

/**
 * faultline_mapping_describe() - what readers have to know before they read
 * @header: of a ring that nobody has mapped
 * @magic: of its kind
 * @record_size: bytes
 * @records: that it holds, behind the header's page
 *
 * Context: any.
 */
void faultline_mapping_describe(struct faultline_header *header, u32 magic, u32 record_size,
				u32 records)
{
	header->magic = magic;
	header->version = FAULTLINE_VERSION;
	header->header_size = sizeof(struct faultline_header);
	header->record_size = record_size;
	header->data_offset = PAGE_SIZE;
	header->clock = CLOCK_MONOTONIC;
	header->capacity = records;
	header->run = 1;
}

static unsigned long page_of(unsigned long device_page)
{
	return device_page % (FAULTLINE_RING_OFFSET >> PAGE_SHIFT);
}

/*
 * Pages are mapped as they are looked at: whoever wants the newest records of a large ring
 * does not pay for all of it.  faultline_mapping_make() saw to it that this one is there.
 */
static vm_fault_t map_page(struct vm_fault *vmf)
{
	char *memory = vmf->vma->vm_private_data;

	vmf->page = vmalloc_to_page(memory + (page_of(vmf->pgoff) << PAGE_SHIFT));
	get_page(vmf->page);
	return 0;
}

static const struct vm_operations_struct mapping_operations = {
	.fault = map_page,
};

/**
 * faultline_mapping_make() - map memory of ours read-only into a process
 * @vma: from mmap
 * @memory: vmalloc'd; stays as long as the module does
 * @bytes: of it, whole pages
 *
 * Context: mmap_lock of the caller held for writing.
 * Return: 0, -EPERM for a mapping that could be written or executed, -EINVAL
 * for one that ends beyond the memory.
 */
int faultline_mapping_make(struct vm_area_struct *vma, void *memory, size_t bytes)
{
	unsigned long pages = bytes >> PAGE_SHIFT, first = page_of(vma->vm_pgoff);

	if (vma->vm_flags & (VM_WRITE | VM_EXEC))
		return -EPERM;
	if (first >= pages || vma_pages(vma) > pages - first)
		return -EINVAL;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, VM_MAYWRITE | VM_MAYEXEC);
	vma->vm_ops = &mapping_operations;
	vma->vm_private_data = memory;
	return 0;
}

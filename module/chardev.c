// SPDX-License-Identifier: GPL-2.0
/*
 * The character device: open, map, poll, acknowledge, release.
 *
 * An open file and a mapping both hold the module, so rmmod is refused while a reader
 * is there.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "chardev.h"
#include "compat.h"
#include "course.h"
#include "faults.h"
#include "ring.h"

enum {
	MAJOR_LIMIT = 511,	/* CHRDEV_MAJOR_MAX - 1, which modules cannot see */
};

static unsigned int major = FAULTLINE_MAJOR;

static int major_set(const char *value, const struct kernel_param *param)
{
	int err = param_set_uint_minmax(value, param, 0, MAJOR_LIMIT);

	if (err)
		pr_err("major=%s: expected 0 (any) to %d\n", value, MAJOR_LIMIT);
	return err;
}

static const struct kernel_param_ops major_ops = {
	.set = major_set,
	.get = param_get_uint,
};
module_param_cb(major, &major_ops, &major, 0444);
MODULE_PARM_DESC(major, "major number of the device (default 423; 0 takes any that is free)");

/*
 * For nodes that somebody made by hand.  None is there beforehand: the number is of the
 * range that the kernel gives to whoever asks for any.
 */
MODULE_ALIAS_CHARDEV(FAULTLINE_MAJOR, 0);

static dev_t chardev_number;
static struct cdev chardev;
static struct class *chardev_class;

/* An open file is a reader; what it holds is the news that it acknowledged last. */
static int chardev_open(struct inode *inode, struct file *file)
{
	u64 *seen = kzalloc(sizeof(*seen), GFP_KERNEL_ACCOUNT);

	if (!seen)
		return -ENOMEM;
	file->private_data = seen;
	return nonseekable_open(inode, file);
}

static int chardev_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

/*
 * A fault trace tells where everybody's memory is, which kernels tell only who may watch all
 * of the system, by perf as well: its readers need more than the device.
 */
static int map_faults(const struct file *file, struct vm_area_struct *vma)
{
	const unsigned long first = FAULTLINE_FAULTS_OFFSET >> PAGE_SHIFT;

	if (!file_ns_capable(file, &init_user_ns, CAP_PERFMON))
		return -EACCES;
	return faultline_faults_map(vma, (vma->vm_pgoff - first) /
					 (FAULTLINE_FAULTS_STRIDE >> PAGE_SHIFT));
}

/* What is mapped is chosen by the offset, never by the length. */
static int chardev_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff >= FAULTLINE_FAULTS_OFFSET >> PAGE_SHIFT)
		return map_faults(file, vma);
	if (vma->vm_pgoff < FAULTLINE_RING_OFFSET >> PAGE_SHIFT && faultline_course_on())
		return faultline_course_map(vma);
	return faultline_ring_map(vma);
}

/*
 * Readiness lasts until it is acknowledged, as a timerfd's does: epoll asks more than
 * once about one event.
 */
static __poll_t chardev_poll(struct file *file, struct poll_table_struct *wait)
{
	const u64 *seen = file->private_data;

	faultline_ring_poll(file, wait);
	return faultline_ring_news() != READ_ONCE(*seen) ? EPOLLIN | EPOLLRDNORM : 0;
}

static ssize_t chardev_read(struct file *file, char __user *buffer, size_t count,
			    loff_t *position)
{
	u64 *seen = file->private_data, old = READ_ONCE(*seen), news, head;
	int err;

	if (count < sizeof(head))
		return -EINVAL;
	if (faultline_ring_news() == old) {
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = faultline_ring_wait(old);
		if (err)
			return err;
	}
	/* In this order: head then is at least what the news is about. */
	news = faultline_ring_news();
	head = READ_ONCE(faultline_ring_header()->head);
	if (copy_to_user(buffer, &head, sizeof(head)))
		return -EFAULT;
	WRITE_ONCE(*seen, news);
	return sizeof(head);
}

static const struct file_operations chardev_operations = {
	.owner		= THIS_MODULE,
	.open		= chardev_open,
	.release	= chardev_release,
	.read		= chardev_read,
	.mmap		= chardev_mmap,
	.poll		= chardev_poll,
};

static char *chardev_node(FAULTLINE_DEVNODE_CONST struct device *device, umode_t *mode)
{
	if (mode)
		*mode = 0660;
	return NULL;
}

static int take_number(void)
{
	int err = -EBUSY;

	if (major) {
		chardev_number = MKDEV(major, 0);
		err = register_chrdev_region(chardev_number, 1, KBUILD_MODNAME);
		if (err != -EBUSY)
			return err;
	}
	err = alloc_chrdev_region(&chardev_number, 0, 1, KBUILD_MODNAME);
	if (!err)
		pr_notice("major %u is %s, so " FAULTLINE_DEVICE " is (%u,0)\n", major,
			  major ? "taken" : "any", MAJOR(chardev_number));
	return err;
}

/**
 * faultline_chardev_create() - let readers in; the ring is ready
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int faultline_chardev_create(void)
{
	struct device *device;
	int err;

	err = take_number();
	if (err)
		return err;
	chardev_class = faultline_class_create(KBUILD_MODNAME);
	if (IS_ERR(chardev_class)) {
		err = PTR_ERR(chardev_class);
		goto err_number;
	}
	chardev_class->devnode = chardev_node;
	cdev_init(&chardev, &chardev_operations);
	chardev.owner = THIS_MODULE;
	err = cdev_add(&chardev, chardev_number, 1);
	if (err)
		goto err_class;
	device = device_create(chardev_class, NULL, chardev_number, NULL, KBUILD_MODNAME);
	if (IS_ERR(device)) {
		err = PTR_ERR(device);
		goto err_cdev;
	}
	return 0;

err_cdev:
	cdev_del(&chardev);
err_class:
	class_destroy(chardev_class);
err_number:
	unregister_chrdev_region(chardev_number, 1);
	return err;
}

/**
 * faultline_chardev_destroy() - no reader can come any more
 *
 * Context: may sleep; no file is open, or the module could not be on its way out.
 */
void faultline_chardev_destroy(void)
{
	device_destroy(chardev_class, chardev_number);
	cdev_del(&chardev);
	class_destroy(chardev_class);
	unregister_chrdev_region(chardev_number, 1);
}

/**
 * faultline_chardev_number() - the device number in use
 *
 * Return: major and minor.
 */
dev_t faultline_chardev_number(void)
{
	return chardev_number;
}

// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/faultline/status: text in, text out.
 *
 * Written: lines `R <pid>` and `U <pid>`; 0 is the writer.  Lines take effect one
 * by one.  A write ends before the first line that is refused and returns how many
 * bytes went before it, or that line's error when it comes first: a caller that
 * writes the rest, as stdio and shells do, gets the error, and nothing is lost.
 *
 * Read: a line of column names, a line per process that the reader may look into,
 * then lines that begin with # and tell of the module.
 */

#include <linux/fs.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/uaccess.h>

#include "chardev.h"
#include "procfs.h"
#include "registry.h"
#include "ring.h"

enum {
	WRITE_MAX = 4096,	/* bytes looked at in one write */
};

static struct proc_dir_entry *procfs_folder;

/*
 * Digits only, no sign, and nothing around them but blanks: what kstrtoint() and
 * strim() take on top of that is more than the contract says.
 */
static int parse_pid(char *text, pid_t *nr)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strspn(text, "0123456789");
	if (end == text || end[strspn(end, " \t")])
		return -EINVAL;
	*end = '\0';
	return kstrtoint(text, 10, nr) ? -EINVAL : 0;
}

static int run_line(const struct file *file, char *line)
{
	pid_t nr;
	int err;

	if ((line[0] != 'R' && line[0] != 'U') || line[1] != ' ')
		return -EINVAL;
	err = parse_pid(line + 2, &nr);
	if (err)
		return err;
	return line[0] == 'R' ? faultline_registry_register(file, nr) :
				faultline_registry_unregister(file, nr);
}

/*
 * Runs the lines of text until one is refused; returns the bytes done, or the error
 * when it is the first line's.  If more is to come, a last line without its end is
 * left for the next write.
 */
static ssize_t run_lines(const struct file *file, char *text, size_t length, bool more)
{
	char *line = text, *end = text + length, *newline;
	int err;

	while (line < end) {
		newline = memchr(line, '\n', end - line);
		if (!newline && more)
			break;
		newline = newline ?: end;
		*newline = '\0';
		/* A NUL that the writer put there would hide what follows it. */
		err = strlen(line) < newline - line ? -EINVAL : run_line(file, line);
		if (err)
			return line == text ? err : line - text;
		line = newline + 1;
	}
	return line == text ? -EINVAL : min_t(ssize_t, line - text, length);
}

static ssize_t status_write(struct file *file, const char __user *buffer, size_t count,
			    loff_t *position)
{
	size_t length = min_t(size_t, count, WRITE_MAX);
	ssize_t result;
	char *text;

	if (!length)
		return 0;
	text = memdup_user_nul(buffer, length);
	if (IS_ERR(text))
		return PTR_ERR(text);
	result = run_lines(file, text, length, length < count);
	kfree(text);
	return result;
}

/* Where a walk is when all processes are done and the lines on the module are left. */
#define AT_MODULE ((void *)&procfs_folder)

/*
 * Position 0 is the line of names, any other the id that comes next: processes which
 * come and go between two reads shift nobody else.
 */
static struct faultline_process *first_from(loff_t position)
{
	struct faultline_process *process;

	faultline_registry_for_each(process)
		if (process->id >= position)
			return process;
	return NULL;
}

struct status_walk {
	const struct file *file;
	int srcu_idx;
};

static void *status_start(struct seq_file *seq, loff_t *position)
	__acquires(&faultline_registry_srcu)
{
	struct status_walk *walk = seq->private;

	walk->srcu_idx = srcu_read_lock(&faultline_registry_srcu);
	if (*position == 0)
		return SEQ_START_TOKEN;
	if (*position == LLONG_MAX)
		return NULL;
	return first_from(*position) ?: AT_MODULE;
}

static void *status_next(struct seq_file *seq, void *at, loff_t *position)
{
	struct faultline_process *next;

	if (at == AT_MODULE) {
		*position = LLONG_MAX;
		return NULL;
	}
	/* Lines of others are passed over in here, by the thousand perhaps. */
	cond_resched();
	next = at == SEQ_START_TOKEN ? first_from(1) : faultline_registry_next(at);
	*position = next ? next->id : LLONG_MAX - 1;
	return next ?: AT_MODULE;
}

static void status_stop(struct seq_file *seq, void *at)
	__releases(&faultline_registry_srcu)
{
	struct status_walk *walk = seq->private;

	srcu_read_unlock(&faultline_registry_srcu, walk->srcu_idx);
}

static void show_module(struct seq_file *seq)
{
	const struct faultline_header *header = faultline_ring_header();
	dev_t number = faultline_chardev_number();

	seq_printf(seq, "# faultline %s\n", THIS_MODULE->version);
	seq_printf(seq, "# device: %u,%u\n", MAJOR(number), MINOR(number));
	seq_printf(seq, "# cow: %s\n", header->cow_method);
	seq_printf(seq, "# hz: %u\n", READ_ONCE(header->hz));
	seq_printf(seq, "# ticks: %llu run, %llu missed\n", READ_ONCE(header->ticks),
		   READ_ONCE(header->ticks_missed));
	seq_printf(seq, "# ring: %llu records published, room for %llu\n",
		   READ_ONCE(header->head), header->capacity);
	seq_printf(seq, "# processes: %u registered, at most %u\n", faultline_registry_count(),
		   faultline_registry_limit());
}

/* One word whatever a process calls itself: blanks and unprintables become \xNN. */
static void show_name(struct seq_file *seq, const char *comm)
{
	if (*comm)
		seq_escape_mem(seq, comm, strlen(comm),
			       ESCAPE_HEX | ESCAPE_NAP | ESCAPE_APPEND, " \\");
	else
		seq_puts(seq, "\\x00");
	seq_putc(seq, '\n');
}

static void show_process(struct seq_file *seq, struct faultline_process *process)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	struct status_walk *walk = seq->private;
	struct faultline_record record;
	struct task_struct *leader;
	pid_t nr = pid_nr_ns(process->pid, ns), parent = 0;

	if (!nr || faultline_process_exiting(process) ||
	    !faultline_registry_may_see(walk->file, process) ||
	    !faultline_process_read(process, &record))
		return;
	rcu_read_lock();
	leader = pid_task(process->pid, PIDTYPE_TGID);
	if (leader)
		parent = task_tgid_nr_ns(rcu_dereference(leader->real_parent), ns);
	rcu_read_unlock();

	seq_printf(seq, "%d %d %llu %u %llu %llu ", nr, parent, record.id, record.threads,
		   record.minor_faults, record.major_faults);
	if (record.flags & FAULTLINE_COW)
		seq_printf(seq, "%llu ", record.cow_faults);
	else
		seq_puts(seq, "n/a ");
	seq_printf(seq, "%llu %llu %llu %llu ", record.user_ns, record.system_ns,
		   record.rss_bytes, record.swap_bytes);
	show_name(seq, record.comm);
}

static int status_show(struct seq_file *seq, void *at)
{
	if (at == SEQ_START_TOKEN)
		seq_puts(seq, "pid ppid id threads minor major cow user_ns system_ns rss_bytes swap_bytes comm\n");
	else if (at == AT_MODULE)
		show_module(seq);
	else
		show_process(seq, at);
	return 0;
}

static const struct seq_operations status_operations = {
	.start	= status_start,
	.next	= status_next,
	.stop	= status_stop,
	.show	= status_show,
};

static int status_open(struct inode *inode, struct file *file)
{
	struct status_walk *walk = __seq_open_private(file, &status_operations, sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	walk->file = file;
	return 0;
}

static const struct proc_ops status_proc_ops = {
	.proc_open	= status_open,
	.proc_read	= seq_read,
	.proc_write	= status_write,
	.proc_lseek	= seq_lseek,
	.proc_release	= seq_release_private,
};

/**
 * faultline_procfs_create() - let people register processes; all else is ready
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int faultline_procfs_create(void)
{
	procfs_folder = proc_mkdir("faultline", NULL);
	if (!procfs_folder)
		return -ENOMEM;
	/* For everyone: who may do what with whom is decided line by line. */
	if (!proc_create("status", 0666, procfs_folder, &status_proc_ops)) {
		proc_remove(procfs_folder);
		return -ENOMEM;
	}
	return 0;
}

/**
 * faultline_procfs_destroy() - nobody can register or read any more
 *
 * Context: may sleep: waits for the calls that are in progress.
 */
void faultline_procfs_destroy(void)
{
	proc_remove(procfs_folder);
}

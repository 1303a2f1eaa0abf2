// SPDX-License-Identifier: GPL-2.0
/*
 * /proc/faultline/status: text in, text out; and /proc/faultline/histogram.
 *
 * Written: lines `R <pid>`, `R <pid> children`, `U <pid>`, `P <pid> [depth|auto|off]`,
 * which sets pre-copy for a process that is registered, and `T <pid> on|off`, which has its
 * faults traced; 0 is the writer.  Lines take effect one by one.  A write ends before the
 * first line that is refused and returns how many bytes went before it, or that line's error
 * when it comes first: a caller that writes the rest, as stdio and shells do, gets the error,
 * and nothing is lost.
 *
 * Read: a line of column names, a line per process that the reader may look into,
 * then lines that begin with # and tell of the module.
 *
 * histogram is read in the same way: a line per process and measure, and those of all
 * processes for who may see everybody's.
 *
 * /proc/mp3/status, in course mode: `R <pid>` and `U <pid>` are written, under the same
 * rules, and the pids of the processes that the reader may look into are read.
 */

#include <linux/capability.h>
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
#include "course.h"
#include "faults.h"
#include "follow.h"
#include "histogram.h"
#include "latency.h"
#include "precopy.h"
#include "procfs.h"
#include "registry.h"
#include "ring.h"

enum {
	WRITE_MAX = 4096,	/* bytes looked at in one write */
};

static struct proc_dir_entry *procfs_folder, *course_folder;

/* Cuts the next word off a line and ends it; empty when there is none. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " \t");
	char *end = word + strcspn(word, " \t");

	*line = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* Digits only, no sign: what kstrtoint() takes on top of that is more than the contract. */
static int parse_number(const char *word, int *number)
{
	if (!*word || word[strspn(word, "0123456789")])
		return -EINVAL;
	return kstrtoint(word, 10, number) ? -EINVAL : 0;
}

/* What follows `P <pid>`. */
static int parse_precopy(const char *word, int *setting)
{
	int depth;

	if (!*word || !strcmp(word, "auto")) {
		*setting = FAULTLINE_PRECOPY_AUTO;
		return 0;
	}
	if (!strcmp(word, "off")) {
		*setting = FAULTLINE_PRECOPY_OFF;
		return 0;
	}
	if (parse_number(word, &depth) || depth < 1 || depth > FAULTLINE_PRECOPY_DEEPEST)
		return -EINVAL;
	*setting = depth;
	return 0;
}

/* What follows `T <pid>`. */
static const char * const off_on[] = { "off", "on" };

static int run_line(const struct file *file, char *line)
{
	char verb = line[0], *option;
	int err, setting;
	bool follow;
	pid_t nr;

	if (!verb || !strchr("RUPT", verb) || line[1] != ' ')
		return -EINVAL;
	line += 2;
	err = parse_number(next_word(&line), &nr);
	if (err)
		return err;
	option = next_word(&line);
	if (verb == 'P') {
		err = *next_word(&line) ? -EINVAL : parse_precopy(option, &setting);
		return err ?: faultline_registry_precopy(file, nr, setting);
	}
	if (verb == 'T') {
		setting = sysfs_match_string(off_on, option);
		if (setting < 0 || *next_word(&line))
			return -EINVAL;
		return faultline_registry_trace(file, nr, setting);
	}
	follow = verb == 'R' && !strcmp(option, "children");
	if ((*option && !follow) || *next_word(&line))
		return -EINVAL;
	return verb == 'R' ? faultline_registry_register(file, nr, follow) :
			     faultline_registry_unregister(file, nr);
}

static int run_course_line(const struct file *file, char *line)
{
	char verb = line[0];
	pid_t nr;

	if ((verb != 'R' && verb != 'U') || line[1] != ' ' || parse_number(line + 2, &nr))
		return -EINVAL;
	return verb == 'R' ? faultline_registry_register(file, nr, false) :
			     faultline_registry_unregister(file, nr);
}

typedef int run_fn(const struct file *file, char *line);

/*
 * Runs the lines of text until one is refused; returns the bytes done, or the error
 * when it is the first line's.  If more is to come, a last line without its end is
 * left for the next write.
 */
static ssize_t run_lines(const struct file *file, run_fn *run, char *text, size_t length,
			 bool more)
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
		err = strlen(line) < newline - line ? -EINVAL : run(file, line);
		if (err)
			return line == text ? err : line - text;
		line = newline + 1;
	}
	return line == text ? -EINVAL : min_t(ssize_t, line - text, length);
}

static ssize_t write_lines(const struct file *file, run_fn *run, const char __user *buffer,
			   size_t count)
{
	size_t length = min_t(size_t, count, WRITE_MAX);
	ssize_t result;
	char *text;

	if (!length)
		return 0;
	text = memdup_user_nul(buffer, length);
	if (IS_ERR(text))
		return PTR_ERR(text);
	result = run_lines(file, run, text, length, length < count);
	kfree(text);
	return result;
}

static ssize_t status_write(struct file *file, const char __user *buffer, size_t count,
			    loff_t *position)
{
	return write_lines(file, run_line, buffer, count);
}

static ssize_t course_write(struct file *file, const char __user *buffer, size_t count,
			    loff_t *position)
{
	return write_lines(file, run_course_line, buffer, count);
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

/**
 * struct walk - a reader on its way through the processes
 * @file: what it opened
 * @srcu_idx: of its srcu_read_lock()
 * @times: room for a look at a histogram that others are adding to
 */
struct walk {
	const struct file *file;
	int srcu_idx;
	struct faultline_histogram times;
};

static void *walk_start(struct seq_file *seq, loff_t *position)
	__acquires(&faultline_registry_srcu)
{
	struct walk *walk = seq->private;

	walk->srcu_idx = srcu_read_lock(&faultline_registry_srcu);
	if (*position == 0)
		return SEQ_START_TOKEN;
	if (*position == LLONG_MAX)
		return NULL;
	return first_from(*position) ?: AT_MODULE;
}

static void *walk_next(struct seq_file *seq, void *at, loff_t *position)
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

static void walk_stop(struct seq_file *seq, void *at)
	__releases(&faultline_registry_srcu)
{
	struct walk *walk = seq->private;

	srcu_read_unlock(&faultline_registry_srcu, walk->srcu_idx);
}

/* Of sums over everybody's processes. */
static bool may_see_all(struct seq_file *seq)
{
	const struct walk *walk = seq->private;

	return file_ns_capable(walk->file, &init_user_ns, CAP_PERFMON);
}

static void show_module(struct seq_file *seq)
{
	const struct faultline_header *header = faultline_ring_header();
	dev_t number = faultline_chardev_number();

	seq_printf(seq, "# faultline %s\n", THIS_MODULE->version);
	seq_printf(seq, "# device: %u,%u\n", MAJOR(number), MINOR(number));
	seq_printf(seq, "# cow: %s\n", header->cow_method);
	faultline_latency_show(seq);
	faultline_follow_show(seq);
	faultline_precopy_show(seq);
	faultline_faults_show(seq, faultline_registry_traced(), may_see_all(seq));
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

static void show_count(struct seq_file *seq, bool known, u64 count)
{
	if (known)
		seq_printf(seq, "%llu ", count);
	else
		seq_puts(seq, "n/a ");
}

static void show_copies(struct seq_file *seq, const struct faultline_record *record)
{
	bool copies = record->flags & FAULTLINE_COPY_TIMES;
	bool faults = record->flags & FAULTLINE_FAULT_TIMES;
	int kind;

	seq_printf(seq, "%llu ", record->parent_id);
	for (kind = 0; kind < FAULTLINE_KINDS; kind++) {
		u32 needs = FAULTLINE_COW;

		if (kind == FAULTLINE_FILE_FIRST)
			needs |= FAULTLINE_COW_FILE_FIRST;
		if (kind == FAULTLINE_HUGETLB)
			needs |= FAULTLINE_COW_HUGETLB;
		show_count(seq, (record->flags & needs) == needs, record->cow_kinds[kind]);
	}
	show_count(seq, copies, record->copies_timed);
	show_count(seq, copies, record->copies_missed);
	show_count(seq, copies, record->copy_ns);
	show_count(seq, faults, record->faults_timed);
	show_count(seq, faults, record->faults_missed);
	show_count(seq, faults, record->fault_ns);
}

static void show_precopies(struct seq_file *seq, const struct faultline_record *record)
{
	bool known = record->flags & FAULTLINE_PRECOPY;

	show_count(seq, known, record->precopied);
	show_count(seq, known, record->precopy_used);
	show_count(seq, known, record->precopy_wasted);
	show_count(seq, known, record->precopy_refused);
}

/* What the reader knows the process by; 0 if it may not, or the process is exiting. */
static pid_t shown_pid(const struct walk *walk, const struct faultline_process *process)
{
	pid_t nr = pid_nr_ns(process->pid, task_active_pid_ns(current));

	if (!nr || faultline_process_exiting(process) ||
	    !faultline_registry_may_see(walk->file, process))
		return 0;
	return nr;
}

static void show_process(struct seq_file *seq, struct faultline_process *process)
{
	struct pid_namespace *ns = task_active_pid_ns(current);
	pid_t nr = shown_pid(seq->private, process), parent = 0;
	struct faultline_record record;
	struct task_struct *leader;

	if (!nr || !faultline_process_read(process, &record))
		return;
	rcu_read_lock();
	leader = pid_task(process->pid, PIDTYPE_TGID);
	if (leader)
		parent = task_tgid_nr_ns(rcu_dereference(leader->real_parent), ns);
	rcu_read_unlock();

	seq_printf(seq, "%d %d %llu %u %llu %llu ", nr, parent, record.id, record.threads,
		   record.minor_faults, record.major_faults);
	show_count(seq, record.flags & FAULTLINE_COW, record.cow_faults);
	seq_printf(seq, "%llu %llu %llu %llu ", record.user_ns, record.system_ns,
		   record.rss_bytes, record.swap_bytes);
	show_copies(seq, &record);
	show_precopies(seq, &record);
	show_name(seq, record.comm);
}

/* In the order of show_process(). */
static void show_names(struct seq_file *seq)
{
	static const char * const kinds[] = {
		[FAULTLINE_ANON] = "anon", [FAULTLINE_ZERO] = "zero", [FAULTLINE_FILE] = "file",
		[FAULTLINE_FILE_FIRST] = "file_first", [FAULTLINE_KSM] = "ksm",
		[FAULTLINE_HUGETLB] = "hugetlb", [FAULTLINE_REMOTE] = "remote",
	};
	int kind;

	seq_puts(seq, "pid ppid id threads minor major cow user_ns system_ns rss_bytes swap_bytes ");
	seq_puts(seq, "parent_id ");
	for (kind = 0; kind < FAULTLINE_KINDS; kind++)
		seq_printf(seq, "cow_%s ", kinds[kind]);
	seq_puts(seq, "copies_timed copies_missed copy_ns faults_timed faults_missed fault_ns ");
	seq_puts(seq, "precopied precopy_used precopy_wasted precopy_refused comm\n");
}

static int status_show(struct seq_file *seq, void *at)
{
	if (at == SEQ_START_TOKEN)
		show_names(seq);
	else if (at == AT_MODULE)
		show_module(seq);
	else
		show_process(seq, at);
	return 0;
}

static const struct seq_operations status_operations = {
	.start	= walk_start,
	.next	= walk_next,
	.stop	= walk_stop,
	.show	= status_show,
};

static const char * const measure_names[] = {
	[FAULTLINE_COPY] = "copy",
	[FAULTLINE_FAULT] = "fault",
};

static void show_times(struct seq_file *seq, enum faultline_measure measure,
		       const struct faultline_histogram *times)
{
	if (faultline_latency_timed(measure) || atomic64_read(&times->due))
		faultline_histogram_show(seq, times);
	else
		seq_puts(seq, "n/a n/a n/a n/a n/a n/a n/a n/a n/a n/a\n");
}

static void show_process_times(struct seq_file *seq, const struct faultline_process *process)
{
	struct walk *walk = seq->private;
	pid_t nr = pid_nr_ns(process->pid, task_active_pid_ns(current));
	int measure;

	if (!nr || !faultline_registry_may_see(walk->file, process))
		return;
	for (measure = 0; measure < FAULTLINE_MEASURES; measure++) {
		walk->times = *process->times[measure];
		seq_printf(seq, "%d %llu %s ", nr, process->id, measure_names[measure]);
		show_times(seq, measure, &walk->times);
	}
}

/* Of all processes, and what is in every time. */
static void show_all_times(struct seq_file *seq)
{
	struct walk *walk = seq->private;
	int measure;

	if (may_see_all(seq)) {
		for (measure = 0; measure < FAULTLINE_MEASURES; measure++) {
			faultline_latency_total(measure, &walk->times);
			seq_printf(seq, "total 0 %s ", measure_names[measure]);
			show_times(seq, measure, &walk->times);
		}
	}
	faultline_latency_show(seq);
}

static int histogram_show(struct seq_file *seq, void *at)
{
	if (at == SEQ_START_TOKEN)
		seq_puts(seq, "pid id measure count missed sum_ns max_ns p50_ns p90_ns p95_ns p99_ns p999_ns from-to:count,...\n");
	else if (at == AT_MODULE)
		show_all_times(seq);
	else
		show_process_times(seq, at);
	return 0;
}

static const struct seq_operations histogram_operations = {
	.start	= walk_start,
	.next	= walk_next,
	.stop	= walk_stop,
	.show	= histogram_show,
};

static int course_show(struct seq_file *seq, void *at)
{
	pid_t nr;

	if (at == SEQ_START_TOKEN || at == AT_MODULE)
		return 0;
	nr = shown_pid(seq->private, at);
	if (nr)
		seq_printf(seq, "%d\n", nr);
	return 0;
}

static const struct seq_operations course_operations = {
	.start	= walk_start,
	.next	= walk_next,
	.stop	= walk_stop,
	.show	= course_show,
};

static int open_walk(struct file *file, const struct seq_operations *operations)
{
	struct walk *walk = __seq_open_private(file, operations, sizeof(*walk));

	if (!walk)
		return -ENOMEM;
	walk->file = file;
	return 0;
}

static int status_open(struct inode *inode, struct file *file)
{
	return open_walk(file, &status_operations);
}

static int histogram_open(struct inode *inode, struct file *file)
{
	return open_walk(file, &histogram_operations);
}

static int course_open(struct inode *inode, struct file *file)
{
	return open_walk(file, &course_operations);
}

static const struct proc_ops status_proc_ops = {
	.proc_open	= status_open,
	.proc_read	= seq_read,
	.proc_write	= status_write,
	.proc_lseek	= seq_lseek,
	.proc_release	= seq_release_private,
};

static const struct proc_ops histogram_proc_ops = {
	.proc_open	= histogram_open,
	.proc_read	= seq_read,
	.proc_lseek	= seq_lseek,
	.proc_release	= seq_release_private,
};

static const struct proc_ops course_proc_ops = {
	.proc_open	= course_open,
	.proc_read	= seq_read,
	.proc_write	= course_write,
	.proc_lseek	= seq_lseek,
	.proc_release	= seq_release_private,
};

static bool create_course_status(void)
{
	course_folder = proc_mkdir("mp3", NULL);
	return course_folder && proc_create("status", 0666, course_folder, &course_proc_ops);
}

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
	if (!proc_create("status", 0666, procfs_folder, &status_proc_ops) ||
	    !proc_create("histogram", 0444, procfs_folder, &histogram_proc_ops) ||
	    (faultline_course_on() && !create_course_status())) {
		faultline_procfs_destroy();
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
	proc_remove(course_folder);
	proc_remove(procfs_folder);
}

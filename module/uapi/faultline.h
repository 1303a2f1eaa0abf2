/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Faultline: the contract between the module and its readers
 *
 * The device /dev/faultline (character, major 423, minor 0) holds one ring of
 * records in the kernel's memory, which any number of readers map read-only at
 * FAULTLINE_RING_OFFSET, and, but for course mode, at offset 0 as well.  From there on:
 *
 *	0			struct faultline_header, padded to data_offset
 *	header.data_offset	header.capacity records of header.record_size
 *
 * The module publishes one record per registered process per tick.  Record
 * number n (n counts from 1 and never wraps) stands in slot (n - 1) % capacity
 * until record n + capacity takes its place.  Readers hold their own position;
 * nothing that a reader does reaches the writer, and the writer waits for none.
 *
 * Writing record n					Reading record n
 *   rec.seq = 0					  h = load-acquire(header.head)  (C)
 *   write barrier			(A)		  n > h: nothing new yet
 *   the fields of rec					  h - n >= capacity: lapped
 *   store-release(rec.seq, n)		(B)		  load-acquire(rec.seq) == n ?   (B)
 *   store-release(header.head, n)	(C)		  copy the fields
 *							  read barrier                   (A)
 *							  rec.seq == n still ?
 *
 * Barriers with the same letter pair up.  A reader that finds another number
 * in rec.seq was lapped: it takes up at a later n, and the difference is the
 * exact number of records that it lost.
 *
 * To wait: poll(2) reports POLLIN while there is news that this open file has not
 * acknowledged: a record, or the end of a run.  read(2) of 8 bytes acknowledges
 * it: it gives head as a __u64, and sleeps (or fails with EAGAIN, if O_NONBLOCK)
 * where there is none.  So poll, read, then go through the ring up to head.
 *
 * Rows of one process are tied together by faultline_record.id, which is never
 * used twice while the module stays loaded; a pid may be.  Counters count from
 * registration on and never go back, so a record that is lost costs resolution
 * and no counts.  pid and ppid are numbers of the initial pid namespace.
 *
 * A process that was followed from its parent's fork has that registration in
 * parent_id: the tree of forks, whoever adopts an orphan.  Its first record tells of
 * the moment of its birth, and comes into the ring with the tick that follows.
 *
 * The fault trace: a line `T <pid> on` in FAULTLINE_STATUS has every fault of a registered
 * process written down, and of the children that it is followed by from then on, until its
 * end or `T <pid> off`, which is for that process alone.  Each CPU has a ring of its own,
 * at FAULTLINE_FAULTS_OFFSET and the CPU's number times FAULTLINE_FAULTS_STRIDE: a header
 * whose magic is FAULTLINE_FAULTS_MAGIC, of which only the sizes, clock, capacity, run and
 * head mean something, and records that are struct faultline_fault.  They are written and
 * read as above.  A ring is there (ENXIO otherwise) from the first `T <pid> on` until the
 * module goes; mapping it takes CAP_PERFMON (EACCES otherwise).  Nobody is woken by a fault;
 * the samples' news, which come at each tick, are a good time to look.  A CPU's faults are
 * in the order in which they ended.
 *
 * A program should map the first page, check magic and version, and take all
 * sizes from the header: a later minor revision may append fields to either
 * struct without a new version.
 *
 * Course mode (mp3=1) puts at offset 0 FAULTLINE_COURSE_BYTES that can be mapped writable
 * by who opened the device so: FAULTLINE_COURSE_LONGS longs in groups of four, -1 where
 * empty, and nothing but -1 behind them.  Every tick writes a group, the first long last:
 *
 *	jiffies, minor faults, major faults, CPU time in jiffies
 *
 * The three are sums over all registered processes of what is new since the group
 * before.  After the last group comes the first again.  A run begins with the buffer
 * emptied, at its start, and ends with a group of what is new since the last tick.  Its
 * readers reset what they have read to -1.  FAULTLINE_COURSE_STATUS takes lines `R <pid>`
 * and `U <pid>`, and gives the registered pids, one per line.
 */
#ifndef _UAPI_FAULTLINE_H
#define _UAPI_FAULTLINE_H

#include <linux/types.h>

#define FAULTLINE_DEVICE	"/dev/faultline"
#define FAULTLINE_STATUS	"/proc/faultline/status"
#define FAULTLINE_MAJOR		423
#define FAULTLINE_RING_OFFSET	0x100000000ULL	/* beyond any ring at offset 0 */

#define FAULTLINE_FAULTS_OFFSET	(2 * FAULTLINE_RING_OFFSET)
#define FAULTLINE_FAULTS_STRIDE	FAULTLINE_RING_OFFSET

#define FAULTLINE_COURSE_STATUS	"/proc/mp3/status"
#define FAULTLINE_COURSE_BYTES	(128 * 4096)
#define FAULTLINE_COURSE_LONGS	48000
#define FAULTLINE_COURSE_GROUP	4

#define FAULTLINE_MAGIC		0x544c4146	/* "FALT" */
#define FAULTLINE_FAULTS_MAGIC	0x464c4146	/* "FALF" */
#define FAULTLINE_VERSION	1

#define FAULTLINE_COMM_LEN	16
#define FAULTLINE_METHOD_LEN	64

/**
 * enum faultline_kind - what was copied, or broken off from a share
 * @FAULTLINE_ANON: anonymous memory that fork() left shared; a huge page counts as
 *	the 4 KB pages that it becomes
 * @FAULTLINE_ZERO: the zero page, after a read; a new page, and nothing to copy
 * @FAULTLINE_FILE: a page of a private file mapping that had been read before
 * @FAULTLINE_FILE_FIRST: a page of a private file mapping, written at first touch
 * @FAULTLINE_KSM: a page that KSM had merged
 * @FAULTLINE_HUGETLB: one huge page of hugetlbfs, whatever its size
 * @FAULTLINE_REMOTE: any of these, by another process (ptrace, /proc/PID/mem,
 *	process_vm_writev) or a kernel thread that wrote into this one's memory
 * @FAULTLINE_KINDS: how many there are
 */
enum faultline_kind {
	FAULTLINE_ANON,
	FAULTLINE_ZERO,
	FAULTLINE_FILE,
	FAULTLINE_FILE_FIRST,
	FAULTLINE_KSM,
	FAULTLINE_HUGETLB,
	FAULTLINE_REMOTE,
	FAULTLINE_KINDS,
};

/**
 * enum faultline_latency - what of a copy-on-write fault is timed
 * @FAULTLINE_LATENCY_OFF: nothing
 * @FAULTLINE_LATENCY_COPY: copying the page
 * @FAULTLINE_LATENCY_FAULT: that, and the whole fault as the kernel's
 *	handle_mm_fault() has it
 */
enum faultline_latency {
	FAULTLINE_LATENCY_OFF,
	FAULTLINE_LATENCY_COPY,
	FAULTLINE_LATENCY_FAULT,
};

/**
 * struct faultline_header - the ring describes itself
 * @magic: FAULTLINE_MAGIC
 * @version: FAULTLINE_VERSION; another number means another layout
 * @header_size: bytes of this struct that the module fills in
 * @record_size: bytes from one record to the next
 * @data_offset: bytes from the start of the mapping to slot 0; page aligned
 * @clock: clockid_t of every time in the ring (CLOCK_MONOTONIC)
 * @capacity: records that the ring holds
 * @hz: samples per second; may change at run time
 * @cow_method: how copy-on-write faults are counted since the last arming, or
 *	"n/a: " and the reason why they are not; NUL terminated
 * @head: records ever published; number of the newest record
 * @run: number of the first record of the current run; a run begins when a
 *	process is registered while none is, and ends when none is left
 * @latency: enum faultline_latency, what is timed since the last arming or change
 * @copy_cost_ns: what an empty measurement of a copy reads, found when the hooks are
 *	first attached; it is in every figure of copies.  0: not known
 * @fault_cost_ns: the same of whole faults, the hooks inside of them included
 * @registered: registered processes whose last record is not published yet;
 *	once a load-acquire of it gives 0, head covers all their records
 * @ticks: sampling ticks that ran
 * @ticks_missed: ticks that came late by a period or more, or while the one before
 *	was still at work
 * @reserved_a: 0
 * @reserved_b: 0
 */
struct faultline_header {
	__u32 magic;
	__u32 version;
	__u32 header_size;
	__u32 record_size;
	__u32 data_offset;
	__u32 clock;
	__u64 capacity;
	__u32 hz;
	__u32 latency;
	char cow_method[FAULTLINE_METHOD_LEN];
	__u64 copy_cost_ns;
	__u64 fault_cost_ns;
	__u64 reserved_a;
	/* Written at every tick: kept off the line of the fields above. */
	__u64 head;
	__u64 run;
	__u64 ticks;
	__u64 ticks_missed;
	__u32 registered;
	__u32 reserved_b;
};

/**
 * enum faultline_flags - what a record says besides its counters
 * @FAULTLINE_FIRST: taken at registration; the counters are 0
 * @FAULTLINE_EXITED: the last record: the process exited
 * @FAULTLINE_UNREGISTERED: the last record: the process was unregistered
 * @FAULTLINE_COW: COW was counted ever since registration; without this flag
 *	cow_faults and cow_kinds mean nothing and must be shown as n/a
 * @FAULTLINE_COW_FILE_FIRST: the kind FILE_FIRST was counted, too; without this flag it
 *	must be shown as n/a, and cow_faults lacks it
 * @FAULTLINE_COW_HUGETLB: the same for the kind HUGETLB
 * @FAULTLINE_COPY_TIMES: copies are being timed or have been; without this flag
 *	copies_timed, copies_missed and copy_ns must be shown as n/a
 * @FAULTLINE_FAULT_TIMES: the same for faults_timed, faults_missed and fault_ns
 * @FAULTLINE_PRECOPY: this kernel has an engine for pre-copy; without this flag precopied
 *	and what follows it must be shown as n/a
 */
enum faultline_flags {
	FAULTLINE_FIRST		= 1 << 0,
	FAULTLINE_EXITED	= 1 << 1,
	FAULTLINE_UNREGISTERED	= 1 << 2,
	FAULTLINE_COW		= 1 << 3,
	FAULTLINE_COW_FILE_FIRST = 1 << 4,
	FAULTLINE_COW_HUGETLB	= 1 << 5,
	FAULTLINE_COPY_TIMES	= 1 << 6,
	FAULTLINE_FAULT_TIMES	= 1 << 7,
	FAULTLINE_PRECOPY	= 1 << 8,
};

/**
 * struct faultline_record - one sample of one process, all its threads summed
 * @seq: number of this record, or 0 while it is being written
 * @time_ns: when the counters were read, in @clock's time
 * @id: the registration, counted from 1
 * @pid: thread group id, initial pid namespace
 * @ppid: thread group id of the parent, likewise
 * @threads: threads alive
 * @flags: enum faultline_flags
 * @comm: command name, NUL padded, not necessarily printable
 * @minor_faults: faults served without I/O, since registration
 * @major_faults: faults that waited for I/O, since registration
 * @cow_faults: pages copied on a write to a shared page, since registration: the sum
 *	of cow_kinds
 * @user_ns: CPU time in user mode since registration
 * @system_ns: CPU time in the kernel since registration
 * @rss_bytes: resident memory now
 * @swap_bytes: swapped-out anonymous memory now
 * @parent_id: the registration that it was followed from, or 0
 * @cow_kinds: pages copied by enum faultline_kind, since registration
 * @copies_timed: copies timed since registration
 * @copies_missed: copies that ought to have been timed and were not
 * @copy_ns: what the timed copies took in all
 * @faults_timed: copy-on-write faults timed since registration
 * @faults_missed: those that ought to have been timed and were not
 * @fault_ns: what the timed faults took in all
 * @precopied: pages made private ahead of their writes by pre-copy, since registration;
 *	they are not in cow_faults
 * @precopy_used: of these, those found used when their window was looked at again
 * @precopy_wasted: those found unused then; what is in neither is not known yet, or a
 *	prediction that gave way before it was
 * @precopy_refused: pages that were not copied ahead, for whatever reason
 *
 * rss_bytes and swap_bytes are 0 in a record taken after the process's memory
 * has gone.
 */
struct faultline_record {
	__u64 seq;
	__u64 time_ns;
	__u64 id;
	__s32 pid;
	__s32 ppid;
	__u32 threads;
	__u32 flags;
	char comm[FAULTLINE_COMM_LEN];
	__u64 minor_faults;
	__u64 major_faults;
	__u64 cow_faults;
	__u64 user_ns;
	__u64 system_ns;
	__u64 rss_bytes;
	__u64 swap_bytes;
	__u64 parent_id;
	__u64 cow_kinds[FAULTLINE_KINDS];
	__u64 copies_timed;
	__u64 copies_missed;
	__u64 copy_ns;
	__u64 faults_timed;
	__u64 faults_missed;
	__u64 fault_ns;
	__u64 precopied;
	__u64 precopy_used;
	__u64 precopy_wasted;
	__u64 precopy_refused;
};

/**
 * enum faultline_fault_kind - what came of a fault
 * @FAULTLINE_FAULT_MINOR: served without I/O
 * @FAULTLINE_FAULT_MAJOR: waited for I/O
 * @FAULTLINE_FAULT_RETRIED: given up to wait for something, such as I/O; it comes again, and
 *	the kernel counts it then
 * @FAULTLINE_FAULT_FAILED: a signal is what came of it, or no memory; the kernel does not
 *	count it
 */
enum faultline_fault_kind {
	FAULTLINE_FAULT_MINOR,
	FAULTLINE_FAULT_MAJOR,
	FAULTLINE_FAULT_RETRIED,
	FAULTLINE_FAULT_FAILED,
};

/* What else than enum faultline_kind a fault's cow may be. */
#define FAULTLINE_REUSED	254	/* the page was there, and became writable as it is */
#define FAULTLINE_NOT_COPIED	255	/* none of this: as a rule there was no page before */

/**
 * enum faultline_fault_flags - what a fault says besides
 * @FAULTLINE_FAULT_WRITE: a write
 * @FAULTLINE_FAULT_EXEC: an instruction was fetched
 * @FAULTLINE_FAULT_USER: by the program itself; else the kernel did it for the program, in a
 *	system call
 * @FAULTLINE_FAULT_REMOTE: by another process (ptrace, /proc/PID/mem, process_vm_writev) or a
 *	kernel thread; the process's own counters do not have it
 * @FAULTLINE_FAULT_FILE: in a mapping of a file, or of memory that is shared as one
 * @FAULTLINE_FAULT_SHARED: in a shared mapping
 * @FAULTLINE_FAULT_HUGETLB: in a mapping of hugetlbfs, whose pages are huge
 * @FAULTLINE_FAULT_STACK: in a mapping that grows downwards
 * @FAULTLINE_FAULT_AHEAD: by pre-copy, ahead of the program
 * @FAULTLINE_FAULT_COW_KNOWN: without this flag cow means nothing and must be shown as n/a
 * @FAULTLINE_FAULT_REUSE_KNOWN: without this flag FAULTLINE_NOT_COPIED may be
 *	FAULTLINE_REUSED as well; of huge pages it always may
 */
enum faultline_fault_flags {
	FAULTLINE_FAULT_WRITE		= 1 << 0,
	FAULTLINE_FAULT_EXEC		= 1 << 1,
	FAULTLINE_FAULT_USER		= 1 << 2,
	FAULTLINE_FAULT_REMOTE		= 1 << 3,
	FAULTLINE_FAULT_FILE		= 1 << 4,
	FAULTLINE_FAULT_SHARED		= 1 << 5,
	FAULTLINE_FAULT_HUGETLB		= 1 << 6,
	FAULTLINE_FAULT_STACK		= 1 << 7,
	FAULTLINE_FAULT_AHEAD		= 1 << 8,
	FAULTLINE_FAULT_COW_KNOWN	= 1 << 9,
	FAULTLINE_FAULT_REUSE_KNOWN	= 1 << 10,
};

/**
 * struct faultline_fault - one fault in the memory of a traced process
 * @seq: number of this record in its ring, or 0 while it is being written
 * @time_ns: when it was over, in @clock's time; it began @latency_ns before
 * @address: which was touched
 * @ip: the program's instruction; that of the system call where the kernel touched it; 0
 *	where another process did
 * @latency_ns: what the kernel's handle_mm_fault() took
 * @before_pages: from the start of the mapping to the page
 * @after_pages: behind the page, to the end of the mapping
 * @pid: thread group id of whose memory it is, initial pid namespace
 * @tid: the thread that faulted, likewise
 * @cpu: on which it was over
 * @node: of that CPU's memory
 * @kind: enum faultline_fault_kind
 * @cow: enum faultline_kind of the page that was copied, or FAULTLINE_REUSED, or
 *	FAULTLINE_NOT_COPIED
 * @flags: enum faultline_fault_flags
 */
struct faultline_fault {
	__u64 seq;
	__u64 time_ns;
	__u64 address;
	__u64 ip;
	__u64 latency_ns;
	__u32 before_pages;
	__u32 after_pages;
	__s32 pid;
	__s32 tid;
	__u16 cpu;
	__u16 node;
	__u8 kind;
	__u8 cow;
	__u16 flags;
};

#endif /* _UAPI_FAULTLINE_H */

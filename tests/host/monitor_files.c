// SPDX-License-Identifier: GPL-2.0
/*
 * monitor reads a ring out of a file as well: it writes exactly what is in there, and
 * refuses in one line what cannot be a ring.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tap.h"
#include "uapi/faultline.h"
#include "writer.h"

enum {
	PAGE		= 4096,
	CAPACITY	= 16,
	RECORD_BYTES	= sizeof(struct faultline_record),
	OLD_BYTES	= 128,	/* a record before there were kinds and times */
};

#define COLUMNS "# columns: time_s pid ppid id seq flags threads minor major cow user_s system_s " \
		"rss_bytes swap_bytes parent_id cow_anon cow_zero cow_file cow_file_first " \
		"cow_ksm cow_hugetlb cow_remote copies_timed copies_missed copy_s " \
		"faults_timed faults_missed fault_s precopied precopy_used precopy_wasted " \
		"precopy_refused\n"

static char folder[] = "/tmp/monitor_files.XXXXXX";
static char monitor[PATH_MAX];
static char out[1 << 16], err[1 << 12];

/* A ring as it would be mapped; larger than any of ours. */
static union {
	struct faultline_header header;
	char bytes[1 << 16];
} ring;

static struct faultline_record *slot(uint64_t seq)
{
	return (void *)(ring.bytes + ring.header.data_offset +
			(seq - 1) % ring.header.capacity * ring.header.record_size);
}

static size_t ring_bytes(void)
{
	return ring.header.data_offset + ring.header.capacity * ring.header.record_size;
}

static void put_record(uint64_t seq)
{
	*slot(seq) = (struct faultline_record){
		.seq = seq, .time_ns = seq, .id = 1, .pid = 2, .ppid = 3, .threads = 4,
		.flags = FAULTLINE_COW, .comm = "five",
	};
}

/* What put_record() looks like in a profile. */
#define NAMED "# process: id=1 pid=2 ppid=3 comm=five\n"
#define ROW(seq) "0.00000000" #seq " 2 3 1 " #seq " 8 4 0 0 0 0.000000000 0.000000000 0 0 " \
		 "0 0 0 0 n/a 0 n/a 0 " NO_COPY_TIMES NO_FAULT_TIMES NO_PRECOPIES
#define NO_COPY_TIMES "n/a n/a n/a "
#define NO_FAULT_TIMES "n/a n/a n/a "
#define NO_PRECOPIES "n/a n/a n/a n/a\n"

/* What no number is longer than. */
#define LONGEST "18446744073709551615 "
#define LONGEST_S "18446744073.709551615 "
#define LONGEST_TAIL LONGEST LONGEST LONGEST LONGEST LONGEST LONGEST LONGEST LONGEST \
		     LONGEST LONGEST LONGEST_S LONGEST LONGEST LONGEST_S \
		     LONGEST LONGEST LONGEST "18446744073709551615\n"

/* A ring of one run whose records are all alike. */
static void make_ring(uint64_t head)
{
	memset(&ring, 0, sizeof(ring));
	ring.header = (struct faultline_header){
		.magic = FAULTLINE_MAGIC, .version = FAULTLINE_VERSION,
		.header_size = sizeof(ring.header), .record_size = RECORD_BYTES,
		.data_offset = PAGE, .clock = 1, .capacity = CAPACITY, .hz = 20,
		.cow_method = "ftrace", .head = head, .run = 1,
	};
	for (uint64_t seq = 1; seq <= head; seq++)
		put_record(seq);
}

static const char *path(const char *name)
{
	static char text[PATH_MAX];

	snprintf(text, sizeof(text), "%s/%s", folder, name);
	return text;
}

static void save(size_t bytes)
{
	FILE *file = fopen(path("ring"), "w");

	if (!file || fwrite(ring.bytes, 1, bytes, file) != bytes || fclose(file))
		bail("cannot write a ring");
}

static void load(const char *name, char *text, size_t size)
{
	FILE *file = fopen(path(name), "r");

	if (!file)
		bail("%s", name);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* Runs monitor on a file; its exit status, 137 if it does not end. */
static int run(const char *options, const char *name)
{
	char command[2 * PATH_MAX];
	int status;

	snprintf(command, sizeof(command),
		 "cd %s && timeout -s KILL 10 %s %s --device %s > out 2> err", folder, monitor, options,
		 name);
	status = system(command);
	load("out", out, sizeof(out));
	load("err", err, sizeof(err));
	return WEXITSTATUS(status);
}

/* One line on stderr that names the file and holds @why, nothing on stdout, exit status 1. */
static void refuses(const char *name, const char *why, const char *what)
{
	char start[64];
	int status = run("--dump", name);

	snprintf(start, sizeof(start), "monitor: %s: ", name);
	if (!ok(status == 1 && !*out && strncmp(err, start, strlen(start)) == 0 &&
		strstr(err, why) && strchr(err, '\n') == err + strlen(err) - 1,
		"%s is refused in one line", what))
		printf("# exit status %d, said: %s", status, err);
}

/* What follows the line of columns must be this, and the exit status 0. */
static void writes(const char *options, const char *rows, const char *what)
{
	int status = run(options, "ring");
	const char *columns = strstr(out, COLUMNS);

	if (!ok(status == 0 && columns && strcmp(columns + strlen(COLUMNS), rows) == 0, "%s", what))
		printf("# exit status %d, wrote: %s", status, out);
}

static void refuse_what_is_no_file(void)
{
	refuses("missing", "No such file or directory", "a device that is not there");
	refuses(".", "not a Faultline ring", "a folder");
	refuses("/dev/null", "not a Faultline ring", "another device");
	memset(&ring, 0, sizeof(ring));
	save(0);
	refuses("ring", "not a Faultline ring", "an empty file");
	save(PAGE);
	refuses("ring", "magic is 00000000, not 544c4146", "a page of zeros");
}

static void refuse_contradictions(void)
{
	static const struct {
		const char *what;
		size_t offset, size;
		uint64_t value;
		const char *why;
	} bad[] = {
#define FIELD(name)	#name, offsetof(struct faultline_header, name), \
			sizeof(((struct faultline_header *)NULL)->name)
		{ FIELD(magic), 0x544c4147, "magic is 544c4147, not 544c4146" },
		{ FIELD(version), 2, "ring of version 2, this program reads version 1" },
		{ FIELD(header_size), 0, "contradicts itself" },
		{ FIELD(header_size), PAGE + 1, "contradicts itself" },
		{ FIELD(record_size), 0, "the module is older" },
		{ FIELD(record_size), RECORD_BYTES - 8, "the module is older" },
		{ FIELD(record_size), RECORD_BYTES + 1, "contradicts itself" },
		{ FIELD(record_size), UINT32_MAX - 7, "contradicts itself" },
		{ FIELD(data_offset), 0, "contradicts itself" },
		{ FIELD(data_offset), 2 * PAGE, "contradicts itself" },
		{ FIELD(data_offset), UINT32_MAX - 7, "contradicts itself" },
		{ FIELD(capacity), 0, "contradicts itself" },
		{ FIELD(capacity), CAPACITY + 1, "contradicts itself" },
		{ FIELD(capacity), (uint64_t)1 << 57, "contradicts itself" },
		{ FIELD(capacity), UINT64_MAX, "contradicts itself" },
		{ FIELD(run), 0, "contradicts itself" },
#undef FIELD
	};
	char what[64];
	size_t bytes;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make_ring(3);
		bytes = ring_bytes();
		memcpy(ring.bytes + bad[i].offset, &bad[i].value, bad[i].size);
		save(bytes);
		snprintf(what, sizeof(what), "a header whose %s is %" PRIu64, bad[i].what,
			 bad[i].value);
		refuses("ring", bad[i].why, what);
	}
	make_ring(3);
	save(ring_bytes() - 1);
	refuses("ring", "contradicts itself", "a file that is one byte too short");
}

static void refuse_older_modules(void)
{
	make_ring(3);
	ring.header.record_size = OLD_BYTES;
	save(ring_bytes());
	refuses("ring", "ring: the module is older than this program, with records of 128 bytes "
		"and not 256: sudo ./insert.sh replaces it\n", "a ring of an older module");
}

static void write_what_is_there(void)
{
	make_ring(4);
	ring.header.run = 2;
	memset(ring.header.cow_method, 'x', sizeof(ring.header.cow_method));
	*slot(2) = (struct faultline_record){
		.seq = 2, .time_ns = 12000000034, .id = 1, .pid = 100, .ppid = 1, .threads = 3,
		.flags = FAULTLINE_COW | FAULTLINE_FIRST, .comm = "a b\\c\n", .minor_faults = 10,
		.major_faults = 2, .cow_faults = 7, .user_ns = 500000000,
		.system_ns = 1000000001, .rss_bytes = 4096, .swap_bytes = 8192,
		.parent_id = 77, .cow_kinds = { 1, 2, 3, 4, 5, 6, 7 },
	};
	*slot(3) = *slot(2);
	slot(3)->seq = 3;
	slot(3)->flags = FAULTLINE_UNREGISTERED;
	memset(slot(4), 0xff, RECORD_BYTES);
	slot(4)->seq = 4;
	slot(4)->pid = INT32_MAX;
	slot(4)->ppid = 0;
	memcpy(slot(4)->comm, "0123456789abcdef", FAULTLINE_COMM_LEN);
	save(ring_bytes());
	writes("--dump",
	       "# process: id=1 pid=100 ppid=1 comm=a\\x20b\\x5cc\\x0a\n"
	       "12.000000034 100 1 1 2 9 3 10 2 7 0.500000000 1.000000001 4096 8192 "
	       "77 1 2 3 n/a 5 n/a 7 " NO_COPY_TIMES NO_FAULT_TIMES NO_PRECOPIES
	       "12.000000034 100 1 1 3 4 3 10 2 n/a 0.500000000 1.000000001 4096 8192 "
	       "77 n/a n/a n/a n/a n/a n/a n/a " NO_COPY_TIMES NO_FAULT_TIMES NO_PRECOPIES
	       "# process: id=18446744073709551615 pid=2147483647 ppid=0 comm=0123456789abcdef\n"
	       LONGEST_S "2147483647 0 " LONGEST "4 4294967295 4294967295 "
	       LONGEST LONGEST LONGEST LONGEST_S LONGEST_S LONGEST LONGEST LONGEST_TAIL
	       "# lost: 0 records in total\n",
	       "numbers of all sizes, odd names and n/a are written as they are");
	ok(strncmp(out, "# faultline profile, format 1\n", 30) == 0 &&
	   strstr(out, "\n# clock: CLOCK_MONOTONIC\n") && strstr(out, "\n# hz: 20\n"),
	   "above them stand format, clock and rate");
	ok(strstr(out, "\n# cow: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"),
	   "and how COW is counted, cut where the field ends");
	ok(strcmp(err, "monitor: 3 records of 2 processes, 0 lost\n") == 0,
	   "the summary has the same figures");
}

/* A row of its own for every flag, and for those that mean nothing alone. */
static void write_only_what_is_known(void)
{
#define HEAD(seq, flags) "0.000000009 0 0 1 " #seq " " #flags " 0 0 0 "
#define MIDDLE " 0.000000000 0.000000000 0 0 70 "
#define NO_KINDS "n/a n/a n/a n/a n/a n/a n/a "
#define COPY_TIMES "81 82 8.300000001 "
#define FAULT_TIMES "91 92 9.300000010 "
#define PRECOPIES "101 102 103 104\n"
	static const uint32_t flags[] = {
		0, FAULTLINE_COW, FAULTLINE_COW | FAULTLINE_COW_FILE_FIRST,
		FAULTLINE_COW | FAULTLINE_COW_HUGETLB,
		FAULTLINE_COW_FILE_FIRST | FAULTLINE_COW_HUGETLB, FAULTLINE_COPY_TIMES,
		FAULTLINE_FAULT_TIMES, FAULTLINE_PRECOPY,
		(FAULTLINE_PRECOPY << 1) - 1 - FAULTLINE_FIRST,
	};

	make_ring(sizeof(flags) / sizeof(flags[0]));
	for (uint64_t seq = 1; seq <= ring.header.head; seq++)
		*slot(seq) = (struct faultline_record){
			.seq = seq, .time_ns = 9, .id = 1, .flags = flags[seq - 1], .comm = "x",
			.cow_faults = 60, .parent_id = 70,
			.cow_kinds = { 71, 72, 73, 74, 75, 76, 77 },
			.copies_timed = 81, .copies_missed = 82, .copy_ns = 8300000001,
			.faults_timed = 91, .faults_missed = 92, .fault_ns = 9300000010,
			.precopied = 101, .precopy_used = 102, .precopy_wasted = 103,
			.precopy_refused = 104,
		};
	save(ring_bytes());
	writes("--dump",
	       "# process: id=1 pid=0 ppid=0 comm=x\n"
	       HEAD(1, 0) "n/a" MIDDLE NO_KINDS NO_COPY_TIMES NO_FAULT_TIMES NO_PRECOPIES
	       HEAD(2, 8) "60" MIDDLE "71 72 73 n/a 75 n/a 77 " NO_COPY_TIMES NO_FAULT_TIMES NO_PRECOPIES
	       HEAD(3, 24) "60" MIDDLE "71 72 73 74 75 n/a 77 " NO_COPY_TIMES NO_FAULT_TIMES NO_PRECOPIES
	       HEAD(4, 40) "60" MIDDLE "71 72 73 n/a 75 76 77 " NO_COPY_TIMES NO_FAULT_TIMES NO_PRECOPIES
	       HEAD(5, 48) "n/a" MIDDLE NO_KINDS NO_COPY_TIMES NO_FAULT_TIMES NO_PRECOPIES
	       HEAD(6, 64) "n/a" MIDDLE NO_KINDS COPY_TIMES NO_FAULT_TIMES NO_PRECOPIES
	       HEAD(7, 128) "n/a" MIDDLE NO_KINDS NO_COPY_TIMES FAULT_TIMES NO_PRECOPIES
	       HEAD(8, 256) "n/a" MIDDLE NO_KINDS NO_COPY_TIMES NO_FAULT_TIMES PRECOPIES
	       HEAD(9, 510) "60" MIDDLE "71 72 73 74 75 76 77 " COPY_TIMES FAULT_TIMES PRECOPIES
	       "# lost: 0 records in total\n",
	       "each kind, each time and each pre-copy is n/a unless its flag is set");
#undef HEAD
#undef MIDDLE
#undef NO_KINDS
#undef COPY_TIMES
#undef FAULT_TIMES
#undef PRECOPIES
}

static void name_latencies(void)
{
	static const struct {
		uint32_t latency;
		uint64_t copy_cost_ns, fault_cost_ns;
		const char *lines;
	} settings[] = {
		{ FAULTLINE_LATENCY_OFF, 0, 0, "off\n# latency_cost_ns: copy=n/a fault=n/a\n" },
		{ FAULTLINE_LATENCY_COPY, 38, 0, "copy\n# latency_cost_ns: copy=38 fault=n/a\n" },
		{ FAULTLINE_LATENCY_FAULT, 38, 912,
		  "fault\n# latency_cost_ns: copy=38 fault=912\n" },
		{ FAULTLINE_LATENCY_FAULT + 1, 0, UINT64_MAX,
		  "n/a\n# latency_cost_ns: copy=n/a fault=18446744073709551615\n" },
		{ UINT32_MAX, 0, 0, "n/a\n# latency_cost_ns: copy=n/a fault=n/a\n" },
	};
	char lines[128];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		make_ring(0);
		ring.header.latency = settings[i].latency;
		ring.header.copy_cost_ns = settings[i].copy_cost_ns;
		ring.header.fault_cost_ns = settings[i].fault_cost_ns;
		save(ring_bytes());
		run("--dump", "ring");
		snprintf(lines, sizeof(lines), "\n# latency: %s# columns: ", settings[i].lines);
		if (!ok(strstr(out, lines) != NULL, "latency %u and its costs stand above the rows",
			settings[i].latency))
			printf("# wrote: %s", out);
	}
}

/* A profile of the file "out", by what monitor is made of. */
static void begin(struct writer *writer)
{
	struct origin origin = { .header = &ring.header };
	int fd = open(path("out"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		bail("cannot write a profile");
	writer_begin(writer, &format_dat, fd, &origin);
}

static void end(struct writer *writer)
{
	writer_end(writer, 0);
	if (writer->output.error || close(writer->output.fd))
		bail("cannot write a profile");
}

/* In a ring that is being written they may change between any two rows. */
static void write_settings_that_change(void)
{
	struct writer writer;

	make_ring(6);
	begin(&writer);
	writer_record(&writer, slot(1), 0);
	ring.header.latency = FAULTLINE_LATENCY_COPY;
	writer_record(&writer, slot(2), 0);
	ring.header.copy_cost_ns = 38;
	writer_record(&writer, slot(3), 0);
	ring.header.fault_cost_ns = 912;
	writer_record(&writer, slot(4), 0);
	ring.header.latency = FAULTLINE_LATENCY_OFF;
	ring.header.hz = 100;
	strcpy(ring.header.cow_method, "n/a: gone");
	writer_record(&writer, slot(5), 0);
	writer_record(&writer, slot(6), 0);
	end(&writer);
	load("out", out, sizeof(out));
	if (!ok(strstr(out, COLUMNS NAMED ROW(1)
		       "# latency: copy\n" ROW(2)
		       "# latency_cost_ns: copy=38 fault=n/a\n" ROW(3)
		       "# latency_cost_ns: copy=38 fault=912\n" ROW(4)
		       "# hz: 100\n# cow: n/a: gone\n# latency: off\n" ROW(5) ROW(6)) != NULL,
		"settings that change are written before the next row, and no others"))
		printf("# wrote: %s", out);
}

/* How many rows of the profile are of the longest numbers, up to the first that is not. */
static int count_longest_rows(void)
{
	static const char row[] = LONGEST_S "4294967295 4294967295 " LONGEST LONGEST
				  "4294967289 4294967295 " LONGEST LONGEST LONGEST
				  LONGEST_S LONGEST_S LONGEST LONGEST LONGEST_TAIL;
	FILE *file = fopen(path("out"), "r");
	char line[2 * PAGE];
	int rows = 0;

	if (!file)
		bail("no profile");
	while (fgets(line, sizeof(line), file)) {
		if (*line == '#')
			continue;
		if (strcmp(line, row) != 0)
			break;
		rows++;
	}
	fclose(file);
	return rows;
}

/* Wherever among the lines on their way: after each number of bytes that there may be. */
static void write_longest_rows(void)
{
	struct faultline_record record;
	struct writer writer;
	int rows, written;

	make_ring(0);
	begin(&writer);
	memset(&record, 0xff, sizeof(record));
	record.flags = ~(FAULTLINE_EXITED | FAULTLINE_UNREGISTERED);
	writer_record(&writer, &record, 0);
	for (size_t used = 2; used <= sizeof(writer.output.lines); used++) {
		writer_flush(&writer);
		memset(writer.output.lines, '#', used - 1);
		writer.output.lines[used - 1] = '\n';
		writer.output.used = used;
		writer_record(&writer, &record, 0);
	}
	written = (int)writer.records;
	end(&writer);
	rows = count_longest_rows();
	ok(rows == written, "%d of %d rows of the longest numbers are whole", rows, written);
}

static void write_what_is_left(void)
{
	make_ring(9);
	ring.header.capacity = 4;
	for (uint64_t seq = 6; seq <= 9; seq++)
		put_record(seq);
	save(ring_bytes());
	writes("--dump",
	       "# lost: 6 records before seq 7\n" NAMED ROW(7) ROW(8) ROW(9)
	       "# lost: 6 records in total\n", "what was overwritten is counted as lost");
	ring.header.run = 8;
	save(ring_bytes());
	writes("--dump", NAMED ROW(8) ROW(9) "# lost: 0 records in total\n",
	       "a run that is whole in the ring has lost nothing");
	writes("--dump --all",
	       "# lost: 6 records before seq 7\n" NAMED ROW(7) ROW(8) ROW(9)
	       "# lost: 6 records in total\n", "--all begins with the oldest record");
	writes("", NAMED ROW(8) ROW(9) "# lost: 0 records in total\n",
	       "a ring with nobody registered has its end");
	ring.header.run = 10;
	save(ring_bytes());
	writes("--dump", "# lost: 0 records in total\n", "an empty run has no rows");
}

/* In a file nobody will ever put the record there. */
static void give_up_what_is_missing(void)
{
	make_ring(5);
	slot(2)->seq = 0;
	slot(4)->seq = 77;
	save(ring_bytes());
	writes("--dump",
	       NAMED ROW(1) "# lost: 1 records before seq 3\n" ROW(3)
	       "# lost: 1 records before seq 5\n" ROW(5) "# lost: 2 records in total\n",
	       "a record that is not in its slot is lost, and waited for by nobody");
}

/* A later revision may append fields to header and record. */
static void read_later_revisions(void)
{
	make_ring(0);
	ring.header.header_size = PAGE + 8;
	ring.header.data_offset = 2 * PAGE;
	ring.header.record_size = RECORD_BYTES + 64;
	ring.header.head = 2;
	for (uint64_t seq = 1; seq <= 2; seq++) {
		memset(slot(seq), 0xee, RECORD_BYTES + 64);
		put_record(seq);
	}
	save(ring_bytes());
	writes("--dump", NAMED ROW(1) ROW(2) "# lost: 0 records in total\n",
	       "longer headers and records are read as far as they are known");
}

static void clean_up(void)
{
	static const char * const names[] = { "ring", "out", "err" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path(names[i]));
	rmdir(folder);
}

/* The monitor of this build: build/programs beside build/tests/host. */
static void find_monitor(void)
{
	ssize_t length = readlink("/proc/self/exe", monitor, sizeof(monitor) - 64);

	for (int i = 0; i < 3 && length > 0; i++)
		length = (char *)memrchr(monitor, '/', (size_t)length) - monitor;
	strcpy(monitor + (length > 0 ? length : 0), "/programs/monitor");
}

int main(void)
{
	find_monitor();
	if (!mkdtemp(folder))
		bail("%s", folder);
	refuse_what_is_no_file();
	refuse_contradictions();
	refuse_older_modules();
	write_what_is_there();
	write_only_what_is_known();
	name_latencies();
	write_settings_that_change();
	write_longest_rows();
	write_what_is_left();
	give_up_what_is_missing();
	read_later_revisions();
	clean_up();
	return finish();
}

// SPDX-License-Identifier: GPL-2.0
/*
 * monitor reads a ring out of a file as well: it writes exactly what is in there, and
 * refuses in one line what cannot be a ring.
 */
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

enum {
	PAGE		= 4096,
	CAPACITY	= 8,
	RECORD_BYTES	= sizeof(struct faultline_record),
};

#define COLUMNS "# columns: time_s pid ppid id seq flags threads minor major cow user_s system_s " \
		"rss_bytes swap_bytes\n"

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
#define ROW(seq) "0.00000000" #seq " 2 3 1 " #seq " 8 4 0 0 0 0.000000000 0.000000000 0 0\n"

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
		{ FIELD(record_size), 0, "contradicts itself" },
		{ FIELD(record_size), RECORD_BYTES - 8, "contradicts itself" },
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
	       "12.000000034 100 1 1 2 9 3 10 2 7 0.500000000 1.000000001 4096 8192\n"
	       "12.000000034 100 1 1 3 4 3 10 2 n/a 0.500000000 1.000000001 4096 8192\n"
	       "# process: id=18446744073709551615 pid=2147483647 ppid=0 comm=0123456789abcdef\n"
	       "18446744073.709551615 2147483647 0 18446744073709551615 4 4294967295 4294967295 "
	       "18446744073709551615 18446744073709551615 18446744073709551615 "
	       "18446744073.709551615 18446744073.709551615 18446744073709551615 "
	       "18446744073709551615\n"
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
	write_what_is_there();
	write_what_is_left();
	give_up_what_is_missing();
	read_later_revisions();
	clean_up();
	return finish();
}

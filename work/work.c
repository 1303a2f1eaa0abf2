// SPDX-License-Identifier: GPL-2.0
/*
 * work: write to memory at random, and fault a known number of times
 *
 * The memory is <MB> blocks of 1 MB.  Each is a malloc() of its own, which
 * glibc serves by an mmap(), and whose header it writes: so the first page of
 * each block is always touched.  Then, in each of R rounds, come N one-byte
 * writes, and the first write to a page is a minor fault.
 *
 * With P = 256 * MB pages of 4 KB and W = P / 128, the number of distinct pages
 * written is on average
 *
 *	R	D = P - P * exp(-R * N / P)
 *	L	D = P - (P - R * W + R * W * exp(-0.9 * N / W)) * exp(-0.1 * R * N / P)
 *
 * (L for R <= 128), and the number of minor faults from registration on is
 *
 *	D + MB * (1 - D / P) + a few
 *
 * where the middle term is the headers whose pages got no write.  glibc's rand()
 * is not seeded, so every run gives the same: 256,38x for `1024 R 50000`, and
 * for N = 10000, 140,23x for `1024 R`, 50,17x for `200 R`, 57,45x for `1024 L`.
 *
 * Command line and R are those of the university course's program of this
 * name.  (Its 256,520 and 140,558 are another random sequence and include the
 * start of the process, some 200 faults.)  L is what its name says, a moving
 * window of locality: 9 writes of 10 fall in a window of 1/128 of the memory,
 * which moves on by its own length each round; the others fall anywhere.  (The
 * course's L makes no access at all 8 times of 10, and else writes anywhere.)
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "arguments.h"
#include "registration.h"

enum {
	BLOCK_BYTES = 1 << 20,
	BLOCKS_MAX = 1 << 20,
	SLEEP_MAX_S = 3600,

	/* Windows that the memory divides into; each is as many slices as there are blocks. */
	WINDOWS = 128,
	SLICE_BYTES = BLOCK_BYTES / WINDOWS,
};

struct job {
	int blocks;
	bool local;
	int accesses;
	int rounds;
	double sleep_s;
	bool registers;
};

struct memory {
	char **block;
	int blocks;
};

struct outcome {
	struct rusage usage;
	double elapsed_s;
	struct registration_counters seen;
};

static void memory_free(struct memory *memory)
{
	while (memory->blocks)
		free(memory->block[--memory->blocks]);
	free(memory->block);
}

static int memory_allocate(struct memory *memory, int blocks)
{
	memory->blocks = 0;
	memory->block = malloc(blocks * sizeof(*memory->block));
	while (memory->block && memory->blocks < blocks) {
		char *block = malloc(BLOCK_BYTES);

		if (!block)
			break;
		memory->block[memory->blocks++] = block;
	}
	if (memory->blocks == blocks)
		return 0;

	warnx("out of memory after %d of %d MB", memory->blocks, blocks);
	memory_free(memory);
	return -1;
}

static void write_byte(const struct memory *memory, int block, int offset)
{
	*(volatile char *)(memory->block[block] + offset) = 1;
}

static void write_anywhere(const struct memory *memory)
{
	int block = rand() % memory->blocks;

	write_byte(memory, block, rand() % BLOCK_BYTES);
}

static void write_in_window(const struct memory *memory, int window)
{
	int slice = window * memory->blocks + rand() % memory->blocks;
	int offset = slice % WINDOWS * SLICE_BYTES + rand() % SLICE_BYTES;

	write_byte(memory, slice / WINDOWS, offset);
}

static void run_round(const struct job *job, const struct memory *memory, int round)
{
	for (int i = 0; i < job->accesses; i++) {
		if (job->local && rand() % 10)
			write_in_window(memory, round % WINDOWS);
		else
			write_anywhere(memory);
	}
}

static void rest(double seconds)
{
	struct timespec time = { .tv_sec = seconds };

	time.tv_nsec = (seconds - time.tv_sec) * 1e9;
	nanosleep(&time, NULL);
}

static int run_rounds(const struct job *job)
{
	struct memory memory;

	if (memory_allocate(&memory, job->blocks))
		return -1;
	for (int round = 0; round < job->rounds; round++) {
		if (round)
			rest(job->sleep_s);
		run_round(job, &memory, round);
	}
	memory_free(&memory);
	return 0;
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static int run_measured(const struct job *job, struct outcome *outcome)
{
	struct rusage before;
	double start_s = now_s();

	getrusage(RUSAGE_SELF, &before);
	if (run_rounds(job))
		return -1;
	getrusage(RUSAGE_SELF, &outcome->usage);
	outcome->usage.ru_minflt -= before.ru_minflt;
	outcome->usage.ru_majflt -= before.ru_majflt;
	outcome->elapsed_s = now_s() - start_s;
	return job->registers ? registration_read(&outcome->seen) : 0;
}

/*
 * Registration comes first, as in the course's program: the faults on the
 * blocks' headers are part of the count.
 */
static int run_registered(const struct job *job, struct outcome *outcome)
{
	if (!job->registers)
		return run_measured(job, outcome);
	if (registration_begin())
		return -1;

	int error = run_measured(job, outcome);

	return registration_end() ? -1 : error;
}

static void report(const struct job *job, const struct outcome *outcome)
{
	const struct registration_counters *seen = &outcome->seen;

	printf("%d MB, %d x %d %s writes in %.2f s: getrusage minor %ld major %ld", job->blocks,
	       job->rounds, job->accesses, job->local ? "local" : "random", outcome->elapsed_s,
	       outcome->usage.ru_minflt, outcome->usage.ru_majflt);
	if (job->registers)
		printf("; module minor %llu major %llu cow ", seen->minor, seen->major);
	if (job->registers && seen->cow_counted)
		printf("%llu", seen->cow);
	else if (job->registers)
		printf("n/a");
	printf("\n");
	if (fflush(stdout))
		err(EXIT_FAILURE, "standard output");
}

enum {
	OPTION_ROUNDS = 256, /* beyond characters: long options only */
	OPTION_SLEEP,
	OPTION_NO_REGISTER,
};

static const struct argp_option options[] = {
	{ "rounds", OPTION_ROUNDS, "N", 0, "Rounds of <accesses> writes (20)", 0 },
	{ "sleep", OPTION_SLEEP, "SECONDS", 0, "Time between two rounds (1)", 0 },
	{ "no-register", OPTION_NO_REGISTER, NULL, 0, "Run without the module", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static error_t parse_argument(struct job *job, unsigned int position, const char *text)
{
	switch (position) {
	case 0:
		job->blocks = arguments_integer("MB", text, 1, BLOCKS_MAX);
		return 0;
	case 1:
		if ((text[0] != 'R' && text[0] != 'L') || text[1])
			errx(EXIT_USAGE, "expected R (random) or L (local), not '%s'", text);
		job->local = text[0] == 'L';
		return 0;
	case 2:
		job->accesses = arguments_integer("accesses", text, 0, INT_MAX);
		return 0;
	default:
		return EINVAL;
	}
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct job *job = state->input;

	switch (key) {
	case OPTION_ROUNDS:
		job->rounds = arguments_integer("--rounds", text, 1, INT_MAX);
		return 0;
	case OPTION_SLEEP:
		job->sleep_s = arguments_decimal("--sleep", text, 0, SLEEP_MAX_S);
		return 0;
	case OPTION_NO_REGISTER:
		job->registers = false;
		return 0;
	case ARGP_KEY_ARG:
		return parse_argument(job, state->arg_num, text);
	case ARGP_KEY_END:
		return state->arg_num == 3 ? 0 : EINVAL;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "<MB> <R|L> <accesses>",
	.doc = "Register with Faultline, allocate <MB> blocks of 1 MB, and write to them in "
	       "rounds of <accesses> one-byte writes: a known number of minor faults.\n\n"
	       "R writes anywhere.  L writes with locality: 9 of 10 writes fall in a window of "
	       "1/128 of the memory, which moves on by its own length each round; the others "
	       "fall anywhere.  (The L of the course's program of this name makes no access at "
	       "all 8 times of 10, and else writes anywhere.)"
	       "\v"
	       "Examples:\n"
	       "  work 1024 R 50000                     some 256,400 minor faults in 20 s\n"
	       "  work 1024 L 10000                     the same memory with locality\n"
	       "  work 200 R 10000 --rounds 5 --sleep 0.2\n"
	       "  work 200 R 10000 --no-register        without the module\n",
};

int main(int argc, char **argv)
{
	struct job job = { .rounds = 20, .sleep_s = 1, .registers = true };
	struct outcome outcome;

	arguments_parse(&argp, argc, argv, &job);

	/* Neighbouring blocks share one mapping: a huge page would swallow 512 faults. */
	if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0))
		err(EXIT_FAILURE, "cannot turn off transparent huge pages");
	if (run_registered(&job, &outcome))
		return EXIT_FAILURE;
	report(&job, &outcome);
	return EXIT_SUCCESS;
}

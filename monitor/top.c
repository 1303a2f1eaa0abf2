// SPDX-License-Identifier: GPL-2.0
/*
 * faultline top: the registered processes on the screen, live.
 */
#include <curses.h>
#include <err.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "clock.h"
#include "command.h"
#include "follow.h"
#include "histogram_file.h"
#include "machine.h"
#include "ring_reader.h"
#include "screen.h"
#include "terminal.h"

enum {
	TOP_DEVICE = 256, /* beyond characters: long options only */
	TOP_SORT,
};

#define INTERVAL_MIN_S	0.1
#define INTERVAL_MAX_S	60

/*
 * For its percentiles the module adds up each histogram of each process: that costs five
 * times of all else here, and moves slowly, for they are since registration.
 */
#define TIMES_INTERVAL_NS 5000000000

/* What + and - choose among. */
static const double intervals_s[] = { INTERVAL_MIN_S, 0.2, 0.5, 1, 2, 5, 10, 30, INTERVAL_MAX_S };

enum { INTERVALS = sizeof(intervals_s) / sizeof(intervals_s[0]) };

/**
 * struct top - a top that is running
 * @screen: what is on the screen
 * @device: the ring's path
 * @reader: of the ring
 * @is_device: is it the module's, and not a file that somebody copied?
 * @looked_ns: when the ring was read last, CLOCK_MONOTONIC
 * @times_ns: when histograms were
 */
struct top {
	struct screen screen;
	const char *device;
	struct ring_reader reader;
	bool is_device;
	uint64_t looked_ns;
	uint64_t times_ns;
};

static void take_copy_p99(void *context, const struct histogram_line *line)
{
	struct rates_process *process = rates_find(context, line->id);

	if (process && line->measure == HISTOGRAM_COPY && line->count)
		process->copy_p99_ns = (double)line->p99_ns;
}

/* Histograms are the module's of now: a ring in a file has none. */
static void look_at_times(struct top *top)
{
	struct rates *rates = &top->screen.rates;
	struct rates_process *process;

	if (top->times_ns && top->looked_ns - top->times_ns < TIMES_INTERVAL_NS)
		return;
	top->times_ns = top->looked_ns;
	for (process = TAILQ_FIRST(&rates->all); process; process = TAILQ_NEXT(process, all))
		if (!processes_ended(&process->last))
			process->copy_p99_ns = NAN;
	if (top->is_device && top->screen.header.latency != FAULTLINE_LATENCY_OFF)
		histogram_file_read(HISTOGRAM_FILE, take_copy_p99, rates);
}

/* Rows on the screen, and no further than there are. */
static void scroll_to(struct screen *screen, size_t first)
{
	size_t room = screen_room(screen), count = screen->table.count;
	size_t most = count > room ? count - room : 0;

	screen->first = first < most ? first : most;
}

static bool arrange(struct screen *screen)
{
	if (!table_make(&screen->table, &screen->rates, &screen->order))
		return false;
	scroll_to(screen, screen->first);
	return true;
}

/*
 * What the ring has by now, as rates of the interval that ends here.  A writer that is
 * faster than we are would keep us here for ever: what it adds is for the next look.
 */
static void look(struct top *top)
{
	struct faultline_record record;
	uint64_t now = clock_now_ns(), room = top->reader.header->capacity;

	while (room-- && ring_reader_next(&top->reader, &record))
		rates_take(&top->screen.rates, &record);
	rates_settle(&top->screen.rates, now - top->looked_ns);
	top->looked_ns = now;
	top->screen.header = *top->reader.header;
	top->screen.lost = top->reader.lost;
	look_at_times(top);
}

static void change_interval(struct screen *screen, bool longer)
{
	int i = longer ? 0 : INTERVALS - 1;

	while (i >= 0 && i < INTERVALS &&
	       (longer ? intervals_s[i] <= screen->interval_s : intervals_s[i] >= screen->interval_s))
		i += longer ? 1 : -1;
	if (i >= 0 && i < INTERVALS)
		screen->interval_s = intervals_s[i];
}

static void sort_by(struct table_order *order, enum cells_column column)
{
	order->column = column;
	order->reverse = false;
}

static void sort_by_key(struct table_order *order, int key)
{
	for (enum cells_column column = 0; column < CELLS_COLUMNS; column++)
		if (cells_columns[column].key == key)
			sort_by(order, column);
}

static void scroll_by_key(struct screen *screen, int key)
{
	size_t first = screen->first, page = screen_room(screen);

	switch (key) {
	case KEY_UP:
		scroll_to(screen, first ? first - 1 : 0);
		break;
	case KEY_DOWN:
		scroll_to(screen, first + 1);
		break;
	case KEY_PPAGE:
		scroll_to(screen, first > page ? first - page : 0);
		break;
	case KEY_NPAGE:
		scroll_to(screen, first + page);
		break;
	case KEY_HOME:
		scroll_to(screen, 0);
		break;
	case KEY_END:
		scroll_to(screen, screen->table.count);
		break;
	}
}

/* Do what a key asks for; false if that is to leave. */
static bool press(struct screen *screen, int key)
{
	struct table_order *order = &screen->order;

	switch (key) {
	case 'q':
		return false;
	case 'h':
	case '?':
		screen->help = !screen->help;
		break;
	case ' ':
		screen->paused = !screen->paused;
		break;
	case 'r':
		order->reverse = !order->reverse;
		break;
	case 't':
		order->tree = !order->tree;
		break;
	case '+':
	case '-':
		change_interval(screen, key == '+');
		break;
	case '<':
		sort_by(order, (order->column + CELLS_COLUMNS - 1) % CELLS_COLUMNS);
		break;
	case '>':
		sort_by(order, (order->column + 1) % CELLS_COLUMNS);
		break;
	default:
		sort_by_key(order, key);
		scroll_by_key(screen, key);
	}
	return true;
}

/* Nanoseconds until the ring is to be read again. */
static uint64_t left_ns(const struct top *top)
{
	uint64_t next = top->looked_ns + (uint64_t)(top->screen.interval_s * 1e9);
	uint64_t now = clock_now_ns();

	return next > now ? next - now : 0;
}

/*
 * Sleep until a key, a signal or the end of the interval; a pause has none.  Signals are
 * held back but for this sleep, so that none comes between a look for it and the sleep.
 * False with errno when the terminal has gone.
 */
static bool doze(const struct top *top, const sigset_t *open)
{
	struct pollfd keyboard = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t ns = left_ns(top);
	struct timespec left = { .tv_sec = (time_t)(ns / 1000000000),
				 .tv_nsec = (long)(ns % 1000000000) };
	int ready = ppoll(&keyboard, 1, top->screen.paused ? NULL : &left, open);

	if (ready < 0)
		return errno == EINTR;
	errno = EIO;
	return !(keyboard.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void hold_signals_back(sigset_t *open)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGWINCH);
	sigprocmask(SIG_BLOCK, &held, open);
}

/* Until a key or a signal asks to leave; false with errno. */
static bool run(struct top *top)
{
	struct screen *screen = &top->screen;
	sigset_t open;
	int key;

	hold_signals_back(&open);
	look(top);
	while (!follow_interrupted()) {
		if (!arrange(screen))
			return false;
		screen_draw(screen);
		if (!doze(top, &open))
			return false;
		while ((key = getch()) != ERR)
			if (!press(screen, key))
				return true;
		if (!screen->paused && !left_ns(top))
			look(top);
	}
	return true;
}

static double read_interval(const char *text)
{
	return arguments_decimal("--interval", text, INTERVAL_MIN_S, INTERVAL_MAX_S);
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
	case 'i':
		top->screen.interval_s = read_interval(text);
		return 0;
	case TOP_SORT:
		top->screen.order.column = cells_column_find(text);
		if (top->screen.order.column == CELLS_COLUMNS)
			errx(EXIT_USAGE, "--sort: expected one of %s, not '%s'",
			     cells_column_names(), text);
		return 0;
	case TOP_DEVICE:
		top->device = text;
		return 0;
	default:
		return arguments_common(key, state);
	}
}

static const struct argp_option options[] = {
	{ "interval", 'i', "SECONDS", 0, "Time from one look to the next: 0.1 to 60 (1)", 0 },
	{ "sort", TOP_SORT, "COLUMN", 0, "pid, threads, minor (the default), major, cow, cpu, p99, "
	  "hits, precopied, rss or command", 0 },
	{ "device", TOP_DEVICE, "PATH", 0, "Read this ring (" FAULTLINE_DEVICE ")", 0 },
	ARGUMENTS_COMMON,
	{ 0 }
};

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Show what registered processes do, live: faults, copies and CPU time per second, "
	       "the 99th percentile of copies (if latency is timed), pages copied ahead and how many of "
	       "them were used, memory, and the last minute."
	       "\v"
	       "Keys: < > or a letter sort, r reverses, t shows the tree of forks, space pauses, + "
	       "and - change the interval, arrows and PgUp PgDn scroll, h tells all of them, q leaves.  "
	       "Without color where NO_COLOR is set.  The exit status is 0, 1 without a ring or a "
	       "terminal, or 2 after a bad option.\n\n"
	       "Examples:\n"
	       "  faultline top\n"
	       "  faultline top --interval 0.5 --sort cow\n",
};

/**
 * command_top() - read the ring, show a screen
 */
int command_top(int argc, char **argv)
{
	static struct top top = {
		.device = FAULTLINE_DEVICE,
		.screen = { .interval_s = 1, .order.column = CELLS_MINOR },
	};
	struct machine machine;
	struct stat status;
	char why[256];
	bool good;
	int error;

	arguments_parse(&argp, argc, argv, &top);
	if (!ring_reader_open(&top.reader, top.device, why, sizeof(why)))
		errx(EXIT_FAILURE, "%s", why);
	top.is_device = fstat(top.reader.fd, &status) == 0 && S_ISCHR(status.st_mode);
	machine_read(&machine);
	top.screen.kernel = machine.kernel;
	rates_init(&top.screen.rates);
	follow_catch_signals();
	terminal_begin();
	good = run(&top);
	error = errno;
	terminal_end();
	if (!good)
		warnx("cannot go on: %s", strerror(error));
	table_free(&top.screen.table);
	rates_free(&top.screen.rates);
	ring_reader_close(&top.reader);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

// SPDX-License-Identifier: GPL-2.0
#include <err.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

#include "terminal.h"

static bool utf8, colors;

/* A terminal left as it was is what the message of a crash can be read on. */
static void die(int number)
{
	endwin();
	raise(number);
}

static void end_with_the_program(void)
{
	static const int deadly[] = { SIGABRT, SIGBUS, SIGFPE, SIGHUP, SIGILL, SIGQUIT, SIGSEGV };
	struct sigaction action = { .sa_handler = die, .sa_flags = SA_RESETHAND | SA_NODEFER };

	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaction(deadly[i], &action, NULL);
	atexit(terminal_end);
}

static void begin_colors(void)
{
	const char *no_color = getenv("NO_COLOR");

	colors = has_colors() && !(no_color && *no_color) && start_color() == OK;
	if (!colors)
		return;
	use_default_colors();
	init_pair(TERMINAL_HEADING, COLOR_BLACK, COLOR_GREEN);
	init_pair(TERMINAL_SORTED, COLOR_BLACK, COLOR_CYAN);
	init_pair(TERMINAL_KEY, COLOR_CYAN, -1);
	init_pair(TERMINAL_SPARKLINE, COLOR_GREEN, -1);
}

void terminal_begin(void)
{
	const char *type = getenv("TERM") ?: "";
	int error;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		errx(EXIT_FAILURE, "it needs a terminal; faultline record writes into a file");
	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		errx(EXIT_FAILURE, "terminal type '%s' is not known; TERM=vt100 may do", type);
	if (!cursor_address)
		errx(EXIT_FAILURE, "terminal type '%s' cannot move its cursor; TERM=vt100 may do",
		     type);
	setlocale(LC_CTYPE, "");
	utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!newterm(NULL, stdout, stdin))
		errx(EXIT_FAILURE, "terminal type '%s' cannot be used; TERM=vt100 may do", type);
	end_with_the_program();
	begin_colors();
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
}

void terminal_end(void)
{
	if (!isendwin())
		endwin();
}

attr_t terminal_look(enum terminal_part part, attr_t otherwise)
{
	return colors ? COLOR_PAIR(part) : otherwise;
}

bool terminal_utf8(void)
{
	return utf8;
}

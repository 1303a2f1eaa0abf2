/* SPDX-License-Identifier: GPL-2.0 */
/* Text goes into a buffer that is large enough for anybody here. */
#ifndef SHIM_SEQ_FILE_H
#define SHIM_SEQ_FILE_H

#include <stddef.h>
#include <stdio.h>

struct seq_file {
	char text[1 << 16];
	size_t length;
};

#define seq_printf(seq, ...)						\
	((seq)->length += (size_t)snprintf((seq)->text + (seq)->length,	\
		sizeof((seq)->text) - (seq)->length, __VA_ARGS__))
#define seq_puts(seq, string)	seq_printf(seq, "%s", string)
#define seq_putc(seq, letter)	seq_printf(seq, "%c", letter)

#endif

// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "writer.h"

void writer_begin(struct writer *writer, const struct format *format, int fd,
		  const struct origin *origin)
{
	*writer = (struct writer){ .format = format, .origin = *origin };
	writer->output.fd = fd;
	writer->state = format->begin(&writer->output, &writer->origin);
	if (!writer->state)
		writer->output.error = ENOMEM;
}

void writer_record(struct writer *writer, const struct faultline_record *record, uint64_t lost)
{
	if (writer->output.error)
		return;
	writer->format->record(writer->state, record,
			       processes_last(&writer->processes, record), lost);
	processes_update(&writer->processes, record);
	writer->records++;
}

void writer_flush(struct writer *writer)
{
	output_flush(&writer->output);
}

void writer_end(struct writer *writer, uint64_t lost)
{
	if (writer->state)
		writer->format->end(writer->state, lost);
	output_flush(&writer->output);
	processes_free(&writer->processes);
}

// SPDX-License-Identifier: GPL-2.0
/*
 * Any bytes at all as the module's status file, or as the kernel's files on the machine: the
 * table is shown, a registration found or not, and what is known of the machine is one line.
 */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "control.h"
#include "input.h"
#include "machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void claim_line(const char *text, size_t room)
{
	input_claim(*text && strnlen(text, room) < room && !strchr(text, '\n'));
}

static void look_at_machine(void)
{
	static struct machine machine;

	machine_read(&machine);
	claim_line(machine.kernel, sizeof(machine.kernel));
	claim_line(machine.cpu, sizeof(machine.cpu));
	claim_line(machine.memory_bytes, sizeof(machine.memory_bytes));
	claim_line(machine.recorded, sizeof(machine.recorded));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char name[] = "status";
	static char *arguments[] = { name, NULL };
	static bool quiet;

	if (!quiet)
		quiet = freopen("/dev/null", "w", stdout);
	input_set(data, size);
	input_claim(command_status(1, arguments) == EXIT_SUCCESS);
	control_id(100);
	look_at_machine();
	return 0;
}

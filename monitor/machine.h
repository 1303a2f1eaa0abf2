/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The machine that counts, as recordings tell of it.
 */
#ifndef MACHINE_H
#define MACHINE_H

/**
 * struct machine - texts of one line; "n/a" what is not known
 * @kernel: system, release, architecture
 * @cpu: its name and how many there are
 * @memory_bytes: in all
 * @recorded: when the recording began, ISO 8601, UTC
 */
struct machine {
	char kernel[208];
	char cpu[160];
	char memory_bytes[24];
	char recorded[32];
};

/**
 * machine_read() - this machine, now
 * @machine: filled in
 */
void machine_read(struct machine *machine);

#endif /* MACHINE_H */

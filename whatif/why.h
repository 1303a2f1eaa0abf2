/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line of what is wrong.
 */
#ifndef WHY_H
#define WHY_H

#include <stdbool.h>

/* Of which a path may be most. */
enum { WHY_BYTES = 5120 };

/**
 * why_refuse() - say it
 * @why: of WHY_BYTES
 * @format: as of printf(3)
 *
 * Return: false.
 */
__attribute__((format(printf, 2, 3)))
bool why_refuse(char *why, const char *format, ...);

/**
 * why_ended() - say it, if a process did not end well
 * @why: of WHY_BYTES
 * @name: of what it ran
 * @status: as wait(2) has it
 * @killed: what it means if SIGKILL ended it, or ""
 *
 * Return: true if its exit status is 0.
 */
bool why_ended(char *why, const char *name, int status, const char *killed);

#endif /* WHY_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One line of what is wrong.
 */
#ifndef WHY_H
#define WHY_H

#include <stdbool.h>

enum { WHY_BYTES = 512 };

/**
 * why_refuse() - say it
 * @why: of WHY_BYTES
 * @format: as of printf(3)
 *
 * Return: false.
 */
__attribute__((format(printf, 2, 3)))
bool why_refuse(char *why, const char *format, ...);

#endif /* WHY_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Test Anything Protocol: say what must hold, and whether it does.
 *
 * ok ... -> finish
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>

/**
 * ok() - one claim
 * @holds: does it?
 * @format: the claim, as in printf(3), with the figures that it rests on
 *
 * Return: @holds.
 */
bool ok(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * skip() - a claim that this machine cannot test
 * @format: the claim, then why not
 */
void skip(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * bail() - end a test that cannot go on; fails it
 * @format: what went wrong; errno's text is added
 */
void bail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/**
 * progress() - say on the console how far a test of many minutes has come
 * @format: as in printf(3), without a newline
 */
void progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * finish() - print the plan
 *
 * Return: exit status: 0 if all claims held.
 */
int finish(void);

#endif /* TAP_H */

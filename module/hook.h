/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's functions and tracepoints: finding them by name, standing in for functions,
 * and what must hold while kprobes stand on them.
 */
#ifndef _FAULTLINE_HOOK_H
#define _FAULTLINE_HOOK_H

#include <linux/compiler.h>
#include <linux/types.h>

struct ftrace_ops;
struct tracepoint;

/**
 * struct faultline_function - a function of the kernel's
 * @name: its symbol
 * @start: address
 * @size: bytes; 0 while it has not been found
 */
struct faultline_function {
	const char *name;
	unsigned long start;
	unsigned long size;
};

bool faultline_hook_find(struct faultline_function *function, const char * const names[]);
struct tracepoint *faultline_hook_tracepoint(const char *name);

int faultline_hook_call(struct ftrace_ops *ops, const struct faultline_function *function,
			void (*entry)(void));
void faultline_hook_uncall(struct ftrace_ops *ops, void (*entry)(void));

int faultline_hook_guard(void);
void faultline_hook_unguard(void);
void faultline_hook_exit(void);

/**
 * faultline_hook_within() - is this address in that function?
 * @function: the function; one that was not found has no addresses
 * @address: any address
 *
 * Context: any.
 * Return: true if so.
 */
static __always_inline bool faultline_hook_within(const struct faultline_function *function,
						  unsigned long address)
{
	return address - function->start < function->size;
}

#endif /* _FAULTLINE_HOOK_H */

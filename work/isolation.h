/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks that nobody sees what another process writes to memory that they share since a
 * fork, and that nothing changes on pages that nobody writes
 *
 * Each makes its claims by tap.h, and leaves the process as it found it.
 */
#ifndef ISOLATION_H
#define ISOLATION_H

/* isolation_forks.c: writers and those who hold the memory */
void isolation_fork_trees(unsigned int seed);
void isolation_crowd(unsigned int seed);
void isolation_parent_writes(unsigned int seed);

/* isolation_threads.c */
void isolation_threads(unsigned int seed);

/* isolation_kernel.c: the kernel writes, for somebody */
void isolation_process_vm_writev(unsigned int seed);
void isolation_proc_mem(unsigned int seed);
void isolation_read(unsigned int seed);

/* isolation_neighbours.c: what lies beside pages that are written */
void isolation_holes(unsigned int seed);
void isolation_edges(unsigned int seed);
void isolation_swap(unsigned int seed);

/* isolation_marks.c: pages that the kernel has marked */
void isolation_userfaultfd(unsigned int seed);
void isolation_ksm(unsigned int seed);
void isolation_mlock(unsigned int seed);
void isolation_soft_dirty(unsigned int seed);

/* isolation_mappings.c: memory of other kinds */
void isolation_shared(unsigned int seed);
void isolation_private_file(unsigned int seed);
void isolation_hugetlb(unsigned int seed);

#endif /* ISOLATION_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of faultline-whatif, each in a file of its own.
 */
#ifndef COMMAND_H
#define COMMAND_H

int command_compile(int argc, char **argv);
int command_gen(int argc, char **argv);
int command_mrc(int argc, char **argv);
int command_replay(int argc, char **argv);

#endif /* COMMAND_H */

/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of faultline-whatif, each in a file of its own.
 */
#ifndef COMMAND_H
#define COMMAND_H

int command_animate(int argc, char **argv);
int command_compile(int argc, char **argv);
int command_enforce(int argc, char **argv);
int command_faults(int argc, char **argv);
int command_costs(int argc, char **argv);
int command_gen(int argc, char **argv);
int command_mrc(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_sample(int argc, char **argv);
int command_verify(int argc, char **argv);

#endif /* COMMAND_H */

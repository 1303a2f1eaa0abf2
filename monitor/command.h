/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of faultline, a file each: argv[0] is what the user called it by, and what
 * is returned is the program's exit status.
 */
#ifndef COMMAND_H
#define COMMAND_H

int command_monitor(int argc, char **argv);
int command_record(int argc, char **argv);

#endif /* COMMAND_H */

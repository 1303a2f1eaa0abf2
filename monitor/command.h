/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of faultline, a file each: argv[0] is what the user called it by, and what
 * is returned is the program's exit status.
 */
#ifndef COMMAND_H
#define COMMAND_H

int command_attach(int argc, char **argv);
int command_monitor(int argc, char **argv);
int command_precopy(int argc, char **argv);
int command_record(int argc, char **argv);
int command_register(int argc, char **argv);
int command_report(int argc, char **argv);
int command_run(int argc, char **argv);
int command_serve(int argc, char **argv);
int command_status(int argc, char **argv);
int command_top(int argc, char **argv);
int command_unregister(int argc, char **argv);

#endif /* COMMAND_H */

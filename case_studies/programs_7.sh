# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
#
# The programs of case study 7, which are recorded on one machine and run on another:
# . programs_7.sh; program NAME COMMAND...
#
# program NAME COMMAND...: run COMMAND with the program's command line as its last arguments, in a
# folder that has LICENSE
program()
{
	name=$1
	shift
	# shellcheck disable=SC2016 # perl's names, not the shell's
	case $name in
	xz) "$@" xz -6 -k -c LICENSE ;;
	perl) "$@" perl -e '$h{$_ * 7919 % 20011} = $_ for 1 .. 6000; $s += $h{$_} // 0 for 1 .. 6000; print $s' ;;
	esac
}

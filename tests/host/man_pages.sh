#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The man pages are well-formed and tell of every option that there is, and of no other.

here=$(dirname "$0")
. "$here/../tap.sh"
top=$here/../..
programs=$top/build/programs
# With all its commands, where that has been built.
faultline=$top/build/programs-full/faultline
[ -e "$faultline" ] || faultline=$programs/faultline
read -ra faultline_commands < <("$faultline" --help | awk '/^  [a-z]+  / { print $1 }' | xargs)

well_formed()
{
	mandoc -Tlint -Wwarning "$1"
}

# page NAME.SECTION: as a reader has it, on lines that are never folded
page()
{
	mandoc -Tascii -O width=1000 "$top/man/$1" | sed 's/.\x08//g'
}

# options_of PROGRAM...: as --help spells them, with their arguments
options_of()
{
	local program=$programs/$1

	[ "$1" != faultline ] || program=$faultline
	[ "$1" != faultline-whatif ] || program=$top/build/whatif/$1
	"$program" "${@:2}" --help | sed -nE 's/^ {2,6}(-[^ ]+( --[^ ]+)?)( .*)?$/\1/p' | sort
}

# options_in PAGE: those with an entry of their own
options_in()
{
	page "$1" | sed -nE 's/^ {5}((-., )?--[^ ]+)$/\1/p; s/^ {5}((-., )?--[^ ]+) +[A-Z].*/\1/p' | sort -u
}

same()
{
	diff <(echo "$1") <(echo "$2") | sed -n 's/^</# not in the page:/p; s/^>/# not in the program:/p'
	[ "$1" = "$2" ]
}

# names_of PROGRAM...: of its own options, the shorter of each, as a synopsis has them
names_of()
{
	options_of "$@" | sed -E 's/^(--?[^,=]*).*/\1/' | grep -vxe '-?' -e '-V' | sort
}

# synopsis PAGE START: the options in the lines of the synopsis that start so
synopsis()
{
	page "$1" | sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' | grep -E "^ +$2( |\$)" |
		grep -oE -e '[][ |]--?[a-zA-Z-]+' | tr -d '][ |' | grep -vx -e --help -e -- | sort -u
}

for file in "$top"/man/*; do
	check "$(basename "$file") is well-formed" well_formed "$file"
done
for program in monitor work; do
	check "$program(1) has entries for the options of $program --help" \
		same "$(options_of $program)" "$(options_in $program.1)"
	check "the synopsis of $program(1) has them" \
		same "$(names_of $program)" "$(synopsis $program.1 "$program")"
done
check "faultline(1) has entries for the options of all commands" same \
	"$(for command in "${faultline_commands[@]}"; do options_of faultline "$command"; done | sort -u)" \
	"$(options_in faultline.1)"
check "faultline(1) has entries for the commands of faultline --help" same \
	"$(printf '%s\n' "${faultline_commands[@]}" | sort)" \
	"$(page faultline.1 | sed -n '/^COMMANDS/,/^OPTIONS/s/^ \{5\}\([a-z]\+\).*/\1/p' | sort)"
whatif_commands=(mrc compile costs gen faults animate enforce sample verify)
check "faultline-whatif(1) has entries for the options of all commands" same \
	"$({ options_of faultline-whatif; for command in "${whatif_commands[@]}"; do
		options_of faultline-whatif "$command"; done; } | sort -u)" \
	"$(options_in faultline-whatif.1)"
check "the synopsis of faultline-whatif(1) has the options of replaying" \
	same "$(names_of faultline-whatif)" "$(synopsis faultline-whatif.1 'faultline-whatif \[-n LIST\] \[-P')"
for command in "${whatif_commands[@]}"; do
	check "the synopsis of faultline-whatif(1) has the options of $command" \
		same "$(names_of faultline-whatif "$command")" \
		"$(synopsis faultline-whatif.1 "faultline-whatif $command")"
done
for command in "${faultline_commands[@]}"; do
	check "the synopsis of faultline(1) has the options of $command" \
		same "$(names_of faultline "$command")" "$(synopsis faultline.1 "faultline $command")"
done

# The examples of faultline(5), on a profile that was recorded.
example_of()
{
	page faultline.5 | sed -n "/^EXAMPLES/,/^SEE/{ /$1/,/$2/s/^ *\(\$ \)\?//p }" |
		sed "s|profile.dat|$top/plots/profile1.dat|"
}
check "the example of faultline(5) with awk prints a line for each process" \
	[ "$(sh -c "$(example_of '\$ awk' 'profile.dat$')" | grep -cE '^[0-9]+ [0-9]+ ')" = \
	"$(grep -c '^# process:' "$top/plots/profile1.dat")" ]
check "the one with numpy finds columns by name" [ "$(/usr/bin/python3 -c "import numpy
$(example_of '^ *names =' 'names=names)' | sed 's/^if /    if /')
print(rows['pid'].size)")" = "$(grep -vc '^#' "$top/plots/profile1.dat")" ]

# The columns of a profile, from one that was recorded.
columns=$(sed -n 's/^# columns: //p' "$top/plots/case_study_5/profile_thp_on.dat" | tr ' ' '\n')
for column in $columns; do
	check "faultline(5) explains $column" grep -qE "^ +$column( |\$)" <(page faultline.5)
done
parameters=$(sed -nE 's/^MODULE_PARM_DESC\(([a-z0-9_]+).*/\1/p' "$top"/module/*.c)
for parameter in $parameters; do
	check "faultline(4) explains the parameter $parameter" \
		grep -qE "^ +$parameter=" <(page faultline.4)
done
switches=$(sed -nE 's/.*procname.*"([a-z_]+)".*/\1/p' "$top/module/sysctl.c")
for switch in $switches; do
	check "faultline(4) explains the sysctl vm.$switch" \
		grep -qE "^ +vm\.$switch( |\$)" <(page faultline.4)
done
finish

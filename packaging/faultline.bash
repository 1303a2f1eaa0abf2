# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of faultline's command line.  Commands and options are what --help says.

# The commands.
_faultline_commands()
{
	"$1" --help 2> /dev/null | sed -n 's/^  \([a-z]\+\)  .*/\1/p'
}

# The options of one, short and long, in the columns that argp puts them in.
_faultline_options()
{
	"$1" "$2" --help 2> /dev/null | sed -n 's/^ \{2,6\}\(-[-,a-zA-Z? ]*[a-zA-Z?]\).*/\1/p' |
		tr -d ,
}

# The formats, as it says when it is given none of them.
_faultline_formats()
{
	"$1" record --format= 2>&1 | sed -n 's/.*expected one of \(.*\), not.*/\1/p' | tr -d ,
}

# _faultline_argument PROGRAM COMMAND PREVIOUS CURRENT: into COMPREPLY, what is no option
_faultline_argument()
{
	local pids

	case $2:$3 in
	*:-F | *:--format)
		mapfile -t COMPREPLY < <(compgen -W "$(_faultline_formats "$1")" -- "$4")
		return ;;
	*:-n | *:--name)
		mapfile -t COMPREPLY < <(compgen -W "$(cat /proc/[0-9]*/comm 2> /dev/null)" -- "$4")
		return ;;
	precopy:precopy)
		mapfile -t COMPREPLY < <(compgen -W 'auto off' -- "$4")
		return ;;
	*:-o | *:--output | *:--device) ;;
	record:-p | record:--pid | attach:* | register:* | unregister:* | precopy:*)
		pids=$(cd /proc && echo [0-9]*)
		mapfile -t COMPREPLY < <(compgen -W "$pids" -- "$4")
		return ;;
	run:*)
		mapfile -t COMPREPLY < <(compgen -cf -- "$4")
		return ;;
	esac
	mapfile -t COMPREPLY < <(compgen -f -- "$4")
}

_faultline()
{
	local program=$1 current=$2 previous=$3 command=${COMP_WORDS[1]}

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_faultline_commands "$program") --help --version" \
			-- "$current")
	elif [[ $current = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_faultline_options "$program" "$command")" \
			-- "$current")
	else
		_faultline_argument "$program" "$command" "$previous" "$current"
	fi
}

complete -o filenames -F _faultline faultline

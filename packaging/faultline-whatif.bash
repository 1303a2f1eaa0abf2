# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Completion of faultline-whatif's command line.  What there is, the program says itself.

# The options of a command, or of none, in the columns that argp puts them in.
_faultline_whatif_options()
{
	"$@" --help 2> /dev/null | sed -n 's/^ \{2,6\}\(-[-,a-zA-Z? ]*[a-zA-Z?]\).*/\1/p' | tr -d ,
}

# The words that a program expects, as it says when it is given another.
_faultline_whatif_expected()
{
	"$@" 2>&1 | sed -n 's/.*expected \(one\|some\) of \(.*\), not.*/\2/p' | tr -d ,
}

_faultline_whatif()
{
	local program=$1 current=$2 previous=$3 command=() words

	COMPREPLY=()
	case ${COMP_WORDS[1]} in
	mrc | compile | costs | gen | faults | animate | enforce | sample | verify) [ "$COMP_CWORD" -eq 1 ] || command=("${COMP_WORDS[1]}") ;;
	esac
	if [[ $current = -* ]]; then
		words=$(_faultline_whatif_options "$program" "${command[@]}")
	elif [[ $previous = -F || $previous = --format ]]; then
		words=$(_faultline_whatif_expected "$program" --format=)
	elif [[ $previous = -f || $previous = --from ]]; then
		words=$(_faultline_whatif_expected "$program" --from=)
	elif [[ $previous = -P || $previous = --policy ]]; then
		words=$(_faultline_whatif_expected "$program" --policy=?)
	elif [[ $previous = -T || $previous = --table ]]; then
		words=$(_faultline_whatif_expected "$program" --table=?)
	elif [[ ${command[0]} = gen && $previous = gen ]]; then
		words=$(_faultline_whatif_expected "$program" gen '')
	else
		[ "$COMP_CWORD" -eq 1 ] && mapfile -t COMPREPLY < <(compgen -W 'mrc compile costs gen faults animate enforce sample verify' -- "$current")
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "$current")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -o filenames -F _faultline_whatif faultline-whatif

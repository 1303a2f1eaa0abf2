#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# TAB offers the commands that there are, the options of the command that is typed, and
# pids or files where these are wanted.

here=$(dirname "$0")
. "$here/../tap.sh"
top=$here/../..
. "$top/packaging/faultline.bash"
# With all its commands, where that has been built.
program=$top/build/programs-full/faultline
[ -e "$program" ] || program=$top/build/programs/faultline

# complete_words WORD...: what TAB offers at the end of the last one
complete_words()
{
	COMP_WORDS=(faultline "$@")
	COMP_CWORD=$#
	_faultline "$program" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
	printf '%s\n' "${COMPREPLY[@]}"
}

# offers WANTED WORD...: one of what TAB offers; offers_only: nothing else
offers()
{
	complete_words "${@:2}" | grep -qx -e "$1"
}

offers_only()
{
	[ "$(complete_words "${@:2}" | sort | xargs)" = "$1" ]
}

mapfile -t commands < <("$program" --help | awk '/^  [a-z]+  / { print $1 }')
check "there are commands to complete" [ ${#commands[@]} -ge 2 ]
for command in "${commands[@]}"; do
	check "faultline TAB offers $command" offers "$command" ''
	for option in $("$program" "$command" --help | grep -oE -e '^ {2,6}-[^=[ ]*(, --[a-z-]+)?' |
		tr -d ,); do
		check "faultline $command -TAB offers $option" offers "$option" "$command" -
	done
done
check "rec is completed to record" offers_only record rec
check "record --fol is completed to --follow" offers_only --follow record --fol
check "record -F TAB offers the formats that there are" offers_only \
	"$("$program" record -F nonesuch 2>&1 | sed 's/.*one of \(.*\), not.*/\1/; s/, /\n/g' | sort | xargs)" \
	record -F ''
for words in attach register 'register -c' unregister 'precopy auto' 'precopy 4'; do
	# shellcheck disable=SC2086 # words
	check "$words TAB offers this shell's pid" offers $$ $words ''
done
check "precopy TAB offers auto and off" offers_only 'auto off' precopy ''
check "attach --name TAB offers the name of this shell" offers "$(cat /proc/$$/comm)" attach --name ''
# ---- faultline-whatif ----

. "$top/packaging/faultline-whatif.bash"
whatif=$(realpath "$top")/build/whatif/faultline-whatif

whatif_offers()
{
	COMP_WORDS=(faultline-whatif "${@:2}")
	COMP_CWORD=$(($# - 1))
	_faultline_whatif "$whatif" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
	printf '%s\n' "${COMPREPLY[@]}" | grep -qx -e "$1"
}
for command in mrc compile costs gen faults animate enforce sample verify; do
	check "faultline-whatif TAB offers $command" whatif_offers $command ''
	for option in $("$whatif" $command --help | grep -oE -e '^ {2,6}-[^=[ ]*(, --[a-z-]+)?' | tr -d ,); do
		check "faultline-whatif $command -TAB offers $option" whatif_offers "$option" $command -
	done
done
check "faultline-whatif --TAB offers --policy" whatif_offers --policy --
check "faultline-whatif -P TAB offers clockpro" whatif_offers clockpro -P ''
check "faultline-whatif --table TAB offers inverted" whatif_offers inverted --table ''
check "faultline-whatif -F TAB offers json" whatif_offers json -F ''
check "faultline-whatif --from TAB offers drmemtrace" whatif_offers drmemtrace --from ''
check "faultline-whatif gen TAB offers zipf" whatif_offers zipf gen ''

cd "$(mktemp -d)" || exit
touch 'a run.dat'
check "report TAB offers a file" offers 'a run.dat' report ''
check "faultline-whatif mrc TAB offers a file" whatif_offers "a run.dat" mrc a
check "run -o TAB offers a file" offers 'a run.dat' run -o a
check "run TAB offers a program of PATH" offers env run en
rm 'a run.dat'
rmdir "$PWD"
finish

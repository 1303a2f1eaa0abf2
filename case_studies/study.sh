#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Case studies from nothing to plots, on a stock Debian kernel in QEMU.
#
# usage: study.sh [--full] N...		(make study N=3; make demo)
#
# What a study wants of its guest stands in the head of record_N.sh, in a line for each
# size that it has:
#
#	# guest small: OPTION...	as guest.sh takes them; files are found from the
#	# guest full: OPTION...		project's folder
#	# modules: NAME...	of the kernel, that the guest has besides
#
# The guest runs `record_N.sh small|full /results` where the module is in, with all
# programs in $FAULTLINE_TOOLS, and in $FAULTLINE_CLOCK what times mean: icount, or
# emulated.  Where there is a trace_N.sh, that records traces on this machine first, and the
# guest has them and faultline-whatif, too.  The files that it leaves go to plots/, and are handed to case_study_N.py; the
# many of study 5 to a folder there, which is handed to it as a whole.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/vm/lib.sh"
cd "$top"

kernel=6.12
plots=$top/plots
size=small
if [ "${1-}" = --full ]; then
	size=full
	shift
fi
[ $# -gt 0 ] || die "usage: study.sh [--full] N..."

# guest_options STUDY
guest_options()
{
	sed -n "s/^# guest $size: *//p" "case_studies/record_$1.sh"
}

record()
{
	local study=$1 options adds=() program clock=emulated
	read -ra options <<< "$(guest_options "$study")"
	[[ " ${options[*]} " != *' --icount '* ]] || clock=icount
	for program in monitor work cow cow_bench copiers redis_writer; do
		adds+=(--add "build/programs/$program")
	done
	if [ -e "case_studies/trace_$study.sh" ]; then
		adds+=(--add build/whatif-static/faultline-whatif)
		for program in "build/study_${study}_traces"/*; do
			adds+=(--add "$program")
		done
	fi
	modules "$study"
	for program in build/modules/*; do
		[ ! -e "$program" ] || adds+=(--add "$program")
	done
	rm -rf "build/study_$study"
	tests/vm/guest.sh "${options[@]}" --results "build/study_$study" \
		--console "build/consoles/study_$study" "${adds[@]}" \
		--add "build/$kernel/faultline.ko" --add case_studies/results_head.sh \
		--add "case_studies/record_$study.sh" $kernel \
		"insmod faultline.ko && FAULTLINE_TOOLS=. FAULTLINE_CLOCK=$clock ./record_$study.sh $size /results && rmmod faultline"
}

# modules STUDY: into build/modules
modules()
{
	local name names from

	from=$(tests/vm/kernel.sh modules $kernel)
	read -ra names <<< "$(sed -n 's/^# modules: *//p' "case_studies/record_$1.sh")"
	rm -rf build/modules
	mkdir -p build/modules
	for name in "${names[@]}"; do
		xz -dc "$(find "$from" -name "$name.ko.xz")" > "build/modules/$name.ko"
	done
}

# trace STUDY: what its programs do to their memory
trace()
{
	rm -rf "build/study_$1_traces"
	mkdir -p "build/study_$1_traces"
	"case_studies/trace_$1.sh" build/whatif/faultline-whatif "build/study_$1_traces"
}

# Where a study's data stay.
data_folder()
{
	case $1 in
	5) echo "$plots/case_study_5" ;;
	*) echo "$plots" ;;
	esac
}

# draw STUDY FILE...: in the order in which a person counts
draw()
{
	local study=$1 labels=()
	shift

	case $study-$size in
	1-small) labels=(--label-a '256 R 12500 and 256 R 2500'
			 --label-b '256 R 12500 and 256 L 2500') ;;
	1-full)  labels=(--label-a '1024 R 50000 and 1024 R 10000'
			 --label-b '1024 R 50000 and 1024 L 10000') ;;
	5-*)     set -- "$(data_folder 5)" ;;
	esac
	"case_studies/case_study_$study.py" -o "$plots" "${labels[@]}" "$@"
}

packages=run
for study; do
	[ -e "case_studies/record_$study.sh" ] || die "study.sh: there is no case study '$study'"
	wants=$(guest_options "$study")
	[ -n "$wants" ] || die "study.sh: case study $study has no size $size"
	[[ " $wants " != *' --root '* ]] || packages=root
	[ ! -e "case_studies/trace_$study.sh" ] || tests/vm/packages.sh trace
done
tests/vm/packages.sh $packages $kernel
tests/vm/kernel.sh fetch $kernel
[ $packages = run ] || tests/vm/root.sh fetch
mkdir -p "$plots" build/consoles
step "programs" tests/build.sh programs
step "the module for $kernel" tests/build.sh module $kernel
for study; do
	[ ! -e "case_studies/trace_$study.sh" ] || step "traces of case study $study" trace "$study"
	step "case study $study in the guest" record "$study"
	mapfile -t recorded < <(find "build/study_$study" -type f -printf '%f\n' | sort -V)
	data=$(data_folder "$study")
	mkdir -p "$data"
	(cd "build/study_$study" && mv "${recorded[@]}" "$data")
	step "plots of case study $study" draw "$study" "${recorded[@]/#/$data/}"
	echo "Case study $study, written:"
	printf '%s\n' "${recorded[@]/#/${data#"$top/"}/}"
	find plots -type f -name "case_study_${study}[._]*" ! -name '*.results' -newer "$data/${recorded[0]}" | sort
	if [ -e "plots/case_study_$study.txt" ]; then
		echo
		cat "plots/case_study_$study.txt"
	fi
done

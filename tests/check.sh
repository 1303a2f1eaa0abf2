#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Run the tests on the kernels of the matrix and count.
#
# usage: check.sh [KERNEL [TEST]]	(make check K=6.12 T=cow_exact)
#
# KERNEL is any of the matrix; without it, those that are Debian's own, and of those that watch
# themselves what is in the cache, with a few tests.  MINUTES of the environment
# is for soak, LOADS for loads_and_unloads and CALLS for hostile_calls, which last longer with
# them, and say on their guest's console how far they are.
#
# A test is a file: in tests/smp it runs on a guest of two CPUs with swap, in tests/long too, in
# tests/icount on one CPU whose clock counts instructions, in tests/root on two CPUs with
# root.sh's Debian, in tests/host right here.  A kernel that is asked for has all of them, or else
# those that tests/vm/matrix says.  tests/packages.sh sees to itself.
# Each claim counts as one; so does a test that does not come to its end, leaves a
# dirty kernel log, or a module that cannot be removed.

set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$tests")
. "$tests/vm/lib.sh"

wanted_kernel=${1-} wanted_test=${2-}
log=$top/build/check.log
mkdir -p "$top/build/consoles"
: > "$log"

# tests_in FOLDER [NAMES]: as their names without ending, but for those not wanted: of NAMES, with
# commas between, if there are any.
tests_in()
{
	local file name

	for file in "$tests/$1"/*; do
		name=$(basename "$file")
		name=${name%.*}
		[ -z "$wanted_test" ] || [ "$wanted_test" = "$name" ] || continue
		[ -z "${2-}" ] || [[ ,$2, == *,$name,* ]] || continue
		echo "$name"
	done | sort -u
}

# What this test starts as: the compiled program, or the script itself; architecture()
# has been called for where it is to run.
executable()
{
	if [ -e "$top/$built/tests/$1/$2" ]; then
		echo "$top/$built/tests/$1/$2"
	else
		compgen -G "$tests/$1/$2.*"
	fi
}

# Copy TAP to the screen and the log, every line named after where it ran.
record()
{
	sed -u -E "s/^(ok|not ok) ([0-9]+ )?- (# SKIP )?/\1 - \3$1: /" | tee -a "$log"
}

run_host()
{
	local name program said

	architecture amd64
	said=$(mktemp)
	for name in $(tests_in host); do
		program=$(executable host "$name")
		"$program" < /dev/null 2>&1 | tee "$said" |
			sed -u -E "s/^(ok|not ok) [0-9]+ - /\1 - $name: /" | record host || true
		grep -q '^1\.\.[1-9]' "$said" || echo "not ok - $name: runs to its end" | record host
	done
	rm "$said"
}

run_packages()
{
	[ -z "$wanted_test" ] || [ "$wanted_test" = packages ] || return 0
	"$tests/packages.sh" 2>&1 | record packages ||
		echo "not ok - all of it holds" | record packages
}

# folders_of KERNEL: where its tests are
folders_of()
{
	local choice

	choice=$("$tests/vm/kernel.sh" tests "$1")
	echo smp icount
	[ -n "$wanted_kernel" ] || [ "$choice" != short ] || return 0
	echo long
	# The Debian is this machine's.
	[ "$("$tests/vm/kernel.sh" architecture "$1")" != amd64 ] || echo root
}

# names_of KERNEL: which of them, with commas between, if not all
names_of()
{
	local choice

	choice=$("$tests/vm/kernel.sh" tests "$1")
	case $choice in
	all | short) ;;
	few) [ -n "$wanted_kernel" ] || grep -v '^#' "$tests/few" | paste -sd , ;;
	*) [ -n "$wanted_kernel" ] || echo "$choice" ;;
	esac
}

# run_guest KERNEL FOLDER: those of its tests that are there
run_guest()
{
	local kernel=$1 folder=$2 name program module names=() adds=() options=()
	# Four minutes of MINUTES, sixty of LOADS or 100,000 of CALLS fit into what any test has.
	local patience=$((1 + ${MINUTES:-0} / 4 + ${LOADS:-0} / 60 + ${CALLS:-0} / 100000))

	architecture "$("$tests/vm/kernel.sh" architecture "$kernel")"
	for name in $(tests_in "$folder" "$(names_of "$kernel")"); do
		program=$(executable "$folder" "$name")
		names+=("$(basename "$program")")
		adds+=(--add "$program")
	done
	[ ${#names[@]} -gt 0 ] || return 0
	for module in "$top/build/$kernel"/*.ko; do
		adds+=(--add "$module")
	done
	# A kernel that watches itself takes its time.
	[ -z "$("$tests/vm/kernel.sh" packages "$kernel")" ] || patience=$((6 * patience))
	case $folder in
	smp | long) options=(--memory 2048 --swap 512 --limit $((3600 * patience))) ;;
	icount) options=(--memory 1024 --icount --limit $((1200 * patience))) ;;
	root)
		options=(--root --memory 2048 --limit $((600 * patience))
			--add "$top/build/programs-full/faultline=faultline_full"
			--add "$top/build/programs-full/faultline-serve"
			--add "$tests/tap.py" --add "$top/case_studies/ring.py"
			--add "$top/case_studies/profile_dat.py") ;;
	esac
	"$tests/vm/guest.sh" "${options[@]}" "${adds[@]}" --add "$tests/run_in_guest.sh" \
		--add "$tests/tap.sh" --add "$tests/said.sh" \
		--add "$top/$built/programs/faultline" \
		--add "$top/$built/programs/monitor" --add "$top/$built/programs/work" \
		--add "$top/$built/programs/cow" --add "$top/$built/programs/copiers" \
		--add "$top/$built/programs/cow_bench" --add "$top/$built/programs/cow_test" \
		--add "$top/$built/whatif-static/faultline-whatif" \
		--add "$top/insert.sh" \
		--console "$top/build/consoles/$kernel-$folder" \
		"$kernel" ${MINUTES:+MINUTES="$MINUTES"} ${LOADS:+LOADS="$LOADS"} \
		${CALLS:+CALLS="$CALLS"} \
		sh ./run_in_guest.sh $((900 * patience)) "${names[@]}" 2>&1 | record "$kernel" ||
		echo "not ok - $folder: the guest comes to its end" | record "$kernel"
}

# What is built for a kernel's architecture, once.
build_for()
{
	local wanted

	wanted=$("$tests/vm/kernel.sh" architecture "$1")
	[[ " ${architectures[*]} " != *" $wanted "* ]] || return 0
	step "programs for $wanted" "$tests/build.sh" programs "$wanted"
	step "tests for $wanted" "$tests/build.sh" tests "$wanted"
	# Run by nobody here, but it links what the tests share.
	step "bench for $wanted" "$tests/build.sh" bench "$wanted"
	architectures+=("$wanted")
}

# compiles KERNEL: for which there is no more to be seen
compiles()
{
	local what

	what="the module compiles for $("$tests/vm/kernel.sh" release "$1")"
	if step "module for $1" "$tests/build.sh" module "$1"; then
		echo "ok - $what"
	else
		echo "not ok - $what"
	fi | record "$1"
}

kernels=() architectures=()
for kernel in ${wanted_kernel:-$("$tests/vm/kernel.sh" names) $("$tests/vm/kernel.sh" compiled) \
	$("$tests/vm/kernel.sh" watching)}; do
	"$tests/vm/kernel.sh" fetch "$kernel"
	if [ "$("$tests/vm/kernel.sh" tests "$kernel")" = none ]; then
		compiles "$kernel"
		continue
	fi
	for name in $(names_of "$kernel" | tr , ' '); do
		compgen -G "$tests/*/$name.*" > /dev/null || die "$kernel: no test is called '$name'"
	done
	build_for "$kernel"
	step "module for $kernel" "$tests/build.sh" module "$kernel"
	kernels+=("$kernel")
done
# Tests on the host take programs out of it, too.
[ -z "$(tests_in root)$(tests_in host)" ] || "$tests/vm/root.sh" fetch
if [ -z "$wanted_kernel" ]; then
	# One after the other: packages are made of the tree that tests on the host run in.
	{ run_host; run_packages; } &
fi
# A guest keeps one CPU busy, however many it has: as many at a time as there are CPUs.
for kernel in "${kernels[@]}"; do
	for folder in $(folders_of "$kernel"); do
		while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do
			wait -n
		done
		run_guest "$kernel" "$folder" &
	done
done
wait

if [ -z "$wanted_kernel$wanted_test" ]; then
	for kernel in $("$tests/vm/kernel.sh" watching all); do
		if [[ " ${kernels[*]} " == *" $kernel "* ]]; then
			echo "# left out: most tests on a kernel that watches itself, which take hours: make check K=$kernel"
		else
			echo "# left out: a kernel that watches itself and is not in the cache: make check K=$kernel"
		fi
	done
fi
passed=$(grep -c '^ok - [^#]' "$log" || true)
failed=$(grep -c '^not ok' "$log" || true)
skipped=$(grep -c '^ok - # SKIP' "$log" || true)
if [ "$failed" -gt 0 ]; then
	echo
	grep '^not ok' "$log"
fi
if [ $((passed + failed)) -eq 0 ]; then
	die "check.sh: no test is called '$wanted_test' on '$wanted_kernel'"
fi
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]

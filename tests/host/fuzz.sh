#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Whatever bytes stand in what monitor and whatif read, nothing breaks: those that once broke it or
# lead far into it, and thousands that nobody has tried.  make fuzz tries millions.

tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/tap.sh"
fuzz=$tests/fuzz
build=$tests/../build/fuzz
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$build/findings"

# fuzz NAME OPTION...: what it learns is of no use to the next run
fuzz()
{
	local name=$1
	shift

	mkdir -p "$folder/$name"
	"$build/fuzz_$name" -max_len=2048 -timeout=60 -print_final_stats=1 \
		-artifact_prefix="$build/findings/$name-" -dict="$fuzz/dictionaries/$name" "$@" \
		"$folder/$name" "$fuzz/corpus/$name" > "$folder/said" 2>&1 && return
	grep -v '^#' "$folder/said" | tail -n 40 | sed 's/^/# /'
	return 1
}

# takes_corpus NAME: each of its files is an execution
takes_corpus()
{
	fuzz "$1" -runs=0 && has_executed "$(find "$fuzz/corpus/$1" -type f | wc -l)"
}

takes_anything()
{
	fuzz "$1" -runs="$2" && has_executed "$2"
}

has_executed()
{
	local executed

	executed=$(sed -n 's/^stat::number_of_executed_units: //p' "$folder/said")
	[ "$executed" -ge "$1" ] && [ "$1" -gt 0 ]
}

check "the fuzzers can be built" "$tests/build.sh" fuzz
for name in recordings rings histograms proc_files requests traces faults; do
	runs=20000
	[ $name != requests ] || runs=2000
	check "$name: all of the corpus is taken or refused in good order" takes_corpus $name
	check "$name: so are $runs inputs made of it" takes_anything $name $runs
done
finish

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A table of the last `make check` for README: what was claimed on each kernel, and how things
# are done there.
#
# usage: matrix.sh [LOG]	(build/check.log)

set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
log=${1:-$(dirname "$tests")/build/check.log}

# count PATTERN: lines
count()
{
	grep -Ec "$1" "$log" || true
}

# told KERNEL WHAT: what tests/smp/what_works.sh was told of it
told()
{
	sed -n "s/^\(not \)\?ok - $1: what_works.sh: $2: //p" "$log"
}

echo '| kernel | release | hold | fail | skipped | copies counted by | copies timed by | faults timed by | pre-copy |'
echo '|---|---|---|---|---|---|---|---|---|'
for kernel in $("$tests/vm/kernel.sh" names) $("$tests/vm/kernel.sh" compiled); do
	counted=$(told "$kernel" 'copy-on-write faults are counted')
	[ "$("$tests/vm/kernel.sh" tests "$kernel")" != none ] || counted='compiled for'
	printf '| %s ' "$kernel" "$("$tests/vm/kernel.sh" release "$kernel")" \
		"$(count "^ok - $kernel: ")" "$(count "^not ok - $kernel: ")" \
		"$(count "^ok - # SKIP $kernel: ")" \
		"$counted" \
		"$(told "$kernel" 'copies are timed')" \
		"$(told "$kernel" 'whole faults are timed')" "$(told "$kernel" pre-copy)"
	echo '|'
done

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Another program reads the ring by ring_reader.c and the contract, and nothing else.

top=$(cd "$(dirname "$0")/../.." && pwd)
. "$top/tests/tap.sh"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1

# What the head of ring_reader.h shows, as a program.
{
	printf '#include <%s>\n' err.h stdbool.h stdio.h
	printf '#include "ring_reader.h"\n\nint main(void)\n{\n'
	sed -n '/^ \*\tstruct faultline_record record/,/^ \*\tring_reader_close/s/^ \*//p' \
		"$top/monitor/ring_reader.h" | sed 's/FAULTLINE_DEVICE/"ring"/; s/llu/lu/;
			s/record.minor_faults/(unsigned long)record.minor_faults/'
	printf '}\n'
} > example.c
mkdir include
cp "$top/monitor/ring_reader.h" "$top/monitor/ring_reader.c" include
cp -r "$top/module/uapi" include

compile()
{
	cc -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE -Iinclude -o example example.c \
		include/ring_reader.c
}

/usr/bin/python3 -B - "$top/tests" > /dev/null << 'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import rings
rings.write("ring", [rings.record(seq=i, id=1, pid=7, minor=i * i) for i in (1, 2, 3)])
PYTHON

check "the example of ring_reader.h compiles with the contract alone" compile
check "it reads every record" [ "$(./example | xargs)" = "7: 1 7: 4 7: 9" ]
rm ring
check "it says in one line what is wrong" \
	[ "$(./example 2>&1 | grep -c '^example: ring: No such file or directory: ')" = 1 ]
finish

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build what a guest runs, outside the sources: kbuild leaves its droppings where it
# builds, and one tree holds one kernel's module at a time.
#
# usage: build.sh programs [ARCHITECTURE]	into build/programs: monitor, work, cow, ...
#						for amd64 into build/programs-full, too: those
#						that have libraries, and into build/whatif;
#						into build/whatif-static what a guest has of it
#        build.sh tests [ARCHITECTURE]		into build/tests
#        build.sh bench [ARCHITECTURE]		into build/bench-programs
#        build.sh fuzz				into build/fuzz
#        build.sh module KERNEL			into build/KERNEL/faultline.ko, and beside it for
#						amd64 faultline_wrong.ko, which the tests must
#						find fault with
#
# ARCHITECTURE is Debian's name for it; what is not for amd64, as this machine is, goes
# into build/ARCHITECTURE/programs and so on.

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
. "$top/tests/vm/lib.sh"

# build FOLDER INTO ARGUMENT...
build()
{
	make -s -C "$top/$1" O="$top/$built/$2" ${cross:+"CC=${cross}gcc"} "${@:3}"
}

# build_module NAME ARGUMENT...: into build/$kernel/NAME.ko, without the debugging
# information, which the guest's memory has better uses for
build_module()
{
	"$top/tests/vm/kernel.sh" make "$kernel" "$top/build/$kernel/module" \
		${cross:+"CROSS_COMPILE=$cross"} "${@:2}" modules
	"${cross}strip" -g -o "$top/build/$kernel/$1.ko" "$top/build/$kernel/module/faultline.ko"
}

case ${1-} in
programs)
	architecture "${2-amd64}"
	# Guests that have no libraries do without what needs them.
	build monitor programs LDFLAGS=-static WITHOUT='serve top'
	[ -n "$cross" ] || build monitor programs-full WITHOUT=
	[ -n "$cross" ] || build whatif whatif WITHOUT=
	# In a folder of its own: some of its files are called as some of monitor's are.
	build whatif whatif-static LDFLAGS=-static WITHOUT=json
	build work programs LDFLAGS=-static ;;
tests)
	architecture "${2-amd64}"
	build tests tests ;;
bench)
	architecture "${2-amd64}"
	build bench bench-programs ;;
fuzz)
	architecture amd64
	build tests/fuzz fuzz ;;
module)
	kernel=${2:?KERNEL}
	architecture "$("$top/tests/vm/kernel.sh" architecture "$kernel")"
	mkdir -p "$top/build/$kernel/module"
	cp -ru "$top"/module/* "$top/build/$kernel/module"
	# One file of it is compiled twice; the right one last, for it stays there.
	[ -n "$cross" ] ||
		build_module faultline_wrong CFLAGS_in_place.o=-DFAULTLINE_WRONG_COPY
	build_module faultline ;;
*)
	echo "usage: build.sh programs|tests|bench [ARCHITECTURE] | fuzz | module KERNEL" >&2
	exit 2 ;;
esac

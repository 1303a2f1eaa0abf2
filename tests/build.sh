#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build what a guest runs, outside the sources: kbuild leaves its droppings where it
# builds, and one tree holds one kernel's module at a time.
#
# usage: build.sh programs [ARCHITECTURE]	into build/programs: monitor, work, cow, ...
#        build.sh tests [ARCHITECTURE]		into build/tests
#        build.sh bench [ARCHITECTURE]		into build/bench-programs
#        build.sh module KERNEL			into build/KERNEL/faultline.ko
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

case ${1-} in
programs)
	architecture "${2-amd64}"
	build monitor programs LDFLAGS=-static
	build work programs LDFLAGS=-static ;;
tests)
	architecture "${2-amd64}"
	build tests tests ;;
bench)
	architecture "${2-amd64}"
	build bench bench-programs ;;
module)
	kernel=${2:?KERNEL}
	architecture "$("$top/tests/vm/kernel.sh" architecture "$kernel")"
	mkdir -p "$top/build/$kernel/module"
	cp -ru "$top"/module/* "$top/build/$kernel/module"
	make -s -C "$("$top/tests/vm/kernel.sh" headers "$kernel")" \
		CROSS_COMPILE="$cross" M="$top/build/$kernel/module" modules
	# Without the debugging information, which the guest's memory has better uses for.
	"${cross}strip" -g -o "$top/build/$kernel/faultline.ko" "$top/build/$kernel/module/faultline.ko" ;;
*)
	echo "usage: build.sh programs|tests|bench [ARCHITECTURE] | module KERNEL" >&2
	exit 2 ;;
esac

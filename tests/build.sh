#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build what a guest runs, outside the sources: kbuild leaves its droppings where it
# builds, and one tree holds one kernel's module at a time.
#
# usage: build.sh programs		into build/programs: monitor, work, cow
#        build.sh tests			into build/tests
#        build.sh module KERNEL		into build/KERNEL/faultline.ko

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

case ${1-} in
programs)
	for folder in monitor work; do
		make -s -C "$top/$folder" O="$top/build/programs" LDFLAGS=-static
	done ;;
tests)
	make -s -C "$top/tests" O="$top/build/tests" ;;
module)
	kernel=${2:?KERNEL}
	mkdir -p "$top/build/$kernel/module"
	cp -ru "$top"/module/* "$top/build/$kernel/module"
	make -s -C "$("$top/tests/vm/kernel.sh" headers "$kernel")" \
		M="$top/build/$kernel/module" modules
	# Without the debugging information, which the guest's memory has better uses for.
	strip -g -o "$top/build/$kernel/faultline.ko" "$top/build/$kernel/module/faultline.ko" ;;
*)
	echo "usage: build.sh programs|tests|module KERNEL" >&2
	exit 2 ;;
esac

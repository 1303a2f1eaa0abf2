#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Install what is missing from Debian's packages; touches no network if nothing is.
#
# usage: packages.sh run|root|peers|check|fuzz|trace|lint|deb KERNEL...	the kernels of the matrix that will be used

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

# To build (kbuild's own programs want libelf and pahole), boot, draw.
run='make gcc libc6-dev libelf1 pahole xz-utils busybox-static cpio qemu-system-x86
	python3 python3-matplotlib python3-numpy libmicrohttpd-dev libncurses-dev
	libjansson-dev'
# To build the root file systems of guest.sh --root; and what tests here ask.
root='mmdebstrap e2fsprogs mandoc lintian python3-prometheus-client python3-pyte'
# What the tests on this machine read formats and pages with, 0.4 GB.
check='gnuplot-nox chromium chromium-driver python3-selenium python3-cffi spin valgrind'
# clang and what its fuzzers are linked with; llvm tells functions by name in what they say.
fuzz='make libc6-dev clang libclang-rt-dev llvm libmicrohttpd-dev'
# What case studies record accesses with.
trace='valgrind'
lint='sparse cppcheck clang-tidy coccinelle shellcheck codespell perl python3-pycodestyle python3-pyflakes mandoc'
deb='build-essential debhelper dh-dkms libmicrohttpd-dev libncurses-dev libjansson-dev'

case ${1-} in
run)  wanted=$run ;;
root) wanted="$run $root $deb" ;;
peers) wanted="$run $root" ;;
check) wanted="$run $root $deb $check $fuzz" ;;
fuzz) wanted=$fuzz ;;
trace) wanted=$trace ;;
lint) wanted="$run $lint" ;;
deb)  wanted=$deb ;;
*)    die "usage: packages.sh run|root|peers|check|fuzz|trace|lint|deb KERNEL..." ;;
esac

for kernel in "${@:2}"; do
	architecture "$("$here/kernel.sh" architecture "$kernel")"
	wanted+=" $cross_packages $("$here/kernel.sh" packages "$kernel")"
done

missing=()
for package in $wanted; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null)" = installed ] ||
		missing+=("$package")
done
# Kernels and the root file system come by apt, which wants package lists of today.
need_lists=no
for kernel in "${@:2}"; do
	[ -e "$FAULTLINE_CACHE/kernels/$kernel/release" ] || need_lists=yes
done
[[ $1 != root && $1 != check ]] || { "$here/root.sh" image && "$here/root.sh" image bare; } > /dev/null 2>&1 ||
	need_lists=yes
[[ $1 != peers ]] || "$here/root.sh" image peers > /dev/null 2>&1 || need_lists=yes
[ ${#missing[@]} -gt 0 ] || [ "$need_lists" = yes ] || exit 0

become_root "packages: ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
step "package lists" "${as_root[@]}" apt-get -q update
[ ${#missing[@]} -eq 0 ] ||
	step "packages: ${missing[*]}" "${as_root[@]}" apt-get -qy install --no-install-recommends \
		"${missing[@]}"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Stock Debian kernels, unpacked into a cache outside the tree.
#
# usage: kernel.sh names                the kernels of the matrix, one a line
#        kernel.sh fetch NAME           make sure that NAME is in the cache
#        kernel.sh release NAME         its `uname -r`
#        kernel.sh image NAME           path of its bzImage
#        kernel.sh headers NAME         path to build modules against
#        kernel.sh modules NAME         path of its /lib/modules/RELEASE
#
# A kernel stays in the cache until its folder is removed, so that everything
# runs again offline and two runs compare like with like.  Nothing is installed:
# packages are unpacked with dpkg -x, because installing a headers package can
# pull in an image and rebuild the host's initramfs.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

kernels=$FAULTLINE_CACHE/kernels

matrix_row()
{
	awk -v name="$1" '$1 == name { print; found = 1 } END { exit !found }' \
		"$here/matrix" || die "no kernel named '$1' in tests/vm/matrix"
}

# The packages that a package needs and whose name starts with "linux-", but for
# images and compilers, which a build of a module does not touch.
linux_depends()
{
	apt-cache depends --no-recommends --no-suggests "$1" |
		awk '/^ *Depends: linux-(headers|kbuild)/ { print $2 }'
}

# What a meta package stands for today.
resolve()
{
	apt-cache depends "$1" | awk '/Depends: linux-(image|headers)/ { print $2; exit }'
}

fetch()
{
	local name=$1 dir=$kernels/$1 row image headers release new packages

	[ -e "$dir/release" ] && return
	row=$(matrix_row "$name")
	image=$(resolve "$(awk '{ print $2 }' <<<"$row")")
	headers=$(resolve "$(awk '{ print $3 }' <<<"$row")")
	if [ -z "$image" ] || [ -z "$headers" ]; then
		die "apt knows no kernel for '$name'; run apt-get update first"
	fi
	release=${image#linux-image-}

	new=$kernels/.new-$name
	rm -rf "$new"
	mkdir -p "$new/debs" "$new/root"
	mapfile -t packages < <(linux_depends "$headers")
	(cd "$new/debs" && apt-get -qq download "$image" "$headers" "${packages[@]}")
	for deb in "$new"/debs/*.deb; do
		dpkg -x "$deb" "$new/root"
	done
	rm -r "$new/debs"

	# The headers name their common tree by absolute path.
	sed -i "s|/usr/src/|$dir/root/usr/src/|" \
		"$new/root/usr/src/linux-headers-$release/Makefile"
	echo "$release" > "$new/release"
	rm -rf "$dir"
	mv "$new" "$dir"
}

[ $# -ge 1 ] || die "usage: kernel.sh names|fetch|release|image|headers|modules [NAME]"
verb=$1 name=${2-}
case $verb in
names)
	awk '/^[^#]/ { print $1 }' "$here/matrix"
	exit ;;
fetch)
	step "kernel $name from Debian" fetch "$name"
	exit ;;
esac
matrix_row "$name" > /dev/null
[ -e "$kernels/$name/release" ] || die "kernel '$name' is not in the cache: tests/vm/kernel.sh fetch $name"
release=$(cat "$kernels/$name/release")
case $verb in
release) echo "$release" ;;
image)   echo "$kernels/$name/root/boot/vmlinuz-$release" ;;
headers) echo "$kernels/$name/root/usr/src/linux-headers-$release" ;;
modules) echo "$kernels/$name/root/lib/modules/$release" ;;
*)       die "kernel.sh: unknown verb '$verb'" ;;
esac

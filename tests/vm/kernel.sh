#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Stock Debian kernels, unpacked into a cache outside the tree.
#
# usage: kernel.sh names                the kernels of the matrix, one a line
#        kernel.sh fetch NAME           make sure that NAME is in the cache
#        kernel.sh architecture NAME    as Debian calls it
#        kernel.sh release NAME         its `uname -r`
#        kernel.sh image NAME           path of what to boot
#        kernel.sh headers NAME         path to build modules against
#        kernel.sh modules NAME         path of its /lib/modules/RELEASE
#        kernel.sh busybox NAME         path of a static busybox that runs on it
#
# A kernel stays in the cache until its folder is removed, so that everything
# runs again offline and two runs compare like with like.  Nothing is installed:
# packages are unpacked with dpkg -x, because installing a headers package can
# pull in an image and rebuild the host's initramfs.  Kernels of another architecture
# than amd64 come from the sources that this machine's apt knows, too, but it is not
# told of the architecture: package lists of another would become everybody's.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

kernels=$FAULTLINE_CACHE/kernels

matrix_row()
{
	awk -v name="$1" '$1 == name { print; found = 1 } END { exit !found }' \
		"$here/matrix" || die "no kernel named '$1' in tests/vm/matrix"
}

# apt of the kernel's architecture, as use_apt() made it.
apt_options=()
apt()
{
	local program=$1
	shift
	"$program" "${apt_options[@]}" "$@"
}

# use_apt ARCHITECTURE DIR: for amd64, the host's own apt.  Else one that takes itself
# for a machine of ARCHITECTURE with nothing installed and keeps its state in DIR.
use_apt()
{
	[ "$1" != amd64 ] || return 0
	mkdir -p "$2/lists/partial" "$2/cache/archives/partial"
	touch "$2/status"
	apt_options=(-o "APT::Architecture=$1" -o "APT::Architectures=$1" -o "Dir::State=$2"
		-o "Dir::State::status=$2/status" -o "Dir::Cache=$2/cache"
		-o "APT::Sandbox::User=$(id -un)")
	apt apt-get -qq update
}

# depends PACKAGE KIND: the package linux-KIND-... that PACKAGE needs.  This is also what
# a meta package stands for today.
depends()
{
	apt apt-cache depends --no-recommends --no-suggests "$1" |
		awk -v kind="^linux-$2" '$1 == "Depends:" && $2 ~ kind { print $2 }'
}

# The version of a package, told by the name of its file.
version_of()
{
	compgen -G "$1_*.deb" | cut -d _ -f 2 | sed 's/%3a/:/'
}

# download ARCHITECTURE IMAGE HEADERS: into this folder.  kbuild's programs run on this
# machine, so they are the host's, of the same version.
download()
{
	local architecture=$1 image=$2 headers=$3

	apt apt-get -qq download "$image" "$headers" "$(depends "$headers" headers)"
	apt-get -qq download "$(depends "$headers" kbuild)=$(version_of "$headers")"
	[ "$architecture" = amd64 ] || apt apt-get -qq download busybox-static
}

fetch()
{
	local name=$1 dir=$kernels/$1 architecture image headers release new

	[ -e "$dir/release" ] && return
	new=$kernels/.new-$name
	rm -rf "$new"
	mkdir -p "$new/debs" "$new/root"
	read -r _ architecture image headers < <(matrix_row "$name")
	use_apt "$architecture" "$new/apt"
	image=$(depends "$image" image)
	headers=$(depends "$headers" headers)
	if [ -z "$image" ] || [ -z "$headers" ]; then
		die "apt knows no kernel for '$name'; run apt-get update first"
	fi
	release=${image#linux-image-}

	(cd "$new/debs" && download "$architecture" "$image" "$headers")
	for deb in "$new"/debs/*.deb; do
		dpkg -x "$deb" "$new/root"
	done
	rm -rf "$new/debs" "$new/apt"

	# The headers name their common tree by absolute path.
	sed -i "s|/usr/src/|$dir/root/usr/src/|" \
		"$new/root/usr/src/linux-headers-$release/Makefile"
	echo "$release" > "$new/release"
	rm -rf "$dir"
	mv "$new" "$dir"
}

[ $# -ge 1 ] || die "usage: kernel.sh names|fetch|architecture|release|image|headers|modules|busybox [NAME]"
verb=$1 name=${2-}
case $verb in
names)
	awk '/^[^#]/ { print $1 }' "$here/matrix"
	exit ;;
fetch)
	step "kernel $name from Debian" fetch "$name"
	exit ;;
esac
row=$(matrix_row "$name")
if [ "$verb" = architecture ]; then
	awk '{ print $2 }' <<<"$row"
	exit
fi
[ -e "$kernels/$name/release" ] || die "kernel '$name' is not in the cache: tests/vm/kernel.sh fetch $name"
release=$(cat "$kernels/$name/release")
case $verb in
release) echo "$release" ;;
image)   echo "$kernels/$name/root/boot/vmlinuz-$release" ;;
headers) echo "$kernels/$name/root/usr/src/linux-headers-$release" ;;
modules) echo "$kernels/$name/root/lib/modules/$release" ;;
busybox)
	if [ -e "$kernels/$name/root/bin/busybox" ]; then
		echo "$kernels/$name/root/bin/busybox"
	else
		command -v busybox
	fi ;;
*)       die "kernel.sh: unknown verb '$verb'" ;;
esac

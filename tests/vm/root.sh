#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A minimal Debian as an ext4 image in the cache.
#
# usage: root.sh fetch [RECIPE]		make sure that the image is in the cache
#        root.sh image [RECIPE]		its path
#        root.sh file RECIPE PATH	the path of a copy of a file in it, for this machine
#
# The recipes: tools (the default), with the tools that it is tested beside and the
# programs that it is tried on; bare, which Faultline's packages can be built and
# installed in; peers, with the tools that it is compared with, and the compilers and the
# headers that some of these want.
#
# The release is the host's, and so are apt's sources: the host's mirror, proxy and
# keys.  An image is never written to (guest.sh --root lays a tmpfs over it) and stays
# in the cache until it is removed; another recipe makes another image beside it.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

# What is in it.  From kmod on: what scripts that busybox's guest runs expect there.
tools='redis-server redis-tools bpftrace linux-perf trace-cmd stress-ng
	prometheus libmicrohttpd12 libncursesw6 python3-numpy
	kmod mount procps psmisc busybox-static'
# What Faultline's packages want, what building them does, what those of headers would
# bring, and what a Debian has anyway.
bare='dkms openssl libmicrohttpd12 libncursesw6 libjansson4
	build-essential debhelper dh-dkms libmicrohttpd-dev libncurses-dev libjansson-dev
	libelf1 pahole systemd udev kmod mount procps busybox-static'
peers='bpftrace linux-perf bpfcc-tools systemtap sysstat gcc make libelf1
	kmod mount procps busybox-static'
# What nobody reads in a guest.
excluded='/usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/locale/*'

# The kernels of the cache whose headers are in it.
case ${2-tools} in
tools) packages=$tools kernels='' ;;
bare)  packages=$bare kernels='6.1 6.12' ;;
peers) packages=$peers kernels='6.1 6.12' ;;
*)     die "root.sh: unknown recipe '$2'" ;;
esac
images=$FAULTLINE_CACHE/root
releases=$(for kernel in $kernels; do "$here/kernel.sh" release "$kernel"; done)
recipe=$(sha256sum <<<"$packages $excluded${releases:+ $releases}")
image=$images/${recipe:0:12}.ext4

# The host's sources, but for those that are not Debian itself.
sources()
{
	# shellcheck disable=SC2016 # apt's names, not the shell's
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' 'Origin: Debian' | sort -u
}

# How the host reaches them: mmdebstrap's apt does not read the host's settings.
settings()
{
	apt-config dump | grep -E '^Acquire::(https?|Check-Valid-Until|Check-Date)[: ]' || true
}

# add_headers KERNEL TREE: where packages would put them, and all that depmod wants
add_headers()
{
	local release folder root

	release=$("$here/kernel.sh" release "$1")
	folder=lib/modules/$release
	root=$("$here/kernel.sh" modules "$1")
	root=${root%"/$folder"}
	(cd "$root" && tar -c usr/src usr/lib "$folder"/{build,source,modules.*}) |
		"${as_root[@]}" tar -x -C "$2" --no-same-owner --keep-directory-symlink
	"${as_root[@]}" sed -i "s|$root/|/|" "$2/usr/src/linux-headers-$release/Makefile"
}

# Made under another name: what has the image's name is whole.
build()
{
	local new=$images/.new option kernel options=()

	"${as_root[@]}" rm -rf --one-file-system "$new"
	mkdir -p "$new"
	sources > "$new/sources"
	settings > "$new/settings"
	[ -s "$new/sources" ] || die "apt knows no Debian sources; run apt-get update first"
	set -f
	for option in $excluded; do
		options+=(--dpkgopt="path-exclude=$option")
	done
	set +f
	"${as_root[@]}" mmdebstrap --mode=root --variant=essential --include="$packages" \
		--aptopt="$new/settings" "${options[@]}" \
		"$(. /etc/os-release && echo "$VERSION_CODENAME")" "$new/tree" "$new/sources"
	for kernel in $kernels; do
		add_headers "$kernel" "$new/tree"
	done
	# Never written to, hence without a journal; sparse, hence no larger than its files.
	truncate -s 2G "$new/image"
	"${as_root[@]}" mke2fs -q -t ext4 -O ^has_journal -m 0 -L faultline -d "$new/tree" "$new/image"
	sync "$new/image"
	mv "$new/image" "$image"
	"${as_root[@]}" rm -rf --one-file-system "$new"
}

fetch()
{
	[ -e "$image" ] && return
	mkdir -p "$images"
	# Two at once would build in one place: the second waits and finds it done.
	exec 9> "$images/.lock"
	flock 9
	[ -e "$image" ] || build
}

# Debian's packages of servers start them when they are installed; a copy starts nothing.
copy_out()
{
	local copy=${image%.ext4}.${1##*/}

	if [ ! -e "$copy" ]; then
		PATH=$PATH:/usr/sbin debugfs -R "dump -p $1 $copy.$$" "$image" > /dev/null 2>&1
		[ -s "$copy.$$" ] || die "no file $1 in $image"
		mv "$copy.$$" "$copy"
	fi
	echo "$copy"
}

case ${1-} in
fetch)
	[ -e "$image" ] || become_root "a root file system for guests"
	step "a root file system from Debian" fetch ;;
image)
	[ -e "$image" ] ||
		die "the root file system is not in the cache: tests/vm/root.sh fetch ${2-tools}"
	echo "$image" ;;
file)
	[ -e "$image" ] || die "the root file system is not in the cache: tests/vm/root.sh fetch $2"
	copy_out "${3:?PATH}" ;;
*)
	die "usage: root.sh fetch|image [RECIPE] | file RECIPE PATH" ;;
esac

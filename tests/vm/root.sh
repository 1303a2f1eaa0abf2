#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A minimal Debian with the tools that Faultline is compared with and the programs
# that it is tried on, as an ext4 image in the cache.
#
# usage: root.sh fetch		make sure that the image is in the cache
#        root.sh image		its path
#
# The release is the host's, and so are apt's sources: the host's mirror, proxy and
# keys.  An image is never written to (guest.sh --root lays a tmpfs over it) and stays
# in the cache until it is removed; another recipe makes another image beside it.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

# What is in it.  From kmod on: what scripts that busybox's guest runs expect there.
packages='redis-server redis-tools bpftrace linux-perf trace-cmd stress-ng
	kmod mount procps psmisc busybox-static'
# What nobody reads in a guest.
excluded='/usr/share/doc/* /usr/share/man/* /usr/share/info/* /usr/share/locale/*'

images=$FAULTLINE_CACHE/root
recipe=$(sha256sum <<<"$packages $excluded")
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

# Made under another name: what has the image's name is whole.
build()
{
	local new=$images/.new option options=()

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

case ${1-} in
fetch)
	[ -e "$image" ] || become_root "a root file system for guests"
	step "a root file system from Debian" fetch ;;
image)
	[ -e "$image" ] || die "the root file system is not in the cache: tests/vm/root.sh fetch"
	echo "$image" ;;
*)
	die "usage: root.sh fetch|image" ;;
esac

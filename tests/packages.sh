#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's packages are built, installed, upgraded and removed in a clean Debian, dkms
# builds the module for both of its kernels, and what is installed works on them.
#
# The Debian is root.sh's, unpacked: what dkms does needs no kernel of its own, and takes a
# tenth of the time outside of the emulator.  Guests boot what became of it; and one of
# them does all of it by itself.

set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$tests")
. "$tests/vm/lib.sh"
. "$tests/tap.sh"

work=$top/build/packages
tree=$work/tree
releases=()
for kernel in 6.1 6.12; do
	"$tests/vm/kernel.sh" fetch "$kernel"
	releases+=("$("$tests/vm/kernel.sh" release "$kernel")")
done
version=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$top/module/main.c")
next=$version.1

# In the Debian.
inside()
{
	"${as_root[@]}" unshare --mount --pid --fork --kill-child sh -ec '
		tree=$1
		shift
		mount --bind /dev "$tree/dev"
		mount -t proc proc "$tree/proc"
		exec env -i PATH=/usr/sbin:/usr/bin HOME=/root chroot "$tree" "$@"' sh "$tree" "$@"
}

# copy_sources FOLDER: all but what is made of them; which of these a package takes is known to
# packaging/deb.sh alone
copy_sources()
{
	mkdir -p "$1"
	tar -C "$top" --exclude=./.git --exclude=./build --exclude=./plots -c . | tar -C "$1" -x
}

# build_packages VERSION: of a copy of the sources, into $work/VERSION
build_packages()
{
	local copy=$work/$1

	copy_sources "$copy"
	sed -i "s/^MODULE_VERSION.*/MODULE_VERSION(\"$1\");/" "$copy/module/main.c"
	"$copy/packaging/deb.sh" > "$copy/log" 2>&1 || { cat "$copy/log"; return 1; }
	mv "$copy"/build/deb/*.deb "$copy"
}

# The two that people install, of a version.
packages_of()
{
	echo "$work/$1/faultline_$1_amd64.deb" "$work/$1/faultline-dkms_$1_all.deb"
}

lint_is_content()
{
	# shellcheck disable=SC2046 # two words
	lintian --fail-on error,warning --allow-root $(packages_of "$version") 2> /dev/null
}

unpack()
{
	mkdir -p "$tree"
	"${as_root[@]}" debugfs -R "rdump / $tree" "$("$tests/vm/root.sh" image bare)"
	"${as_root[@]}" mkdir -p "$tree/packages"
}

# Every path and what it is, but for those that tell of whatever packages came and went.
files()
{
	"${as_root[@]}" find "$tree" \( -path "$tree/var/lib/dpkg" -o -path "$tree/var/log" \
		-o -path "$tree/packages" -o -path "$tree/run" -o -path "$tree/var/lib/dkms/mok.*" \
		-o -path "$tree/var/cache" -o -path "$tree/tmp" \
		-o -path "$tree/lib/modules/*/modules.*" -o -path "$tree/usr/lib/modules/*/modules.*" \) \
		-prune -o -printf '%y %m %u %P\n' | sort
}

install_packages()
{
	# shellcheck disable=SC2046 # two words
	"${as_root[@]}" cp $(packages_of "$1") "$tree/packages"
	inside sh -c "dpkg --install /packages/*_$1_*.deb" || return
	"${as_root[@]}" rm "$tree"/packages/*
}

# dkms_has VERSION: installed for each kernel, and nothing else is known
dkms_has()
{
	local expected status

	expected=$(printf "faultline/$1, %s, x86_64: installed\n" "${releases[@]}" | sort)
	status=$(inside dkms status 2> /dev/null | sort)
	[ "$status" = "$expected" ] || { echo "$status"; return 1; }
}

# module_says RELEASE FIELD TEXT: modprobe's choice for that kernel
module_says()
{
	inside modinfo --set-version "$1" --field "$2" faultline | grep -q "$3"
}

# has_alias RELEASE: of the device's number
has_alias()
{
	[ "$(inside modprobe --set-version "$1" --resolve-alias char-major-423-0)" = faultline ]
}

# unit_is_tight: as systemd judges, 10 is wide open
unit_is_tight()
{
	local said

	said=$(inside systemd-analyze security --offline=true --threshold=20 faultline.service) &&
		return
	echo "$said" | tail -n 3
	return 1
}

service_is_off()
{
	inside test -e /lib/systemd/system/faultline.service &&
		! find "$tree/etc/systemd" -name faultline.service | grep .
}

# package_manager VERB: to both packages
package_manager()
{
	inside dpkg "$1" faultline faultline-dkms > "$work/said" 2>&1 || { cat "$work/said"; return 1; }
}

# What is there now that was not before: the group, and how it was before.
nothing_left()
{
	local left

	left=$(files | comm -13 "$work/before" - | grep -vE ' etc/(group|gshadow)-?$| etc/\.pwd\.lock$')
	[ -z "$left" ] || { echo "$left"; return 1; }
}

# pack IMAGE: the Debian as it is now
pack()
{
	truncate -s 2G "$1"
	"${as_root[@]}" mke2fs -q -t ext4 -O ^has_journal -m 0 -d "$tree" "$1"
}

# guest NAME KERNEL IMAGE VERSION [GUEST-OPTION...]: packages_in_guest.sh's claims
guest()
{
	"$tests/vm/guest.sh" --image "$3" --memory 2048 --limit 3600 \
		--console "$top/build/consoles/$2-packages-$1" --add "$tests/tap.sh" \
		--add "$tests/with_systemd.sh" --add "$tests/packages_in_guest.sh" "${@:5}" \
		"$2" "sh ./with_systemd.sh 'sh ./packages_in_guest.sh $1 $4'" > "$work/$1-$2" 2>&1
}

# came_to_its_end NAME KERNEL: that guest, whose claims these are, and they hold
came_to_its_end()
{
	cat "$work/$1-$2"
	grep -q '^1\.\.[1-9]' "$work/$1-$2" && ! grep -q '^not ok' "$work/$1-$2"
}

become_root "packages: unpacks a Debian and installs into it"
"${as_root[@]}" rm -rf --one-file-system "$work"
mkdir -p "$work" "$top/build/consoles"
"$tests/vm/root.sh" fetch bare
check "make deb builds packages" build_packages "$version"
check "and of the next version" build_packages "$next"
check "lintian has no errors and no warnings" lint_is_content
step "a clean Debian" unpack
files > "$work/before"

# This one compiles in the emulator, longer than all of the rest.
copy_sources "$work/sources"
# shellcheck disable=SC2046 # two words
guest build 6.1 "$("$tests/vm/root.sh" image bare)" "$version $next" --add "$work/sources" \
	$(printf -- '--add %s ' $(packages_of "$next")) &
building=$!

step "install version $version" install_packages "$version"
check "dkms builds and installs it for ${releases[*]}" dkms_has "$version"
for release in "${releases[@]}"; do
	check "$release: the module is of version $version" module_says "$release" version "^$version$"
	check "$release: it was built for it" module_says "$release" vermagic "^$release "
	check "$release: opening a node of its number would load it" has_alias "$release"
	check "$release: it is signed with dkms's key" module_says "$release" signer 'DKMS module signing key'
done
check "there is a group faultline" grep -q '^faultline:' "$tree/etc/group"
check "the service is there and off" service_is_off
check "its unit is well-formed" inside systemd-analyze verify --man=no /lib/systemd/system/faultline.service
check "it may do little: systemd's rating is 2.0 at most" unit_is_tight

step "upgrade to $next" install_packages "$next"
check "after an upgrade dkms has that version alone, for both kernels" dkms_has "$next"
for release in "${releases[@]}"; do
	check "$release: the module is of version $next" module_says "$release" version "^$next$"
done
check "the sources of the former are gone" [ ! -e "$tree/usr/src/faultline-$version" ]

step "an image of that" pack "$work/image"
for kernel in 6.1 6.12; do
	guest load "$kernel" "$work/image" "$next" || true
	check "$kernel: a guest that finds it installed comes to its end" came_to_its_end load "$kernel"
done

check "the packages can be removed" package_manager --remove
check "dkms knows nothing of it any more" [ -z "$(inside dkms status 2> /dev/null)" ]
check "and purged" package_manager --purge
check "nothing is left but the group" nothing_left

wait $building || true
check "6.1: a guest that does all of it by itself comes to its end" came_to_its_end build 6.1
finish

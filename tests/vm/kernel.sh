#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Stock Debian kernels, unpacked into a cache outside the tree.
#
# usage: kernel.sh names                Debian's kernels of the matrix, one a line
#        kernel.sh compiled             those that modules are only compiled for
#        kernel.sh watching [all]       those made to watch themselves, in the cache or not
#        kernel.sh packages NAME        what fetching it wants besides what every kernel does
#        kernel.sh fetch NAME           make sure that NAME is in the cache
#        kernel.sh architecture NAME    as Debian calls it
#        kernel.sh tests NAME           which run on it if no kernel is asked for (see the matrix)
#        kernel.sh release NAME         its `uname -r`
#        kernel.sh image NAME           path of what to boot
#        kernel.sh headers NAME         path to build modules against
#        kernel.sh make NAME FOLDER ARGUMENT...         have its kbuild make a module of FOLDER
#        kernel.sh modules NAME         path of its /lib/modules/RELEASE
#        kernel.sh busybox NAME         path of a static busybox that runs on it
#        kernel.sh arguments NAME       what its command line wants besides
#
# A kernel stays in the cache until its folder is removed, so that everything
# runs again offline and two runs compare like with like.  Nothing is installed:
# packages are unpacked with dpkg -x, because installing a headers package can
# pull in an image and rebuild the host's initramfs.  Kernels of another architecture
# than amd64 come from the sources that this machine's apt knows, too, but it is not
# told of the architecture: package lists of another would become everybody's.  The same
# goes for other suites of the host's mirror, which are named as apt does: PACKAGE/SUITE.
# kbuild's programs and the compiler of those want libraries of their own, so that with the
# headers comes as much of that Debian as make needs, and make runs in there.
#
# Some are compiled from Debian's sources, to watch themselves: configs/.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

kernels=$FAULTLINE_CACHE/kernels

matrix_row()
{
	awk -v name="$1" '$1 == name { print; found = 1 } END { exit !found }' \
		"$here/matrix" || die "no kernel named '$1' in tests/vm/matrix"
}

# apt of the kernel's architecture and suite, as use_apt() made it.
apt_options=()
apt()
{
	local program=$1
	shift
	"$program" "${apt_options[@]}" "$@"
}

# sources_of SUITE: the host's mirror has this, too; backports build upon what they are of
sources_of()
{
	local suite

	for suite in $(printf '%s\n' "${1%-backports}" "$1" | uniq); do
		apt-get indextargets --format "deb \$(REPO_URI) $suite main" \
			'Created-By: Packages' 'Origin: Debian' 'Component: main' \
			"Codename: $(. /etc/os-release && echo "$VERSION_CODENAME")"
	done
}

# use_apt ARCHITECTURE SUITE DIR: for amd64 and no suite, the host's own apt.  Else one that
# takes itself for a machine of ARCHITECTURE with nothing installed and keeps its state in
# DIR; of SUITE, if there is one.
use_apt()
{
	[ "$1 $2" != 'amd64 ' ] || return 0
	mkdir -p "$3/lists/partial" "$3/cache/archives/partial"
	touch "$3/status"
	apt_options=(-o "APT::Architecture=$1" -o "APT::Architectures=$1" -o "Dir::State=$3"
		-o "Dir::State::status=$3/status" -o "Dir::Cache=$3/cache"
		-o "APT::Sandbox::User=$(id -un)")
	if [ -n "$2" ]; then
		sources_of "$2" > "$3/sources"
		apt_options+=(-o "Dir::Etc::sourcelist=$3/sources" -o Dir::Etc::sourceparts=-)
	fi
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

# headers_of PACKAGE: the package of headers that it needs; or of those for a plain kernel
# that apt knows the oldest
headers_of()
{
	local known='^linux-headers-[0-9]+\.[0-9]+\.[0-9]+[^-]*(-[0-9]+)?-amd64$'

	case $1 in
	oldest) apt-cache pkgnames | grep -E "$known" | sort -V | head -n 1 ;;
	*)      depends "$1" headers ;;
	esac
}

# download ARCHITECTURE HEADERS [IMAGE]: into this folder.  kbuild's programs run on this
# machine, so they are the host's, of the same version; for headers so old that theirs are
# gone, the series' newest.
download()
{
	local architecture=$1 headers=$2 kbuild

	apt apt-get -qq download "${@:2}" "$(depends "$headers" headers)"
	kbuild=$(depends "$headers" kbuild)
	apt-get -qq download "$kbuild=$(version_of "$headers")" || apt-get -qq download "$kbuild"
	[ "$architecture" = amd64 ] || apt apt-get -qq download busybox-static
}

# unpack_stock ROOT ARCHITECTURE IMAGE HEADERS: what these two packages bring, into ROOT,
# which will be $kernels/$name/root; sets release.  An IMAGE of - is none.
unpack_stock()
{
	local root=$1 architecture=$2 image='' headers deb

	use_apt "$architecture" '' "$root.apt"
	[ "$3" = - ] || image=$(depends "$3" image)
	headers=$(headers_of "$4")
	if [ -z "$image" ] && [ "$3" != - ] || [ -z "$headers" ]; then
		die "apt knows no kernel for '$name'; run apt-get update first"
	fi
	release=${headers#linux-headers-}
	mkdir "$root.debs"
	# shellcheck disable=SC2086 # none or one
	(cd "$root.debs" && download "$architecture" "$headers" $image)
	for deb in "$root.debs"/*.deb; do
		dpkg -x "$deb" "$root"
	done
	# The headers name their common tree by absolute path.
	sed -i "s|/usr/src/|$kernels/$name/root/usr/src/|" \
		"$root/usr/src/linux-headers-$release/Makefile"
	rm -rf "$root.debs" "$root.apt"
}

# unpack_suite ROOT IMAGE HEADERS: what these two packages of another suite bring, or IMAGE is -
# for none, and a Debian for make to run in; sets release.
unpack_suite()
{
	local root=$1 suite=${3#*/} image='' deb

	use_apt amd64 "$suite" "$root.apt"
	apt apt-get -qq --download-only --no-install-recommends install '?essential' gcc make "$3"
	# By itself: with all that it depends on come the makers of an initramfs.
	if [ "$2" != - ]; then
		image=$(depends "$2" image)
		# shellcheck disable=SC2046 # one a word
		(cd "$root.apt/cache/archives" &&
			apt apt-get -qq download "$image" $(depends "$image" '(binary|modules|base)-'))
	fi
	for deb in "$root.apt"/cache/archives/*.deb; do
		dpkg -x "$deb" "$root"
	done
	release=$(basename "$root"/usr/lib/modules/*)
	# Nothing is configured here, which is when this link is made.
	ln -s mawk "$root/usr/bin/awk"
	mkdir "$root/module"
	rm -rf "$root.apt"
}

# kbuild FOLDER ARGUMENT...: where the kernel's Debian is, if it has one of its own.
# objtool reads /proc.  Whoever calls is root there, and outside of it is who he was.
kbuild()
{
	local root=$kernels/$name/root

	if [ ! -e "$root/module" ]; then
		make -s -C "$root/usr/src/linux-headers-$release" M="$1" "${@:2}"
		return
	fi
	# shellcheck disable=SC2016 # the inner shell's
	unshare --map-root-user --mount --pid --fork --kill-child sh -ec '
		root=$1 release=$2 folder=$3
		shift 3
		mount --bind "$folder" "$root/module"
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		exec env -i PATH=/usr/sbin:/usr/bin chroot "$root" \
			make -s -C "/usr/src/linux-headers-$release" M=/module "$@"' \
		sh "$root" "$release" "$@"
}

# configure PARTS: what is in configs/ under these names, over the least that there can be;
# whatever of it is not to be had is said
configure()
{
	local part wanted=() missing

	make -s tinyconfig
	for part in ${1//,/ }; do
		wanted+=("$here/configs/$part.config")
	done
	scripts/kconfig/merge_config.sh -m .config "${wanted[@]}"
	make -s olddefconfig
	missing=$(grep -h '^CONFIG_.*=[^n]' "${wanted[@]}" | grep -vxFf .config) || true
	[ -z "$missing" ] || die "this kernel cannot have: $missing"
}

# compile ROOT PACKAGE PARTS: the same of a package of sources, configured so; sets release
compile()
{
	local root=$1 sources=$1.sources

	mkdir "$sources"
	(cd "$sources" && apt-get -qq download "$2")
	dpkg --fsys-tarfile "$sources"/*.deb | tar -xO --wildcards '*.tar.xz' |
		tar -xJ -C "$sources" --strip-components 1
	cd "$sources"
	configure "$3"
	make -s -j"$(nproc)" bzImage modules
	release=$(make -s kernelrelease)
	mkdir -p "$root/boot"
	cp arch/x86/boot/bzImage "$root/boot/vmlinuz-$release"
	make -s INSTALL_MOD_PATH="$root" modules_install
	make -s run-command KBUILD_RUN_COMMAND="\$(srctree)/scripts/package/install-extmod-build $root/usr/src/linux-headers-$release"
	cd "$here"
	rm -rf "$sources"
}

fetch()
{
	local dir=$kernels/$name new=$kernels/.new-$name architecture package other release

	[ -e "$dir/release" ] && return
	rm -rf "$new"
	mkdir -p "$new/root"
	read -r _ architecture package other _ < <(matrix_row "$name")
	case $package,$other in
	linux-source-*) compile "$new/root" "$package" "$other" ;;
	*/*)            unpack_suite "$new/root" "$package" "$other" ;;
	*)              unpack_stock "$new/root" "$architecture" "$package" "$other" ;;
	esac
	echo "$release" > "$new/release"
	rm -rf "$dir"
	mv "$new" "$dir"
}

[ $# -ge 1 ] || die "usage: kernel.sh names|compiled|watching|packages|fetch|architecture|tests|release|image|headers|make|modules|busybox|arguments [NAME]"
verb=$1 name=${2-}
case $verb in
names)
	awk '/^[^#]/ && $3 ~ /^linux-image/ { print $1 }' "$here/matrix"
	exit ;;
compiled)
	awk '/^[^#]/ && $3 == "-" { print $1 }' "$here/matrix"
	exit ;;
watching)
	awk '/^[^#]/ && $3 ~ /^linux-source/ { print $1 }' "$here/matrix" | while read -r name; do
		[ -z "${2-}" ] && [ ! -e "$kernels/$name/release" ] || echo "$name"
	done
	exit ;;
esac
row=$(matrix_row "$name")
case $verb,$row in
packages,*linux-source*)
	echo 'bc bison flex libelf-dev xz-utils kmod'
	exit ;;
packages,*)
	exit ;;
fetch,*linux-source*)
	step "kernel $name of Debian's sources, a quarter of an hour" fetch
	exit ;;
fetch,*)
	step "kernel $name from Debian" fetch
	exit ;;
esac
case $verb in
architecture)
	awk '{ print $2 }' <<<"$row"
	exit ;;
tests)
	awk '{ print $5 }' <<<"$row"
	exit ;;
esac
[ -e "$kernels/$name/release" ] || die "kernel '$name' is not in the cache: tests/vm/kernel.sh fetch $name"
release=$(cat "$kernels/$name/release")
case $verb in
release) echo "$release" ;;
image)
	# Where it is from 7.3 on, or else.
	image=$kernels/$name/root/lib/modules/$release/vmlinuz
	[ -e "$image" ] || image=$kernels/$name/root/boot/vmlinuz-$release
	echo "$image" ;;
headers) echo "$kernels/$name/root/usr/src/linux-headers-$release" ;;
modules) echo "$kernels/$name/root/lib/modules/$release" ;;
make)    kbuild "${@:3}" ;;
arguments)
	# What takes seconds on a machine takes minutes here, and more on a busy one: the rewriting
	# of each function's entry for a tracer, or kmemleak's scan.  A guest that hangs is ended
	# by its limit.  The kernels that watch themselves do not look for blocked tasks.
	printf '%s ' watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=300
	# Without ACPI there is no clock but the TSC, which the emulator reads from this
	# machine, and is too slow to be calibrated by; with five levels of page tables
	# KASAN takes an interrupt at boot for a wild access, and is silent from then on.
	case $row in
	*linux-source*)
		awk '/^cpu MHz/ { printf "tsc=reliable tsc_early_khz=%d ", $4 * 1000; exit }' /proc/cpuinfo
		echo 'no5lvl kasan_multi_shot' ;;
	*) echo sysctl.kernel.hung_task_timeout_secs=600 ;;
	esac ;;
busybox)
	if [ -e "$kernels/$name/root/bin/busybox" ]; then
		echo "$kernels/$name/root/bin/busybox"
	else
		command -v busybox
	fi ;;
*)       die "kernel.sh: unknown verb '$verb'" ;;
esac

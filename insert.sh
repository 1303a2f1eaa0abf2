#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Build Faultline for the running kernel and insert it, or say why that cannot be.
#
# usage: sudo ./insert.sh [PARAMETER=VALUE...]	build, insert (again), make the node
#        sudo ./insert.sh -r			remove
#
# Parameters are the module's (modinfo build/*/faultline.ko), as in hz=100.  The
# device goes to the group faultline if there is one, else to the group of whoever
# called sudo; FAULTLINE_GROUP=name chooses another.  Where modules must be signed, it
# signs with the key that dkms uses, or with FAULTLINE_KEY and FAULTLINE_CERT.

set -eu

node=/dev/faultline
status=/proc/faultline/status

# What is wrong, what to do about it; and the way that works everywhere.
fail()
{
	echo "insert.sh: $1" >&2
	shift
	for line in "$@" "Or see it run on a kernel of its own, in an emulator: make demo"; do
		echo "  $line" >&2
	done
	exit 1
}

loaded()
{
	grep -qs '^faultline ' /proc/modules
}

check_root()
{
	[ "$(id -u)" -eq 0 ] || fail "only root may insert modules" "sudo ./insert.sh"
}

check_kernel()
{
	[ -e /proc/modules ] ||
		fail "this kernel has no modules (CONFIG_MODULES is off)" \
			"Boot a kernel that has them, such as Debian's linux-image-amd64."
	[ "$(cat /proc/sys/kernel/modules_disabled)" = 0 ] ||
		fail "loading modules has been switched off (kernel.modules_disabled=1)" \
			"Only a reboot switches it on again."
}

# Why modules must be signed here; fails if they need not be.
signatures_required()
{
	if [ "$(cat /sys/module/module/parameters/sig_enforce 2> /dev/null)" = Y ]; then
		echo "module.sig_enforce is set"
		return
	fi
	case $(cat /sys/kernel/security/lockdown 2> /dev/null) in
	*'[none]'* | '') return 1 ;;
	*)               echo "the kernel is locked down, as Secure Boot makes it" ;;
	esac
}

check_signing()
{
	why=$(signatures_required) || return 0
	[ ! -e "$key" ] || [ ! -e "$cert" ] || return 0
	fail "this kernel takes signed modules only ($why), and there is no key $key" \
		"Make a key, have the firmware trust it, reboot and confirm, try again:" \
		"  openssl req -new -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=Faultline/ \\" \
		"    -outform DER -keyout $key -out $cert" \
		"  mokutil --import $cert" \
		"FAULTLINE_KEY and FAULTLINE_CERT name other files; or switch Secure Boot off."
}

check_build()
{
	[ -e "/lib/modules/$release/build/Makefile" ] ||
		fail "the headers of the running kernel ($release) are missing" \
			"apt-get install linux-headers-$release"
	for tool in make gcc; do
		command -v $tool > /dev/null || fail "$tool is missing" "apt-get install $tool"
	done
}

# Built as whoever called sudo, so that no file of root's stays in their tree.
build()
{
	echo "Building for $release"
	if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER-}" ] && [ "$SUDO_USER" != root ]; then
		set -- runuser -u "$SUDO_USER" --
	else
		set --
	fi
	"$@" make -s module programs || fail "the build failed; its messages are above"
}

sign()
{
	signatures_required > /dev/null || return 0
	"/lib/modules/$release/build/scripts/sign-file" sha256 "$key" "$cert" "$module" ||
		fail "cannot sign $module with $key"
}

remove()
{
	loaded || return 0
	rmmod faultline ||
		fail "the module is in use: a reader has the device open" \
			"End it (a running monitor?) and try again."
	# Where nobody keeps /dev, the node was made by hand and stays.
	rm -f "$node"
}

insert()
{
	errors=$(insmod "$module" "$@" 2>&1) && return
	case $errors in
	*rejected*)
		fail "this kernel does not trust the module's signature: $errors" \
			"Is the key enrolled? mokutil --test-key $cert" ;;
	*'not permitted'*)
		fail "this kernel refuses modules, locked down or without CAP_SYS_MODULE: $errors" \
			"In a container, insert the module on the machine that carries it." ;;
	*)	fail "$errors" "dmesg | grep faultline says more." ;;
	esac
}

# Major and minor as the module says them: another driver may have had 423.
setting()
{
	sed -n "s/^# $1: //p" "$status"
}

make_node()
{
	number=$(setting device)
	group=${FAULTLINE_GROUP:-}
	if [ -z "$group" ]; then
		group=$(grep -qs '^faultline:' /etc/group && echo faultline || echo "${SUDO_GID:-0}")
	fi
	# udev, where there is one, sets its own idea of the owner first.
	! command -v udevadm > /dev/null || udevadm settle
	# Where nobody keeps /dev, the node may be missing, or be an earlier major's.
	if [ "$(stat -c %t,%T "$node" 2> /dev/null)" != "$(printf '%x,%x' "${number%,*}" "${number#*,}")" ]; then
		rm -f "$node"
		mknod "$node" c "${number%,*}" "${number#*,}" || return 1
	fi
	chgrp "$group" "$node" && chmod 0660 "$node"
}

say_what_next()
{
	echo "Faultline is in: $node ($(setting device)), group $group, $(setting hz) Hz."
	if [ "${number%,*}" != 423 ] && [ "$default_major" = yes ]; then
		echo "(Major 423 is taken by: $(awk '$1 == 423 { print $2; exit }' /proc/devices).)"
	fi
	echo "Next, for example:"
	echo "  nice work/work 1024 R 50000 & nice work/work 1024 R 10000 &"
	echo "  monitor/monitor > profile1.dat"
	echo "  case_studies/case_study_1.py profile1.dat"
	echo "or register any process: echo R PID > $status"
}

cd "$(dirname "$0")"
release=$(uname -r)
key=${FAULTLINE_KEY:-/var/lib/dkms/mok.key}
cert=${FAULTLINE_CERT:-/var/lib/dkms/mok.pub}
module=build/$release/faultline.ko

case ${1-} in
-r)
	[ $# -eq 1 ] || { echo "usage: insert.sh -r" >&2; exit 2; }
	check_root
	loaded || { echo "Faultline is not in."; exit 0; }
	remove
	echo "Faultline is out."
	exit ;;
-*)
	echo "usage: insert.sh [-r | PARAMETER=VALUE...]" >&2
	exit 2 ;;
esac
default_major=yes
for parameter in "$@"; do
	case $parameter in
	major=*) default_major=no ;;
	*=*)     ;;
	*)       echo "insert.sh: expected PARAMETER=VALUE, found '$parameter'" >&2; exit 2 ;;
	esac
done

check_root
check_kernel
check_build
check_signing
build
sign
remove
insert "$@"
make_node || {
	remove
	fail "cannot give $node to group '$group'" "FAULTLINE_GROUP=name chooses another."
}
say_what_next

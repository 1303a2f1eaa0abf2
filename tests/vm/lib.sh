# SPDX-License-Identifier: GPL-2.0
#
# What the scripts of this folder share: where the cache is, how a failure is
# said, who is root, how a step that takes time shows that it is alive, and what differs
# between the architectures of the kernels.

FAULTLINE_CACHE=${FAULTLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/faultline}

die()
{
	echo "$*" >&2
	exit 1
}

# become_root WHAT: leave in "as_root" what to put before a command that needs root,
# or say that WHAT needs it.
become_root()
{
	as_root=()
	[ "$(id -u)" -ne 0 ] || return 0
	command -v sudo > /dev/null || die "$1: run this as root or install sudo"
	as_root=(sudo)
	sudo -v
}

# step WHAT COMMAND...: run COMMAND with its output kept aside, and show WHAT with
# the seconds that it has taken so far.  A failing step prints what it kept.
step()
{
	local what=$1 log pid start=$SECONDS status=0
	shift
	log=$(mktemp)
	"$@" > "$log" 2>&1 < /dev/null &
	pid=$!
	if [ -t 2 ]; then
		while kill -0 "$pid" 2> /dev/null; do
			printf '\r  %-58s %4d s' "$what" $((SECONDS - start)) >&2
			sleep 0.2
		done
		printf '\r' >&2
	fi
	wait "$pid" || status=$?
	if [ $status -eq 0 ]; then
		printf '  %-58s %4d s\n' "$what" $((SECONDS - start)) >&2
	else
		printf '  %-58s FAILED\n' "$what" >&2
		cat "$log" >&2
	fi
	rm -f "$log"
	return $status
}

# What differs between Debian's architectures, all of it.
# architecture NAME: set
#   cross_packages	what building for it and booting it want besides what amd64 wants
#   cross	how the names of its compiler and its binutils begin
#   built	where programs for it are built, in the tree
#   machine	an emulator's command with a serial port for each of the character devices
#		console and output
#   ports	what the guest calls these two
# shellcheck disable=SC2034	# not every script wants all of them
architecture()
{
	case $1 in
	amd64)
		cross_packages='' cross='' built=build
		machine=(qemu-system-x86_64 -M pc -cpu max
			-serial chardev:console -serial chardev:output)
		ports=(ttyS0 ttyS1) ;;
	arm64)
		cross_packages='gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-system-arm'
		cross=aarch64-linux-gnu- built=build/arm64
		# The machine has one port of its own; the other is on a PCI card.  Addresses
		# are signed as on today's CPUs, but not by the slow algorithm of the
		# architecture; older CPUs than max fault more, to set the accessed bit.
		machine=(qemu-system-aarch64 -M virt -cpu 'max,pauth-impdef=on'
			-serial chardev:console -device 'pci-serial,chardev=output')
		ports=(ttyAMA0 ttyS0) ;;
	*)
		die "tests/vm/lib.sh knows no architecture '$1'" ;;
	esac
}

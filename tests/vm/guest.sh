#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Boot a stock kernel, run one command in it, bring back what it says and leaves.
#
# usage: guest.sh [OPTION...] KERNEL COMMAND...
#   --add FILE[=NAME]   put FILE into the guest's /faultline (as NAME); may be repeated
#   --memory MB         memory of the guest (1024)
#   --cpus N            its CPUs, which take turns (2)
#   --swap MB           swap on a virtio disk (none)
#   --icount            one CPU whose clock counts instructions, about 1 ns each, and
#                       skips what is idle: figures and timing then repeat exactly
#   --results DIR       unpack into DIR what the command leaves in /results
#   --limit SECONDS     give up on the guest after so long (600)
#   --console FILE      where the guest's console goes (a temporary file)
#
# COMMAND is run by the guest's shell in /faultline.  Its output is ours, its exit
# status too; 125 means that the guest died or ran out of time, and then the end of
# its console is shown.  The guest is emulated (TCG) always: /dev/kvm may be there
# and yet not boot a stock kernel.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

memory=1024 cpus=2 swap=0 icount=0 results='' limit=600 console=''
adds=()
while [ $# -gt 0 ]; do
	case $1 in
	--add)     adds+=("$2"); shift 2 ;;
	--memory)  memory=$2; shift 2 ;;
	--cpus)    cpus=$2; shift 2 ;;
	--swap)    swap=$2; shift 2 ;;
	--icount)  icount=1; cpus=1; shift ;;
	--results) results=$2; shift 2 ;;
	--limit)   limit=$2; shift 2 ;;
	--console) console=$2; shift 2 ;;
	--*)       die "guest.sh: unknown option $1" ;;
	*)         break ;;
	esac
done
[ $# -ge 2 ] || die "usage: guest.sh [OPTION...] KERNEL COMMAND..."
kernel=$1
shift

image=$("$here/kernel.sh" image "$kernel")
modules=$("$here/kernel.sh" modules "$kernel")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
console=${console:-$work/console}

# The modules that a disk needs, in the order to load them, uncompressed: what is
# built into a kernel has no file, and that is fine.
add_modules()
{
	local name file order=()

	for name in virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev \
		virtio_pci virtio_blk; do
		file=$(find "$modules/kernel" -name "$name.ko*" | head -n 1)
		case $file in
		'')   continue ;;
		*.xz) xz -dc "$file" > "$1/$name.ko" ;;
		*)    cp "$file" "$1/$name.ko" ;;
		esac
		order+=("$name")
	done
	echo "${order[*]}" > "$1/order"
}

build_initramfs()
{
	local root=$work/root add

	mkdir -p "$root"/{bin,dev,proc,sys,tmp,results,faultline,modules,etc,root}
	cp "$(command -v busybox)" "$root/bin/busybox"
	cp "$here/init" "$root/init"
	add_modules "$root/modules"
	for add in "${adds[@]}"; do
		cp -r "${add%%=*}" "$root/faultline/$(basename "${add#*=}")"
	done
	printf '%s\n' "$*" > "$root/command"
	(cd "$root" && find . | cpio --quiet -o -H newc) > "$work/initramfs"
	rm -r "$root"
}

build_initramfs "$*"
disks=()
arguments=''
if [ -n "$results" ]; then
	truncate -s 1G "$work/results"
	disks+=(-drive "file=$work/results,if=virtio,format=raw,cache=unsafe")
	arguments+=' results=/dev/vda'
fi
if [ "$swap" -gt 0 ]; then
	truncate -s "${swap}M" "$work/swap"
	disks+=(-drive "file=$work/swap,if=virtio,format=raw,cache=unsafe")
	arguments+=" swap=/dev/vd$([ -n "$results" ] && echo b || echo a)"
fi
# One thread for all CPUs, which take turns: with a thread for each, QEMU 7.2 can keep
# a translation of code that another CPU has just patched, and then kernels die of a
# breakpoint that is no longer there, at boot even, when the host is busy.
accelerator=(-accel 'tcg,thread=single')
[ $icount -eq 0 ] || accelerator=(-accel tcg -icount 'shift=0,sleep=off')

# The second serial port is the command's output, ended by a line with its status.
# </dev/null: what runs this may have no standard input.
mkfifo "$work/output"
timeout --foreground "$limit" qemu-system-x86_64 -M pc "${accelerator[@]}" -cpu max \
	-smp "$cpus" -m "${memory}M" -display none -no-reboot -nodefaults \
	-kernel "$image" -initrd "$work/initramfs" "${disks[@]}" \
	-append "console=ttyS0 quiet panic=-1 loglevel=4 $arguments" \
	-serial "file:$console" -serial "file:$work/output" \
	< /dev/null > "$work/qemu" 2>&1 &
qemu=$!
status=125
while IFS= read -r line; do
	line=${line%$'\r'}
	case $line in
	'guest: exit '*) status=${line#guest: exit } ;;
	*)               printf '%s\n' "$line" ;;
	esac
done < "$work/output"
wait $qemu || true
if [ "$status" -eq 125 ]; then
	echo "guest.sh: $kernel died or took more than $limit s; the end of its console:" >&2
	tail -n 40 "$console" >&2
	cat "$work/qemu" >&2
elif [ -n "$results" ]; then
	mkdir -p "$results"
	tar -xf "$work/results" -C "$results"
fi
exit "$status"

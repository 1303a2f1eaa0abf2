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
#   --root              run the command in the Debian of root.sh instead of busybox
#   --image FILE        run it in this root file system
#   --icount            one CPU whose clock counts instructions, about 1 ns each, and
#                       skips what is idle: figures and timing then repeat exactly,
#                       but for waits for a disk, which are the host's
#   --no-erms           a CPU without fast string instructions.  The emulator counts one of
#                       those as an instruction per byte: clearing and copying a page are
#                       then 8,200 of 12,000 instructions of a fault, and without 1,000 of
#                       4,700, which is nearer to what they take of a CPU's time
#   --results DIR       unpack into DIR what the command leaves in /results
#   --limit SECONDS     give up on the guest after so long (600)
#   --console FILE      where the guest's console goes (a temporary file)
#
# COMMAND is run by the guest's shell in /faultline.  Its output is ours, its exit
# status too; 125 means that the guest died or ran out of time, and then the end of
# its console is shown.  The guest is emulated (TCG) always: /dev/kvm may be there
# and yet not boot a stock kernel.
#
# What COMMAND writes stays in the guest's memory.  That holds for --root too: guests
# share its image, and none changes it.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/lib.sh"

memory=1024 cpus=2 swap=0 root=0 icount=0 erms=1 root_image='' results='' limit=600 console=''
adds=()
while [ $# -gt 0 ]; do
	case $1 in
	--add)     adds+=("$2"); shift 2 ;;
	--memory)  memory=$2; shift 2 ;;
	--cpus)    cpus=$2; shift 2 ;;
	--swap)    swap=$2; shift 2 ;;
	--root)    root=1; shift ;;
	--image)   root=1; root_image=$2; shift 2 ;;
	--icount)  icount=1; cpus=1; shift ;;
	--no-erms) erms=0; shift ;;
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
busybox=$("$here/kernel.sh" busybox "$kernel")
guest_architecture=$("$here/kernel.sh" architecture "$kernel")
architecture "$guest_architecture"
[ $root -eq 0 ] || [ "$guest_architecture" = "$(dpkg --print-architecture)" ] ||
	die "guest.sh: a root file system is of this machine's architecture, and $kernel is not"
[ $root -eq 0 ] || root_image=${root_image:-$("$here/root.sh" image)}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
console=${console:-$work/console}

# What a disk needs, and the root file system, in the order to load them.
disk_modules='virtio_ring virtio virtio_pci_modern_dev virtio_pci_legacy_dev virtio_pci virtio_blk'
root_modules='crc16 crc32c_generic mbcache jbd2 ext4 overlay'

# add_modules FOLDER NAME...: uncompressed; what is built into a kernel has no file,
# and that is fine.
add_modules()
{
	local folder=$1 name file order=()
	shift

	for name in "$@"; do
		file=$(find "$modules" -name "$name.ko*" | head -n 1)
		case $file in
		'')   continue ;;
		*.xz) xz -dc "$file" > "$folder/$name.ko" ;;
		*)    cp "$file" "$folder/$name.ko" ;;
		esac
		order+=("$name")
	done
	echo "${order[*]}" > "$folder/order"
}

build_initramfs()
{
	local folder=$work/initramfs-files add

	mkdir -p "$folder"/{bin,dev,proc,sys,tmp,results,faultline,modules,etc,root}
	cp "$busybox" "$folder/bin/busybox"
	cp "$here/init" "$folder/init"
	# shellcheck disable=SC2086 # names, one a word
	add_modules "$folder/modules" $disk_modules ${root_image:+$root_modules}
	for add in "${adds[@]}"; do
		cp -rL "${add%%=*}" "$folder/faultline/$(basename "${add#*=}")"
	done
	printf '%s\n' "$*" > "$folder/command"
	(cd "$folder" && find . | cpio --quiet -o -H newc) > "$work/initramfs"
	rm -r "$folder"
}

# attach NAME FILE OPTION: a disk, and a word that tells the guest's init which it is
attach()
{
	local letters=abc

	arguments+=" $1=/dev/vd${letters:${#disks[@]} / 2:1}"
	disks+=(-drive "file=$2,if=virtio,format=raw,$3")
}

build_initramfs "$*"
disks=()
arguments=" $("$here/kernel.sh" arguments "$kernel")"
if [ -n "$results" ]; then
	truncate -s 1G "$work/results"
	attach results "$work/results" cache=unsafe
fi
if [ "$swap" -gt 0 ]; then
	truncate -s "${swap}M" "$work/swap"
	attach swap "$work/swap" cache=unsafe
fi
[ $root -eq 0 ] || attach image "$root_image" readonly=on
# One thread for all CPUs, which take turns: with a thread for each, QEMU 7.2 can keep
# a translation of code that another CPU has just patched, and then kernels die of a
# breakpoint that is no longer there, at boot even, when the host is busy.
accelerator=(-accel 'tcg,thread=single')
[ $erms -eq 1 ] || machine=("${machine[@]/#max/max,-erms}")
[ $icount -eq 0 ] || accelerator=(-accel tcg -icount 'shift=0,sleep=off')

# no_timer_check: on a busy host the timer's first interrupts can come later than the kernel
# waits for them, and then it gives up.
#
# The port named output carries what the command says, ended by a line with its status.
# </dev/null: what runs this may have no standard input.  9>: an emulator that does not
# even start must not leave the reader of that port waiting for a writer for ever.
mkfifo "$work/output"
: > "$console"
# A socket for each CPU: kernels without ACPI are told of one CPU a socket.
timeout --foreground "$limit" "${machine[@]}" "${accelerator[@]}" -smp "$cpus,sockets=$cpus" \
	-m "${memory}M" -display none -no-reboot -nodefaults \
	-kernel "$image" -initrd "$work/initramfs" "${disks[@]}" \
	-append "console=${ports[0]} quiet panic=-1 loglevel=4 no_timer_check output=/dev/${ports[1]}$arguments" \
	-chardev "file,id=console,path=$console" -chardev "file,id=output,path=$work/output" \
	< /dev/null > "$work/qemu" 2>&1 9> "$work/output" &
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

#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# insert.sh inserts, reloads and removes; where it cannot, it says which obstacle
# there is, what to do and that there is make demo, and leaves nothing half done.
#
# The guest has no compiler: make is a stand-in that puts the module where the real
# one would; the rest is real.

. ./tap.sh

headers=/lib/modules/$(uname -r)/build
built=build/$(uname -r)
said=/tmp/said

stand_in()
{
	printf '#!/bin/sh\n%s\n' "$2" > "/bin/$1.new"
	chmod +x "/bin/$1.new"
	mv "/bin/$1.new" "/bin/$1"
}

loaded()	{ grep -q '^faultline ' /proc/modules; }
not_loaded()	{ ! loaded; }
says()		{ grep -q -- "$1" $said; }
device()	{ stat -c '%t,%T %a %g' /dev/faultline; }
is()		{ [ "$1" = "$2" ] || { echo "# '$1' is not '$2'"; false; }; }
succeeds()	{ ./insert.sh "$@" > $said 2>&1; }
fails()		{ ./insert.sh "$@" > $said 2>&1; [ $? -eq 1 ]; }

signs_and_succeeds()
{
	succeeds "$@" && says "signed: sha256 /tmp/key /tmp/cert build/$(uname -r)/faultline.ko"
}

# refuses WHAT SAYING...: fails, names the obstacle and make demo, and leaves nothing
refuses()
{
	what=$1
	shift
	check "$what: insert.sh fails" fails
	for saying in "$@"; do
		check "$what: it says '$saying'" says "$saying"
	done
	check "$what: it names make demo" says 'make demo'
	check "$what: nothing is left" not_loaded
}

refuses "no headers" "headers of the running kernel ($(uname -r)) are missing" \
	"apt-get install linux-headers-$(uname -r)"

mkdir -p "$headers"
touch "$headers/Makefile"
refuses "no make" 'make is missing' 'apt-get install make'
stand_in gcc 'exit 0'
stand_in make 'exit 2'
refuses "a build that fails" 'the build failed'
stand_in make "mkdir -p $built; cp faultline.ko $built/"

check "it inserts" succeeds
check "the module is in" loaded
check "the node has the right number and mode" is "$(device)" '1a7,0 660 0'
check "it says what to do next" says 'monitor/monitor > profile1.dat'
check "it inserts again, with a parameter" succeeds hz=50
check "the parameter has been taken up" is "$(cat /sys/module/faultline/parameters/hz)" 50
check "-r removes" succeeds -r
check "the module is out" not_loaded
check "-r twice is no error" succeeds -r

echo 'faultline:x:777:' >> /etc/group
check "with a group called faultline it inserts" succeeds
check "and the node belongs to it" is "$(device)" '1a7,0 660 777'
FAULTLINE_GROUP=4711 ./insert.sh > $said 2>&1
check "FAULTLINE_GROUP chooses another" is "$(device)" '1a7,0 660 4711'
export FAULTLINE_GROUP=nonesuch
refuses "a group that there is not" "cannot give /dev/faultline to group 'nonesuch'"
unset FAULTLINE_GROUP

# Major 4 is the console's.
check "with a major that is taken it inserts" succeeds major=4
major=$(sed -n 's/^# device: \([0-9]*\),.*/\1/p' /proc/faultline/status)
check "the node follows the major that the module got" \
	is "$(device)" "$(printf '%x' "$major"),0 660 777"

rm /dev/faultline
mknod /dev/faultline c 1 3
check "a node of another device is replaced" succeeds
check "by one of ours" is "$(device)" '1a7,0 660 777'

exec 3< /dev/faultline
check "while a reader is there, insert.sh fails" fails
check "it says why" says 'in use: a reader has the device open'
check "the module stays as it was" loaded
exec 3<&-

check "a bad module parameter fails" fails hz=0
check "what was there before is gone, and nothing half done" not_loaded
./insert.sh hz > $said 2>&1
check "a bad argument has status 2" is $? 2
check "and one line" is "$(wc -l < $said)" 1

# with FILE TEXT COMMAND...: while FILE reads TEXT.  The kernel's own switches cannot
# be put back, and other tests come after this one.
with()
{
	file=$1
	if [ ! -e "$file" ]; then
		skip "insert.sh where $file is $2: this kernel has no such switch"
		return
	fi
	echo "$2" > /tmp/stands-for-it
	shift 2
	mount --bind /tmp/stands-for-it "$file"
	"$@"
	umount "$file"
}

with /proc/sys/kernel/modules_disabled 1 \
	refuses "modules switched off" 'kernel.modules_disabled=1' 'reboot'
with /sys/module/module/parameters/sig_enforce Y \
	refuses "signatures required" 'signed modules only' 'mokutil --import'
touch /tmp/key /tmp/cert
export FAULTLINE_KEY=/tmp/key FAULTLINE_CERT=/tmp/cert
mkdir -p "$headers/scripts"
printf '#!/bin/sh\necho "signed: $*"\n' > "$headers/scripts/sign-file"
chmod +x "$headers/scripts/sign-file"
with /sys/module/module/parameters/sig_enforce Y \
	check "with a key, it signs and inserts where signatures are required" signs_and_succeeds
./insert.sh -r > $said
unset FAULTLINE_KEY FAULTLINE_CERT
mount -t securityfs security /sys/kernel/security
with /sys/kernel/security/lockdown 'none [integrity] confidentiality' \
	refuses "lockdown" 'locked down' 'Secure Boot'
umount /sys/kernel/security
finish

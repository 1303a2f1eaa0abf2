#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# What packages.sh wants to know of a guest, under systemd.
#
# usage: packages_in_guest.sh load VERSION		that has the packages installed
#        packages_in_guest.sh build VERSION NEXT	that has the sources of VERSION and the
#							packages of NEXT in its folder

. ./tap.sh

release=$(uname -r)

is()
{
	[ "$1" = "$2" ] || { echo "# '$1' is not '$2'"; false; }
}

# reads GROUP: somebody who is in that group alone
reads()
{
	setpriv --reuid nobody --regid "$1" --clear-groups faultline monitor --dump > /dev/null 2> /tmp/said
}

may_not_read()
{
	! reads nogroup && grep -q 'Permission denied' /tmp/said
}

counts()
{
	/usr/libexec/faultline/work --rounds=1 1 R 0 > /tmp/said &&
		/usr/libexec/faultline/monitor --dump 2> /dev/null | grep -q ' comm=work$'
}

# The service's answer; it needs some seconds to lock itself in.
answers()
{
	systemctl start faultline || return
	tries=60
	until busybox wget -qO /tmp/said http://127.0.0.1:9423/metrics 2> /dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] && sleep 1 || return
	done
	grep -q '^faultline_' /tmp/said
}

# With the capability that histograms take, no other to come by, and a filter of system calls.
is_locked_in()
{
	is "$(awk '/^(CapBnd|NoNewPrivs|Seccomp):/ { print $2 }' \
		"/proc/$(systemctl show --property MainPID --value faultline)/status" | xargs)" \
		'0000004000000000 1 2'
}

# quietly COMMAND...
quietly()
{
	"$@" > /tmp/said 2>&1 || { sed 's/^/# /' /tmp/said; return 1; }
}

# With an event between unpacking and configuring, as udev then reads a rule whose group
# there is not yet; it looks for new ones every three seconds.
installs()
{
	dpkg --unpack ./sources/build/deb/faultline_"$1"_*.deb \
		./sources/build/deb/faultline-dkms_"$1"_*.deb &&
		sleep 4 && udevadm trigger --settle --name-match=null && dpkg --configure --pending
}

# has_built VERSION: dkms, for the kernel that runs, and nothing else
has_built()
{
	is "$(dkms status 2> /dev/null | xargs)" "faultline/$1, $release, x86_64: installed"
}

loads_version()
{
	modprobe faultline && is "$(cat /sys/module/faultline/version)" "$1" && modprobe -r faultline
}

nothing_left()
{
	! ls -d /usr/src/faultline-* /lib/modules/*/updates/* /var/lib/dkms/faultline 2> /dev/null
}

if [ "$1" = build ]; then
	# Where dkms looks for the newest kernel, and the image has no kernel of its own: one is
	# enough of what takes minutes here.
	touch "/boot/config-$release"
	check "$release: make deb builds the packages" quietly make -C sources deb
	check "$release: the packages can be installed" quietly installs "$2"
	check "$release: dkms has built the module" has_built "$2"
fi
check "$release: modprobe finds the module" quietly modprobe faultline
udevadm settle
check "$release: it is version $2" is "$(cat /sys/module/faultline/version)" "$2"
check "$release: udev gives the device to the group, with mode 660" \
	is "$(stat -c '%G %a' /dev/faultline)" 'faultline 660'
check "$release: a member of the group reads it" reads faultline
check "$release: nobody else does" may_not_read
check "$release: work registers, and monitor shows it" counts
echo copy > /sys/module/faultline/parameters/latency
check "$release: run counts a command, whose copies are timed" quietly faultline run -- true
check "$release: the service answers" answers
check "$release: with histograms" grep -q '^faultline_cow_copy_seconds_count' /tmp/said
check "$release: it is locked in" is_locked_in
check "$release: it can be stopped" quietly systemctl stop faultline
check "$release: the module can be removed" quietly modprobe -r faultline
if [ "$1" = build ]; then
	# shellcheck disable=SC2086 # a pattern
	check "$release: they can be upgraded" quietly dpkg --install ./*_$3_*.deb
	check "$release: dkms has built that version, and has no other" has_built "$3"
	check "$release: which is the one that loads" loads_version "$3"
	check "$release: the packages can be purged" quietly dpkg --purge faultline faultline-dkms
	check "$release: no module and no sources are left" nothing_left
fi
finish

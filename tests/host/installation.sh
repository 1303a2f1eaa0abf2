#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# make install puts everything where it is looked for, in one version, and make uninstall
# takes all of it away.

here=$(dirname "$0")
. "$here/../tap.sh"
top=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$top/module/main.c")

# Of a copy, for it builds where the sources are.
cp -r "$top"/{Makefile,case_studies,man,module,monitor,packaging,whatif,work} "$work"
# What somebody built there long ago looks new in a copy.
make -s -C "$work" clean

# into FOLDER TARGET VARIABLE...
into()
{
	make -s -C "$work" "$2" DESTDIR="$work/$1" "${@:3}" > "$work/said" 2>&1 ||
		{ cat "$work/said"; return 1; }
}

there()
{
	(cd "$work/$1" && find . -type f -o -type l) | sed 's/^\.//' | sort
}

has()
{
	there "$1" | grep -qx "$2"
}

no_files()
{
	[ -z "$(there "$1")" ] || { there "$1"; return 1; }
}

says_version()
{
	"$work/$1" --version | grep -qx "$(basename "$1") (Faultline) $version"
}

# loads_http PROGRAM: with it come gnutls and eight more: 7 million instructions a start
loads_http()
{
	ldd "$work/$1" > "$work/said" && grep -q libmicrohttpd "$work/said"
}

loads_http_for_serve_alone()
{
	loads_http "$1/libexec/faultline/faultline-serve" && ! loads_http "$1/bin/faultline"
}

# serve_finds_server PREFIX: and calls itself what it was called
serve_finds_server()
{
	[ "$("$work/$1/bin/faultline" serve --version)" = "faultline serve (Faultline) $version" ]
}

# says_what_is_missing PREFIX: in one line, with status 1
says_what_is_missing()
{
	local said status=0

	rm "$work/$1/libexec/faultline/faultline-serve"
	said=$("$work/$1/bin/faultline" serve 2>&1) || status=$?
	[ $status -eq 1 ] &&
		[ "$said" = "faultline serve: faultline-serve: not found beside $work/$1/bin" ]
}

# As dkms decides it.
is_built_for()
{
	# shellcheck source=/dev/null
	(. "$work/$source/dkms.conf" && [[ $1 =~ $BUILD_EXCLUSIVE_KERNEL ]])
}

is_not_built_for()
{
	! is_built_for "$1"
}

check "the module has a version" grep -qE '^[0-9]+(\.[0-9]+)+$' <<< "$version"
check "make install" into here install
for file in bin/faultline bin/monitor bin/work libexec/faultline/faultline-serve \
	lib/systemd/system/faultline.service \
	lib/sysusers.d/faultline.conf lib/udev/rules.d/60-faultline.rules \
	share/bash-completion/completions/faultline share/man/man1/faultline.1 \
	share/man/man1/faultline-whatif.1 share/bash-completion/completions/faultline-whatif \
	share/man/man1/monitor.1 share/man/man1/work.1 share/man/man4/faultline.4 \
	share/man/man5/faultline.5 share/faultline/timelines.py \
	share/faultline/profile_dat.py share/faultline/faultline_whatif.py \
	lib/faultline/libfaultline-whatif.so lib/faultline/libfaultline-heap.so \
	include/faultline_whatif.h; do
	check "there is /usr/local/$file" has here "/usr/local/$file"
done
for program in faultline faultline-whatif monitor work; do
	check "$program is of the module's version" says_version "here/usr/local/bin/$program"
done
check "faultline loads no libmicrohttpd, which faultline-serve does" \
	loads_http_for_serve_alone here/usr/local
check "faultline serve finds that" serve_finds_server here/usr/local
check "faultline_whatif.py finds its library where that is installed" \
	env PYTHONPATH="$work/here/usr/local/share/faultline" PYTHONDONTWRITEBYTECODE=1 \
	/usr/bin/python3 -c 'import faultline_whatif; assert "lru" in faultline_whatif.policies()'
source=here/usr/src/faultline-$version
check "dkms is told the same version" \
	grep -qx "PACKAGE_VERSION=\"$version\"" "$work/$source/dkms.conf"
check "it finds all sources of the module" diff -r -x dkms.conf "$top/module" "$work/$source"
check "the service starts the program that was installed" \
	grep -q '^ExecStart=/usr/local/bin/faultline serve ' \
	"$work/here/usr/local/lib/systemd/system/faultline.service"
for release in 6.1.0-56-amd64 6.6.9 6.12.117+deb12-rt-amd64; do
	check "dkms builds for $release" is_built_for "$release"
done
for release in 5.10.0-30-amd64 6.0.12-amd64 6.13.2 6.120.0 7.1.0-amd64; do
	check "and not for $release" is_not_built_for "$release"
done
check "without it there is a line that says so" says_what_is_missing here/usr/local
check "make uninstall" into here uninstall
check "it leaves no file" no_files here

check "make install as a distribution wants it" into there install PREFIX=/usr \
	HELPERS=/usr/libexec/faultline
check "monitor then is faultline by a path that is good wherever it is mounted" \
	[ "$(readlink "$work/there/usr/libexec/faultline/monitor")" = ../../bin/faultline ]
check "and works" says_version there/usr/libexec/faultline/monitor
check "faultline serve finds its server there, too" serve_finds_server there/usr
check "make uninstall from there" into there uninstall PREFIX=/usr HELPERS=/usr/libexec/faultline
check "it leaves no file there" no_files there
finish

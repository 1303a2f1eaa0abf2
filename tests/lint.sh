#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What checkers say of the sources; silence is good.	(make lint)

set -euo pipefail

tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(dirname "$tests")
. "$tests/vm/lib.sh"
cd "$top"

kernel=6.12
scripts=$FAULTLINE_CACHE/lint
failed=0

# checkpatch.pl and the semantic patches are in the kernel's source package only.
fetch_scripts()
{
	local new=$scripts.new

	[ -e "$scripts/coccinelle" ] && return
	rm -rf "$new"
	mkdir -p "$new"
	(cd "$new" && apt-get -qq download "linux-source-$kernel")
	dpkg --fsys-tarfile "$new"/*.deb | tar -xO --wildcards '*.tar.xz' |
		tar -xJ -C "$new" --strip-components 2 --wildcards \
			'*/scripts/checkpatch.pl' '*/scripts/spelling.txt' \
			'*/scripts/const_structs.checkpatch' '*/scripts/coccinelle'
	rm "$new"/*.deb
	rm -rf "$scripts"
	mv "$new" "$scripts"
}

# check NAME COMMAND...: the checker is content if it says nothing and succeeds
check()
{
	local name=$1 said
	shift
	if said=$("$@" 2>&1) && [ -z "$said" ]; then
		echo "ok - lint: $name"
	else
		echo "not ok - lint: $name"
		printf '%s\n' "$said" | sed 's/^/# /'
		failed=1
	fi
}

build_with()
{
	local folder=$top/build/lint headers

	headers=$("$tests/vm/kernel.sh" headers "$kernel")
	rm -rf "$folder"
	mkdir -p "$folder"
	cp -r module/* "$folder"
	make -s -C "$headers" M="$folder" "$@" modules 2>&1 | grep -E 'module|warning|error' | grep -v BTF
	return 0
}

# The kernel's semantic patches, but for two that want a compiler of OCaml; what spatch
# says of the patch itself is not about us.
match_patches()
{
	grep -rL --include='*.cocci' 'script:ocaml' "$scripts/coccinelle" | while read -r patch; do
		spatch -D report --no-show-diff --very-quiet --include-headers \
			--cocci-file "$patch" --dir module 2>&1 < /dev/null
	done | grep -v '^warning: line [0-9]*: should [a-z_]* be a metavariable?$\|^$'
	return 0
}

"$tests/vm/kernel.sh" fetch "$kernel"
# Of each file by itself: version 14 takes what it learned of va_list in one for an error in
# the next.  Not of the module: clang does not take the options that its headers were made
# for gcc with.  How many warnings of system headers it kept to itself is no news.
tidy()
{
	local file

	for file in "$@"; do
		clang-tidy --quiet "$file" -- -std=gnu11 -D_GNU_SOURCE -DVERSION='""' -Imodule \
			-Iwork -Imonitor -Iwhatif -Itests 2>&1 | grep -v '^[0-9]* warnings\? generated'
	done
	return 0
}

step "the kernel's checkers from Debian" fetch_scripts

mapfile -t kernel_sources < <(find module -name '*.[ch]')
# The macros of tracepoints have a layout of their own.
mapfile -t checked_sources < <(find module -name '*.[chS]' ! -name trace.h)
mapfile -t programs < <(find monitor whatif work tests bench -name '*.[ch]')
mapfile -t tidied < <(find monitor whatif work -name '*.c')
mapfile -t shell < <(grep -lE '^#!.*(sh|bash)$' -r insert.sh tests case_studies bench \
	packaging .ci)

# Left out on purpose: version checks, which compat.h is there for, and the one file
# under /proc that everyone may write to.
check "checkpatch --strict, module" "$scripts/checkpatch.pl" --no-tree --strict --terse --quiet \
	--no-summary --max-line-length=100 -f "${checked_sources[@]}" \
	--ignore LINUX_VERSION_CODE,CONSTANT_COMPARISON,EXPORTED_WORLD_WRITABLE
check "W=1" build_with W=1
check "coccinelle" match_patches
check "sparse" build_with C=2 CF=-D__CHECK_ENDIAN__
check "kernel-doc" "$("$tests/vm/kernel.sh" headers "$kernel")/scripts/kernel-doc" -none -Werror \
	"${kernel_sources[@]}"
check "cppcheck" cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
	--enable=warning,portability -Imodule -Iwork -Imonitor -Iwhatif -Itests -DVERSION='""' "${programs[@]}"
check "clang-tidy" tidy "${tidied[@]}"
# SC2016, SC2317: commands are handed to check(), as words and as functions.
check "shellcheck" shellcheck -x -P SCRIPTDIR -P "$tests" -e SC2016,SC2317 "${shell[@]}" \
	packaging/faultline.bash packaging/faultline-whatif.bash
check "mandoc" mandoc -Tlint -Wwarning man/*
check "codespell" codespell -L falt,nd,stap -S tests/fuzz/corpus README.md docs module monitor whatif work tests bench case_studies \
	packaging man insert.sh
# E402: a test must say where the studies are before it can import them.
check "pycodestyle" /usr/bin/python3 -m pycodestyle --max-line-length=100 --ignore=E402,W503,W504 \
	case_studies tests bench
check "pyflakes" /usr/bin/python3 -m pyflakes case_studies tests bench
# checkpatch leaves what it learned about names.
rm -f .checkpatch-camelcase.git.*
exit $failed

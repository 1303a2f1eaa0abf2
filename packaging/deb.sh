#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Build Debian's packages of a copy of the sources, into build/deb.	(make deb)

set -euo pipefail

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=$(sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' "$top/module/main.c")
tree=$top/build/deb/faultline-$version

rm -rf "$top/build/deb"
mkdir -p "$tree"
cp -r "$top"/{LICENSE,Makefile,README.md,case_studies,insert.sh,man,module,monitor,packaging,whatif,work} "$tree"
cp -r "$top/packaging/debian" "$tree/debian"
cat > "$tree/debian/changelog" <<END
faultline ($version) unstable; urgency=medium

  * What is in version $version, README.md tells.

 -- The Faultline authors <faultline@localhost>  $(date -uR -r "$top/module/main.c")
END
cd "$tree"
dpkg-buildpackage --build=binary --unsigned-changes --unsigned-buildinfo
rm -r "$tree"

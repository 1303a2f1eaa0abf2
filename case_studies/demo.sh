#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Case studies 1 and 2 from nothing to plots, on a stock Debian kernel in QEMU.
#
# usage: demo.sh small|full		(make demo, make demo FULL=1)

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

case ${1-} in
small) size=() ;;
full)  size=(--full) ;;
*)     echo "usage: demo.sh small|full" >&2; exit 2 ;;
esac
# The other size has other profiles, and more of them.
rm -f "$here"/../plots/profile*.dat
exec "$here/study.sh" "${size[@]}" 1 2

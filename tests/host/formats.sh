#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What every format writes is read by programs that others wrote.

tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/unittests.sh"
unittests "$tests/formats_test.py"

#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Python reads profiles, and rings as the monitor does.

tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/unittests.sh"
unittests "$tests/python_reader_test.py"

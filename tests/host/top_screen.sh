#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What faultline top shows of a ring in a file, in a terminal that others wrote.

tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/unittests.sh"
unittests "$tests/top_screen_test.py"

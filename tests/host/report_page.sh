#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A page shows what a recording tells, in a browser, and asks for nothing else.

tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/unittests.sh"
unittests "$tests/report_page_test.py"

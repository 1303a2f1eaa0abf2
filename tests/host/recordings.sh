#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A recording is read back as it was written, and a damaged one is never taken for another.

tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/unittests.sh"
unittests "$tests/recordings_test.py"

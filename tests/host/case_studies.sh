#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The unit tests of the case studies, as TAP: a claim for each test method.

tests=$(cd "$(dirname "$0")/.." && pwd)
. "$tests/unittests.sh"
unittests "$tests/case_studies_test.py"

# SPDX-License-Identifier: GPL-2.0
#
# Unit tests in Python as TAP:  . unittests.sh; unittests FILE

# unittests FILE: a claim for each test method
unittests()
{
	# The system's own python, which has numpy and matplotlib.
	/usr/bin/python3 -B "$1" -v 2>&1 | awk '
	/^test[^ ]* \(.*\)/ { name = $1 }
	/ \.\.\. ok$/       { if (name) print "ok " ++claims " - " name; name = "" }
	/ \.\.\. (FAIL|ERROR|skipped.*|expected failure|unexpected success)$/ {
		print "not ok " ++claims " - " name
		name = ""
	}
	/^Ran [0-9]+ test/  { ran = $2 }
	{ print "# " $0 }
	END {
		print (ran && ran == claims ? "ok " : "not ok ") ++claims " - all tests were run"
		print "1.." claims
	}'
}

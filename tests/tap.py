# SPDX-License-Identifier: GPL-2.0
"""Test Anything Protocol for tests in Python: check(holds, claim), then finish()."""

import sys
import traceback

_claims = []


def check(holds, claim):
    """Say whether a claim holds; what holds is whatever is true."""
    _claims.append(bool(holds))
    print(f"{'ok' if holds else 'not ok'} {len(_claims)} - {claim}", flush=True)
    return bool(holds)


def skip(claim_and_why):
    """Say that this machine cannot test a claim."""
    check(True, f"# SKIP {claim_and_why}")


def finish():
    """Print the plan and leave."""
    print(f"1..{len(_claims)}")
    sys.exit(0 if all(_claims) else 1)


def _fail(*error):
    check(False, "it comes to its end")
    print("# " + "".join(traceback.format_exception(*error)).replace("\n", "\n# "))


# Claims that held before an error must not pass for all of them.
sys.excepthook = _fail

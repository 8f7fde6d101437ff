"""What the parts of an audit come to together."""

import pytest

from monai_covid.audits.finding import Verdict, combine_verdicts

FAULT, QUIET, UNKNOWN = Verdict.FAULT, Verdict.QUIET, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ((QUIET, FAULT, UNKNOWN), FAULT),
        ((QUIET, UNKNOWN), UNKNOWN),
        ((QUIET, QUIET), QUIET),
        ((), UNKNOWN),
    ],
)
def test_one_fault_is_enough_and_one_doubt_is_no_peace(parts, whole):
    assert combine_verdicts(parts) is whole

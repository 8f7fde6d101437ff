"""Verdicts of audits and of their parts, and the names of earlier versions."""

import pytest

from monai_covid.audits.finding import Verdict, combine_verdicts
from monai_covid.audits.run import AUDITS, audit_name

PROBLEM, PASSED, INCONCLUSIVE = Verdict.PROBLEM, Verdict.PASSED, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ((PASSED, PROBLEM, INCONCLUSIVE), PROBLEM),
        ((PASSED, INCONCLUSIVE), INCONCLUSIVE),
        ((PASSED, PASSED), PASSED),
        ((), INCONCLUSIVE),
    ],
)
def test_one_problem_is_enough_and_all_parts_have_to_pass(parts, whole):
    assert combine_verdicts(parts) is whole


def test_verdicts_of_earlier_reports_are_read():
    assert Verdict("a fault was found") is Verdict("problem found") is PROBLEM
    assert Verdict("no fault was found") is Verdict("no problem found") is PASSED
    assert Verdict("cannot be told") is Verdict("inconclusive") is INCONCLUSIVE
    with pytest.raises(ValueError, match="perhaps"):
        Verdict("perhaps")


def test_the_earlier_name_of_the_audit_of_text_is_taken():
    assert audit_name("words") == "text" in AUDITS
    assert all(audit_name(name) == name for name in AUDITS)

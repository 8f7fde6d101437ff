"""Copies between two real collections, and folds that are apart."""

import pytest

from monai_covid.audits.finding import Verdict
from monai_covid.audits.leaks.audit import audit
from monai_covid.audits.subject import Subject
from monai_covid.data.collections.reading import read_collection

pytestmark = pytest.mark.real_data

COPIES = 13
"""Pairs that are found without a model. The features of one propose further pairs, of which two or
three are copies as well, depending on the model; no weights are at hand here."""


def test_the_known_copies_are_found_and_the_folds_are_quiet(real_data, tmp_path):
    own, extra = (read_collection(real_data / name) for name in ("covid", "covid_extra"))

    finding = audit(Subject(own, tmp_path, external={"covid_extra": extra}))

    assert finding.verdict is Verdict.PROBLEM
    assert finding.numbers["leaking_pairs_by_collection"] == {"covid_extra": COPIES}
    assert finding.numbers["leaking_pairs"] == COPIES, "so there are none between the folds"
    assert finding.numbers["patients_in_two_parts"] == 0

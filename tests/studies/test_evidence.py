"""What the documentation says of stored studies is what they hold."""

import json
import re

import pytest

from monai_covid.studies.pages.markdown import difference
from monai_covid.studies.pages.records import Estimate
from tests.conftest import REPOSITORY

EVIDENCE = REPOSITORY / "docs/explanation/evidence.md"
ROW = re.compile(r"\| [^|]+ \| (cross-validation|shortcuts) `([a-z0-9-]+)` \| ([^|]+) \|")


def rows():
    text = EVIDENCE.read_text(encoding="utf-8").partition("### What each measure contributed")[2]
    return ROW.findall(text.partition("\n## ")[0])


def test_the_table_has_its_rows():
    assert len(rows()) > 10


@pytest.mark.parametrize(("study", "arm", "stated"), rows())
def test_contributions_are_those_of_the_stored_studies(study, arm, stated):
    content = json.loads((REPOSITORY / f"docs/results/data/{study}.json").read_text())
    (found,) = (
        each
        for each in content["comparisons"]
        if each["arm"] == arm and each["measure"] == "test accuracy"
    )
    assert found["pairs"] == 5
    wide = found["corrected"]
    assert stated == difference(Estimate(found["mean_difference"], wide["low"], wide["high"]))

import math

import pytest

from monai_covid.lab.suitability.measure import Proportion


@pytest.mark.parametrize(("count", "total"), [(0, 25), (3, 100), (50, 50), (7, 11)])
def test_interval_is_the_closed_form(count: int, total: int) -> None:
    z, share = 1.959963984540054, count / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + (z / total / 2) ** 2)
    expected = (max(0.0, centre - half), min(1.0, centre + half))
    assert Proportion(count, total).interval == pytest.approx(expected, abs=1e-9)


def test_text_has_count_share_and_interval() -> None:
    assert str(Proportion(3, 100)) == "3/100 = 3.0% (1.0% to 8.5%)"
    assert str(Proportion(0, 0)) == "0/0"

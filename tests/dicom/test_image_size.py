import pytest

from monai_covid.dicom.eligibility.reasons import ineligibility
from tests.dicom.eligibility.chest import chest, only_reason, with_attributes
from tests.dicom.instances import picture, set_pixels


def sized(rows, columns, **attributes):
    dataset = chest(Rows=rows, Columns=columns, ImagerPixelSpacing=None)
    set_pixels(dataset, picture(rows, columns).tobytes())
    return with_attributes(dataset, **attributes)


@pytest.mark.parametrize(("rows", "columns"), [(256, 256), (256, 640), (640, 256)])
def test_the_limits_are_processed(rows, columns):
    assert ineligibility(sized(rows, columns)) == []


@pytest.mark.parametrize(("rows", "columns"), [(255, 300), (300, 255)])
def test_a_side_that_is_too_short_is_refused(rows, columns):
    reason = only_reason(sized(rows, columns))
    assert f"is {rows} x {columns}; each side needs 256 pixels or more" in reason


@pytest.mark.parametrize(("rows", "columns"), [(256, 641), (641, 256)])
def test_strips_and_stitched_images_are_refused(rows, columns):
    assert "at most 2.5 times the shorter" in only_reason(sized(rows, columns))


KEYWORDS = ["ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelSpacing"]


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize("spacing", [[0.25, 0.8], [1.5, 2.0], [1, 1], "", 0.1, [0.1]])
def test_possible_and_unknown_fields_are_processed(keyword, spacing):
    assert ineligibility(sized(400, 300, **{keyword: spacing})) == []


@pytest.mark.parametrize("keyword", KEYWORDS)
@pytest.mark.parametrize(
    ("spacing", "field"), [([0.1, 0.4], "4.0 x 12.0"), ([0.4, 2.1], "16.0 x 63.0")]
)
def test_impossible_fields_are_refused(keyword, spacing, field):
    reason = only_reason(sized(400, 300, **{keyword: spacing}))
    assert reason.startswith(f"{keyword} (")
    assert f"makes a field of {field}" in reason
    assert "8 to 60 cm a side are possible" in reason


@pytest.mark.parametrize("spacing", [[0, 0], [-0.1, -0.1], [0.1, 0], [9, 9, 9], ["inf", "nan"]])
def test_what_is_not_two_positive_numbers_is_unstated(spacing):
    dataset = sized(400, 300, ImagerPixelSpacing=spacing)
    assert ineligibility(dataset) == []
    dataset.PixelSpacing = [9, 9]
    assert only_reason(dataset).startswith("PixelSpacing")


def test_spacing_counts_before_projection_to_the_patient():
    assert ineligibility(sized(400, 300, ImagerPixelSpacing=[1, 0.9], PixelSpacing=[9, 9])) == []


def test_rows_come_before_columns():
    # 400 rows of 0.9 mm fit, 300 columns of 2.1 mm do not.
    assert "36.0 x 63.0 cm" in only_reason(sized(400, 300, PixelSpacing=[0.9, 2.1]))

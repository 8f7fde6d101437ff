import pytest

from monai_covid.inference.heatmap_folder import unique_stems


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        (["a.png", "b.dcm", "c.nii.gz"], ["a", "b", "c"]),
        (["/long/way/x/1.png", "y/2.png"], ["1", "2"]),
        (
            ["x/1.png", "y/1.png", "/z/1.png", "../1.png"],
            ["x__1_png", "y__1_png", "z__1_png", "1_png"],
        ),
        (["a.png", "a.dcm", "b.png"], ["a_png", "a_dcm", "b"]),
        (["1.2.840", "1.2.841"], ["1.2.840", "1.2.841"]),
        (["IM0001", "IM0002"], ["IM0001", "IM0002"]),
        (["chest 1.png", "Größe,2.png"], ["chest_1", "Größe_2"]),
        (["a b.png", "a_b.png"], ["a_b_png", "a_b_png_2"]),
        (["x" * 300 + ".png"], ["x" * 160]),
        (["胸" * 80 + ".png"], ["胸" * 53]),
        (["a.png", "a.png"], ["a_png", "a_png_2"]),
        (["A.png", "a.png"], ["A_png", "a_png_2"]),
    ],
)
def test_every_image_has_a_name_of_its_own(names, stems):
    found = unique_stems(names)
    assert len({each.casefold() for each in found}) == len(names)
    assert found == stems

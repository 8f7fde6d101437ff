import pytest

from monai_covid.lab.phantom.options import PhantomOptions


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 63}, "size must be 64 to 4096 pixels, got 63"),
        ({"size": 5000}, "got 5000"),
        ({"word_correlation": 1.1}, r"word_correlation must be in \[0, 1\], got 1.1"),
        ({"shape_correlation": -0.1}, "shape_correlation"),
        ({"shape_correlation": float("nan")}, "got nan"),
        ({"conspicuity": 0.0}, "conspicuity"),
        ({"word_correlation": 0.5, "text": False}, "needs text=True"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        PhantomOptions(**values)


def test_all_problems_are_named_at_once():
    with pytest.raises(ValueError, match=r"size.*shape_correlation.*conspicuity"):
        PhantomOptions(size=1, shape_correlation=2, conspicuity=9)

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from scipy.spatial import Delaunay

from monai_covid.preprocessing.region import grown_hull


def slow_hull(region):
    """Pixels whose centre lies in the Delaunay triangulation of all pixels' corners."""
    where = np.argwhere(region)
    corners = np.concatenate(
        [where + np.array([down, right]) for down in (0, 1) for right in (0, 1)]
    )
    rows, columns = np.indices(region.shape)
    centres = np.column_stack([rows.ravel(), columns.ravel()]) + 0.5
    return (Delaunay(corners).find_simplex(centres) >= 0).reshape(region.shape)


def two_ellipses(height=90, width=120):
    row, column = np.indices((height, width))
    left = ((row - 40) / 25) ** 2 + ((column - 40) / 14) ** 2 < 1
    return left | (((row - 50) / 20) ** 2 + ((column - 80) / 12) ** 2 < 1)


@pytest.mark.parametrize("margin", [0, 3, 8.5])
def test_is_the_hull_and_all_near_it(margin):
    region = two_ellipses()
    found = grown_hull(region, margin)
    # Distances between centres of pixels say where an outline runs to within a pixel.
    hull = slow_hull(region)
    distance = distance_transform_edt(~hull) - distance_transform_edt(hull)
    assert found[distance <= margin - 1.5].all()
    assert not found[distance > margin + 1.5].any()
    if margin:
        assert found[region].all()


def test_at_the_edge_of_the_image_and_for_a_line():
    line = np.zeros((20, 30), dtype=bool)
    line[0, 3:9] = True
    grown = grown_hull(line, 2)
    assert grown.shape == line.shape
    assert grown[:2, 3:9].all()
    assert not grown[5:].any()
    assert not grown[:, 13:].any()

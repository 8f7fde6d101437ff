import numpy as np
from scipy.stats import chi2_contingency

from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.grid import choose_shape
from monai_covid.lab.phantom.options import PhantomOptions

SHAPES = [(205, 256), (256, 256), (256, 205)]


def counts(**options):
    table = np.zeros((3, 3), dtype=int)
    for index in range(600):
        shape = choose_shape(1, (0, index), index % 3, PhantomOptions(**options))
        table[index % 3, SHAPES.index(shape)] += 1
    return table


def test_images_are_square_by_default():
    assert counts()[:, 1].sum() == 600


def test_shapes_can_vary_without_telling_the_class():
    table = counts(vary_shape=True)
    assert (table > 30).all()
    assert chi2_contingency(table).pvalue > 0.001


def test_with_full_correlation_the_shape_tells_the_class():
    assert np.array_equal(counts(shape_correlation=1.0), np.diag([200] * 3))


def test_images_have_the_shape_and_show_both_lungs():
    options = PhantomOptions(size=128, shape_correlation=1.0)
    for label, shape in (("covid19", (102, 128)), ("normal", (128, 102))):
        image = generate_covid_case(1, 1, label, options)
        assert image.pixels.shape == shape
        assert not image.lung_mask[:, [0, -1]].any()

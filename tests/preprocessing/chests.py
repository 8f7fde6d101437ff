"""Phantoms whose lungs and text are known, for tests of preprocessing."""

import functools

import numpy as np

from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.labels import COVID_LABELS

SEED = 8123


@functools.cache
def chest(index=0, size=256, *, text=False):
    """A phantom of any shape: wide, square or tall."""
    options = PhantomOptions(size=size, vary_shape=True, text=text, text_scale=1.5)
    return generate_covid_case(SEED, index, COVID_LABELS[index % 3], options)


def stranger(shape=(200, 160)):
    """Noise: no lungs anywhere."""
    return np.random.default_rng(0).integers(0, 256, shape).astype(np.float32)

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from monai_covid.explain.pictures.blend import AGAINST, DIVERGING, FOR, blend, symmetric_limit


def test_zero_is_white_and_the_ends_are_of_different_hue():
    assert DIVERGING(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.01)
    against, speaks_for = DIVERGING(0.0), DIVERGING(1.0)
    assert against[2] > against[0]
    assert speaks_for[0] > speaks_for[2]


def test_lightness_falls_evenly_to_both_sides():
    """Printed in grey, the map still shows how strong relevance is."""
    lightness = DIVERGING(np.linspace(0, 1, 101))[:, :3] @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness[:51]) > 0).all()
    assert (np.diff(lightness[50:]) < 0).all()
    np.testing.assert_allclose(lightness[::-1], lightness, atol=0.2)


# Machado, Oliveira & Fernandes, IEEE TVCG 15:1291 (2009), severity 1.0, on linear RGB.
DEFICIENCIES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("matrix", DEFICIENCIES.values(), ids=DEFICIENCIES)
def test_for_and_against_are_told_apart_with_colour_blindness(matrix):
    seen = [
        np.clip(np.array(matrix) @ np.array(to_rgb(colour)) ** 2.2, 0, 1) ** (1 / 2.2)
        for colour in (FOR, AGAINST)
    ]
    assert np.linalg.norm(seen[0] - seen[1]) > 0.5


@pytest.mark.parametrize("matrix", [np.eye(3), *DEFICIENCIES.values()])
@pytest.mark.parametrize("colour", [FOR, AGAINST])
def test_both_stand_out_from_every_grey(matrix, colour):
    linear = np.clip(np.array(matrix) @ np.array(to_rgb(colour)) ** 2.2, 0, 1)
    seen = linear ** (1 / 2.2)
    greys = np.linspace(0, 1, 101)[:, None].repeat(3, axis=1)
    assert np.linalg.norm(greys - seen, axis=1).min() > 0.25


def cielab(rgb):
    """CIE 1976 L*a*b* of sRGB under D65."""
    rgb = np.asarray(rgb, dtype=float)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [
            [0.4124564, 0.3575761, 0.1804375],
            [0.2126729, 0.7151522, 0.0721750],
            [0.0193339, 0.1191920, 0.9503041],
        ]
    )
    part = linear @ matrix.T / (0.95047, 1.0, 1.08883)
    root = np.where(part > 216 / 24389, np.cbrt(part), (24389 / 27 * part + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


@pytest.mark.parametrize("relevance", [0.25, -0.25])
def test_a_quarter_of_full_relevance_is_a_colour_on_every_grey(relevance):
    """Also over the dark of a lung: a difference of 10 is seen at a glance."""
    grey = np.linspace(0, 1, 21, dtype=np.float32)[None]
    shown = cielab(blend(grey, np.full_like(grey, relevance), 1.0))
    chroma = np.hypot(shown[..., 1], shown[..., 2])
    assert chroma.min() > 20
    assert np.linalg.norm(shown - cielab(grey[..., None].repeat(3, -1)), axis=-1).min() > 22
    assert shown[0, 0, 0] > 22


def test_limit_ignores_a_few_extremes_and_fits_all_maps():
    quiet = np.linspace(-1, 1, 10_000, dtype=np.float32)
    loud = quiet.copy()
    loud[:2] = 1000.0
    assert symmetric_limit([loud]) == pytest.approx(1.0, abs=0.01)
    assert symmetric_limit([quiet, 3 * quiet]) == pytest.approx(3.0, abs=0.02)


def test_limit_of_sparse_and_empty_maps_is_usable():
    sparse = np.zeros(10_000, dtype=np.float32)
    assert symmetric_limit([sparse]) == 1.0
    sparse[0] = -0.25
    assert symmetric_limit([sparse]) == 0.25

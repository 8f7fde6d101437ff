import numpy as np

from monai_covid.lab.phantom.grid import make_grid, row_bands, to_pixels
from monai_covid.lab.phantom.patient import draw_patient, draw_position
from monai_covid.lab.phantom.randomness import Stream, random_stream
from monai_covid.lab.phantom.thorax import heart_chord, make_thorax


def test_patients_vary_and_both_sexes_and_views_occur():
    patients = [draw_patient(1, number) for number in range(300)]
    views = [draw_position(1, (0, index)).view for index in range(300)]
    assert 0.35 < np.mean([patient.sex == "F" for patient in patients]) < 0.6
    assert 0.3 < np.mean([view == "AP" for view in views]) < 0.5
    assert all((patient.breast > 0) == (patient.sex == "F") for patient in patients)
    assert min(p.age for p in patients) >= 20
    assert max(p.age for p in patients) <= 88
    assert np.std([patient.half_width for patient in patients]) > 0.5


def test_pixels_and_coordinates_are_inverse():
    grid = make_grid((90, 120), draw_position(1, (0, 4)))
    columns, rows = to_pixels(grid, grid.x, grid.y)
    assert np.allclose(columns, np.arange(120)[None, :] + 0.5)
    assert np.allclose(rows, np.arange(90)[:, None] + 0.5)


def test_bands_are_the_grid():
    grid = make_grid((300, 200), draw_position(1, (0, 4)))
    bands = list(row_bands(grid))
    assert len(bands) > 1
    assert np.array_equal(np.concatenate([band.y for band in bands]), grid.y)


def test_streams_of_different_purpose_are_different():
    numbers = {
        random_stream(1, stream, *keys).random()
        for stream in (Stream.PATIENT, Stream.POSITION)
        for keys in ((), (0,), (0, 0), (0, 1), (1, 0))
    }
    assert len(numbers) == 10


def test_the_heart_has_the_width_relative_to_the_chest_that_was_asked_for():
    for number in range(20):
        patient, position = draw_patient(1, number), draw_position(1, (0, number))
        thorax = make_thorax(patient, position)
        grid = make_grid((256, 256), position)
        columns = grid.x[(heart_chord(grid, thorax) > 0) & (grid.y < thorax.domes[0])]
        assert np.isclose(np.ptp(columns), thorax.heart_width, rtol=0.03)
        assert np.ptp(columns) < 1.1 * thorax.half_width
        assert abs(columns.max()) > abs(columns.min())
        enlarged = grid.x[(heart_chord(grid, thorax, 1.45) > 0) & (grid.y < thorax.domes[0])]
        assert np.ptp(enlarged) > 1.25 * np.ptp(columns)

from pathlib import Path

import numpy as np
import pytest
import torch

from monai_covid.audits.shortcuts.lung_parts import PARTS, predict_parts
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.data.images import read_image
from monai_covid.errors import InputError
from monai_covid.preprocessing.chains import preprocess_pixels
from tests.audits.shortcuts.conftest import (
    SIDE,
    PlaceReader,
    TrueFinder,
    frame_of_image,
    painted,
    true_lungs,
)


def columns(table):
    return table[["probability_covid19", "probability_pneumonia", "probability_normal"]].to_numpy()


@pytest.fixture
def reader(bordered):
    return PlaceReader(frame_of_image(), bordered)


@pytest.mark.parametrize("batch_size", [1, 7, 500])
def test_each_part_is_what_the_model_says_of_the_changed_image(clean, reader, tmp_path, batch_size):
    masks = true_lungs(clean)
    subject = Subject(clean, tmp_path, reader, options=AuditOptions(fold=1))
    found = predict_parts(subject.unseen, reader, TrueFinder(clean, masks), batch_size)
    chosen = np.flatnonzero(clean.frame["fold"] == "1")
    for name, part in PARTS.items():
        table = found.tables[name]
        assert table["image"].tolist() == subject.unseen.frame["image"].tolist()
        for row, place in list(enumerate(chosen))[::5]:
            image = part.change(read_image(clean.paths[place]), masks[place])
            expected = reader.probabilities(preprocess_pixels(image, SIDE)[None])[0]
            np.testing.assert_allclose(columns(table)[row], expected, atol=1e-6)
    assert found.left_out == {}


def test_whole_images_are_predicted_as_by_the_classifier(clean, reader, tmp_path):
    subject = Subject(clean, tmp_path, reader)
    found = predict_parts(clean, reader, TrueFinder(clean, true_lungs(clean)), 16)
    np.testing.assert_allclose(
        columns(found.tables["whole"]), columns(subject.predictions), atol=1e-6
    )


def test_images_without_plausible_lungs_are_counted_and_left_out(clean, reader):
    known = clean.select(np.arange(len(clean)) % 3 > 0)
    found = predict_parts(clean, reader, TrueFinder(known, true_lungs(known)), 16)
    assert found.left_out == {"unknown image": len(clean) - len(known)}
    for table in found.tables.values():
        assert table["image"].tolist() == known.frame["image"].tolist()


def test_without_any_lungs_there_are_no_tables(clean, reader):
    nothing = TrueFinder(clean.select(np.zeros(len(clean), dtype=bool)), [])
    found = predict_parts(clean, reader, nothing, 16)
    assert found.tables == {}
    assert found.left_out == {"unknown image": len(clean)}


def test_unreadable_images_are_all_named(clean, reader, tmp_path):
    records = painted(clean, tmp_path / "copy", [frame_of_image()] * len(clean))
    for index in (2, 5):
        Path(records.paths[index]).write_bytes(b"no image")
    with pytest.raises(InputError) as caught:
        predict_parts(records, reader, TrueFinder(clean, true_lungs(clean)), 16)
    assert len(caught.value.problems) == 2
    assert records.frame["image"].iloc[5] in str(caught.value)


def test_the_reader_of_a_place_sees_nothing_else(reader):
    images = torch.rand(2, 1, SIDE, SIDE)
    images[1, 0][torch.from_numpy(frame_of_image())] = images[0, 0][
        torch.from_numpy(frame_of_image())
    ]
    first, second = reader.probabilities(images)
    assert torch.equal(first, second)

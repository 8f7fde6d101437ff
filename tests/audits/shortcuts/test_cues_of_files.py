import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from monai_covid.audits.shortcuts.cues import encoding, jpeg_quality, original_size
from monai_covid.errors import InputError

GREY = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 50), dtype=np.uint8))


@pytest.mark.parametrize("quality", [30, 49, 50, 75, 90, 95])
def test_jpeg_quality_is_the_one_that_was_asked_for(quality):
    stream = io.BytesIO()
    GREY.save(stream, "JPEG", quality=quality)
    with Image.open(stream) as image:
        assert jpeg_quality(image.quantization[0]) == pytest.approx(quality, abs=0.6)


def test_poor_jpeg_quality_is_recognised_as_poor():
    # Divisors are capped at 255 there, so the quality itself can no longer be told exactly.
    found = []
    for quality in (5, 10, 20):
        stream = io.BytesIO()
        GREY.save(stream, "JPEG", quality=quality)
        with Image.open(stream) as image:
            found.append(jpeg_quality(image.quantization[0]))
    assert found == sorted(found)
    assert found[2] < 25


def test_encoding_of_pictures(tmp_path):
    GREY.save(tmp_path / "a.jpg", quality=90)
    GREY.save(tmp_path / "b.png")
    GREY.convert("RGB").save(tmp_path / "c.png")
    deep = Image.fromarray(np.asarray(GREY).astype(np.uint16) * 200)
    deep.save(tmp_path / "d.tif")
    found = {path.stem: encoding(path).tolist() for path in sorted(tmp_path.iterdir())}
    assert found["a"] == [0, 1, 1, 8, pytest.approx(90, abs=0.6)]
    assert found["b"] == [0, 0, 1, 8, -1]
    assert found["c"] == [0, 0, 3, 8, -1]
    assert found["d"] == [0, 3, 1, 16, -1]


@pytest.fixture
def with_sizes(clean):
    def make(widths, heights):
        frame = clean.frame.iloc[: len(widths)].assign(orig_width=widths, orig_height=heights)
        return dataclasses.replace(
            clean,
            frame=frame,
            paths=clean.paths[: len(widths)],
            targets=clean.targets[: len(widths)],
        )

    return make


def test_original_size_is_read_and_may_be_missing(with_sizes, clean):
    found = original_size(with_sizes(["1024", "800.0", ""], ["512", "1000", "700"]))
    assert found.tolist() == [[2, 1024, 512], [0.8, 800, 1000], [-1, -1, 700]]
    assert original_size(clean) is None


def test_original_sizes_that_are_none_are_all_named(with_sizes):
    with pytest.raises(InputError) as caught:
        original_size(with_sizes(["wide", "-3", "5"], ["1", "2", "inf"]))
    message = str(caught.value)
    assert len(caught.value.problems) == 3
    assert "metadata.csv:2: orig_width 'wide' is not a positive number of pixels" in message
    assert "metadata.csv:3: orig_width '-3'" in message
    assert "metadata.csv:4: orig_height 'inf'" in message

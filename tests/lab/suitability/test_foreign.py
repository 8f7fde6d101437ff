import numpy as np
from PIL import Image

from monai_covid.lab.suitability.foreign import foreign_images, grey_of
from monai_covid.lab.suitability.measure import CORRUPTIONS


def test_foreign_images_are_grey_finite_and_large_enough() -> None:
    found = foreign_images()
    assert {name for name, images in found.items() if images} == set(found)
    for images in found.values():
        for name, pixels in images:
            assert pixels.ndim == 2 and min(pixels.shape) >= 32, name
            assert np.isfinite(pixels).all(), name


def test_images_of_scikit_image_are_taken_where_it_is(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "skimage" / "data"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise ImportError")
    for name, side in (("camera.png", 40), ("tiny.png", 8)):
        Image.fromarray(np.zeros((side, side), dtype=np.uint8)).save(folder / name)
    np.save(folder / "lfw_subset.npy", np.zeros((200, 25, 25)))
    monkeypatch.syspath_prepend(tmp_path)
    found = foreign_images()
    assert [name for name, _ in found["scikit-image"]] == ["camera.png"]
    assert [pixels.shape for _, pixels in found["faces"]] == [(250, 250)] * 100


def test_grey_of_frames_and_colours() -> None:
    colour = np.arange(24).reshape(2, 4, 3)
    assert grey_of(colour).tolist() == colour.mean(axis=2).tolist()
    assert grey_of(np.stack([colour, colour + 1])).tolist() == grey_of(colour).tolist()
    assert grey_of(np.zeros((7, 4, 5))).shape == (4, 5)


def test_spoilt_images_show_what_their_name_says() -> None:
    pixels = np.arange(48.0).reshape(6, 8).astype(np.float32)
    assert CORRUPTIONS["turned by 90"](pixels)[0].tolist() == pixels[:, -1].tolist()
    assert CORRUPTIONS["turned by 180"](pixels)[0, 0] == pixels[-1, -1]
    assert CORRUPTIONS["inverted"](pixels)[0, 0] == pixels.max()
    assert CORRUPTIONS["cut to a corner"](pixels).shape == (3, 4)
    assert CORRUPTIONS["cut to the lowest third"](pixels)[0, 0] == pixels[4, 0]
    assert sorted(CORRUPTIONS["pixels shuffled"](pixels).ravel()) == pixels.ravel().tolist()

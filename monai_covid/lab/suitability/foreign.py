"""Images of other things that Python packages bring along: to measure, never to train with."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pydicom
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits, load_sample_images

logger = logging.getLogger(__name__)

Named = tuple[str, NDArray[np.float32]]


def foreign_images() -> dict[str, list[Named]]:
    """Return the images by where they come from, each a name and grey values (H, W).

    Those of scikit-image are among them where it is installed.
    """
    others = {"scikit-image": list(_skimage()), "faces": list(_faces())}
    optional = {name: images for name, images in others.items() if images}
    return optional | {
        "pydicom": list(_pydicom()),
        "scikit-learn": list(_sklearn()),
        "matplotlib": list(_matplotlib()),
        "documents": list(_documents()),
    }


def _pydicom() -> Iterator[Named]:
    """Yield each different image of pydicom's test files; of several frames the first.

    Its own function for finding them also downloads more.
    """
    seen: set[str] = set()
    for file in sorted(Path(pydicom.__file__).parent.glob("data/test_files/*.dcm")):
        try:
            dataset = pydicom.dcmread(file, force=True)
            pixels = grey_of(dataset.pixel_array)
        # Many of these files are broken on purpose, each in its own way.
        except Exception as error:
            logger.info("%s: no image (%s)", file.name, type(error).__name__)
            continue
        key = hashlib.sha256(pixels.tobytes()).hexdigest()
        if min(pixels.shape) >= 32 and key not in seen:
            seen.add(key)
            yield f"{file.name} ({dataset.get('Modality', '?')})", pixels


def _sklearn() -> Iterator[Named]:
    photographs = load_sample_images()
    for name, image in zip(photographs.filenames, photographs.images, strict=True):
        yield Path(name).name, grey_of(image)
    for number, digit in enumerate(load_digits().images[:100]):
        yield f"digit {number}", np.kron(digit, np.ones((8, 8))).astype(np.float32)


def _skimage() -> Iterator[Named]:
    """Yield photographs, micrographs, textures and drawings; the package is not imported."""
    for folder in _skimage_data():
        for path in sorted(folder.glob("*.[jp][pn]g")):
            pixels = grey_of(np.asarray(Image.open(path).convert("RGB")))
            if min(pixels.shape) >= 32:
                yield path.name, pixels


def _faces() -> Iterator[Named]:
    """Yield the 100 faces of scikit-image's part of Labeled Faces in the Wild, enlarged."""
    for folder in _skimage_data():
        path = folder / "lfw_subset.npy"
        if path.is_file():
            for number, face in enumerate(np.load(path)[:100]):
                yield f"face {number}", np.kron(face, np.ones((10, 10))).astype(np.float32)


def _skimage_data() -> list[Path]:
    package = importlib.util.find_spec("skimage")
    places = (package.submodule_search_locations or ()) if package else ()
    return [Path(place, "data") for place in places]


def _matplotlib() -> Iterator[Named]:
    folder = Path(mpl.get_data_path()) / "sample_data"
    for path in sorted([*folder.glob("*.png"), *folder.glob("*.jpg")]):
        yield path.name, grey_of(np.asarray(Image.open(path).convert("RGB")))
    with gzip.open(folder / "s1045.ima.gz") as file:
        yield "s1045.ima (MR)", np.frombuffer(file.read(), np.uint16).reshape(256, 256).astype("f4")
    for name, key in (("jacksboro_fault_dem.npz", "elevation"), ("topobathy.npz", "topo")):
        with np.load(folder / name) as file:
            yield name, np.asarray(file[key], dtype=np.float32)


def _documents() -> Iterator[Named]:
    """Yield pages of real text in several sizes, dark on bright and bright on dark."""
    lines = Path(np.__file__).with_name("__init__.py").read_text().splitlines()
    for number in range(40):
        page = Image.new("L", (620, 877), 245)
        draw = ImageDraw.Draw(page)
        size = 9 + number % 10 * 2
        text = "\n".join(lines[number * 5 : number * 5 + 780 // (size + 4)])
        draw.multiline_text((40, 40), text, fill=20, font_size=size)
        grey = np.asarray(page, dtype=np.float32)
        yield f"page {number}", 255 - grey if number % 2 else grey


def grey_of(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Return grey values (H, W) of one or several frames, grey or colour."""
    values = np.asarray(pixels)
    if values.ndim == 4 or (values.ndim == 3 and values.shape[-1] not in (3, 4)):
        values = values[0]
    if values.ndim == 3:
        values = values[..., :3].mean(axis=-1)
    return values.astype(np.float32)

"""Phantoms with and without shortcuts, their true lungs, and models that look at one place."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.linear_model import LogisticRegression

from monai_covid.audits.shortcuts.results import cue_results
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.images import read_image
from monai_covid.inference.classifier import Classifier
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_covid_phantom
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.chains import preprocess_pixels
from monai_covid.preprocessing.lungs.find import LungFields

SIDE = 64
OPTIONS = AuditOptions(resamples=200)


@pytest.fixture(scope="session")
def clean_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shortcuts") / "clean"
    options = PhantomOptions(size=SIDE, text=False)
    return write_covid_phantom(folder, images_per_class=24, seed=5, options=options)


@pytest.fixture(scope="session")
def shape_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shortcuts") / "shape"
    options = PhantomOptions(size=SIDE, text=False, shape_correlation=1.0)
    return write_covid_phantom(folder, images_per_class=15, seed=6, options=options)


@pytest.fixture(scope="session")
def clean(clean_folder):
    return read_collection(clean_folder)


LEARNED = {}
"""What cues tell of collections, by all that it depends on."""


def learned_once(subject):
    """Learn cues of a collection, or return what was learned of the same one before."""
    key = (str(subject.records.file), subject.records.frame.to_csv(), subject.options)
    if key not in LEARNED:
        LEARNED[key] = cue_results(subject)
    return LEARNED[key]


@pytest.fixture(autouse=True)
def cues_are_learned_once(monkeypatch):
    monkeypatch.setattr("monai_covid.audits.shortcuts.audit.cue_results", learned_once)


def true_lungs(records):
    """Return the lung mask of each image, (N, H, W) bool."""
    folder = records.file.parent / "masks"
    masks = []
    for name in records.frame["image"]:
        (path,) = folder.rglob(f"{Path(name).stem}_lung.png")
        masks.append(read_image(path) > 0)
    return masks


class TrueFinder:
    """Knows the lungs of given images; finds none in others."""

    def __init__(self, records, masks):
        self.known = {
            read_image(path).tobytes(): mask
            for path, mask in zip(records.paths, masks, strict=True)
        }

    def __call__(self, pixels):
        mask = self.known.get(np.asarray(pixels, dtype=np.float32).tobytes())
        nothing = np.zeros(pixels.shape, dtype=bool)
        if mask is None:
            return LungFields(nothing, nothing, False, "unknown image", 0.0)
        return LungFields(mask, nothing, True, "", 1.0)


class PlaceReader(Classifier):
    """A model that looks at one place of the network's input and at nothing else."""

    def __init__(self, place, records):
        self.info = ModelInfo(image_size=SIDE)
        self.device = torch.device("cpu")
        self.place = place
        images = torch.stack([preprocess_pixels(read_image(p), SIDE) for p in records.paths])
        self.rule = LogisticRegression(C=100.0).fit(self._seen(images), records.classes)

    def _seen(self, images):
        place = images[:, 0][:, self.place]
        return torch.stack([place.mean(dim=1), place.mean(dim=1) ** 2], dim=1).numpy()

    def probabilities(self, images):
        return torch.from_numpy(self.rule.predict_proba(self._seen(images)))


def painted(records, folder, regions):
    """Return a copy of a collection with grey 50, 130 or 210 by class in a region of each image."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = ["image", "label", "patient_id", "fold"]
    records.frame[columns].to_csv(folder / "metadata.csv", index=False)
    generator = np.random.default_rng(0)
    everything = zip(records.paths, records.frame["image"], records.classes, regions, strict=True)
    for path, name, index, region in everything:
        pixels = read_image(path)
        grey = 50 + 80 * index + generator.normal(0, 8, int(region.sum()))
        pixels[region] = np.clip(grey, 0, 255)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
    return read_collection(folder)


def frame_of_image():
    """Return the outermost 3 pixels, (SIDE, SIDE) bool."""
    frame = np.ones((SIDE, SIDE), dtype=bool)
    frame[3:-3, 3:-3] = False
    return frame


@pytest.fixture(scope="session")
def bordered(clean, tmp_path_factory):
    """A collection in which the border has the grey of the class."""
    folder = tmp_path_factory.mktemp("shortcuts") / "border"
    return painted(clean, folder, [frame_of_image()] * len(clean))


@pytest.fixture(scope="session")
def lunged(clean, tmp_path_factory):
    """A collection in which the lungs have the grey of the class, and nothing else does."""
    folder = tmp_path_factory.mktemp("shortcuts") / "lungs"
    inner = ~frame_of_image()
    return painted(clean, folder, [mask & inner for mask in true_lungs(clean)])


def subject_of(records, folder, classifier=None):
    return Subject(records, folder, classifier, options=OPTIONS)

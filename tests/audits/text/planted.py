"""A collection and hand-made networks: one that reads words, and one that looks at the chest."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.data.collections.reading import read_collection
from monai_covid.inference.classifier import Classifier
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.chains import preprocess_pixels
from monai_covid.preprocessing.text.boxes import TextBox
from monai_covid.preprocessing.text.paint import Place, paint_text

LABELS = ("covid19", "normal")
WORDS = ("SUPINE", "ERECT")
PLACES = (Place(0.3, 0.12, 0.12), Place(0.7, 0.12, 0.12))
SIZE = 96


class Handmade(Classifier):
    """A classifier around any network."""

    def __init__(self, network):
        self.network = network.eval()
        self.info = ModelInfo(labels=LABELS, image_size=SIZE)
        self.device = torch.device("cpu")
        self.flips = False


class PlantedText:
    """Finds the words where the collection has them, as told."""

    def __init__(self):
        self.boxes = {}

    def find(self, pixels):
        return self.boxes[pixels.tobytes()]


class GradientTimesInput:
    """The exact explanation of a linear network."""

    def __init__(self, network):
        self.weights = network[1].weight.detach().reshape(len(LABELS), 1, SIZE, SIZE)

    def attribute(self, inputs, target=None, *, contrast=False):
        return inputs * self.weights[target]


def bare(random, label):
    """Return a chest: a bright blob to the right for covid19, to the left for normal."""
    rows, columns = np.mgrid[:SIZE, :SIZE] / SIZE
    blob = np.exp(-((rows - 0.65) ** 2 + (columns - (0.7 - 0.4 * label)) ** 2) / 0.01)
    return 60 + 20 * rows + 60 * blob + random.normal(0, 4, rows.shape)


def write_collection(folder: Path, count=20):
    """Write ``count`` images, one a patient, each with the word of its class."""
    random, finder = np.random.default_rng(0), PlantedText()
    (folder / "images").mkdir(parents=True)
    rows = ["image,label,patient_id"]
    for number in range(count):
        label = number % 2
        painted, mask = paint_text(bare(random, label), WORDS[label], PLACES[label], seed=number)
        pixels = np.rint(painted.clip(0, 255)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / "images" / f"{number}.png")
        rows.append(f"{number}.png,{LABELS[label]},patient-{number}")
        finder.boxes[pixels.astype(np.float32).tobytes()] = [_box(mask, WORDS[label])]
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")
    return finder


def subject_of(folder: Path, network) -> Subject:
    out = folder / "report"
    out.mkdir(exist_ok=True)
    options = AuditOptions(resamples=200, batch_size=8)
    return Subject(read_collection(folder, LABELS), out, Handmade(network), options=options)


def linear(weights):
    """Return a network with the given weights ``(2, SIZE, SIZE)``."""
    layer = nn.Linear(SIZE * SIZE, len(LABELS), bias=False)
    layer.weight.data = torch.as_tensor(weights, dtype=torch.float32).reshape(len(LABELS), -1)
    return nn.Sequential(nn.Flatten(), layer)


def reads_words():
    """Correlates each image with the two words in their places."""
    return linear(
        np.stack([_template(word, place) for word, place in zip(WORDS, PLACES, strict=True)])
    )


def sees_chests():
    """Correlates the lower half of each image with the blob of each class."""
    random = np.random.default_rng(7)
    means = [
        np.mean([_prepared(bare(random, label)) for _ in range(10)], axis=0) for label in (0, 1)
    ]
    difference = means[0] - means[1]
    difference[: SIZE // 3] = 0
    return linear(np.stack([difference, -difference]) / 50)


def _template(word, place):
    random = np.random.default_rng(11)
    found = np.zeros((SIZE, SIZE))
    for _ in range(10):
        ground = bare(random, 0)
        word_on, control_on = (paint_text(ground, text, place)[0] for text in (word, "CHEST"))
        found += _prepared(word_on) - _prepared(control_on)
    return found / 20


def _prepared(pixels):
    return preprocess_pixels(pixels, SIZE)[0].numpy()


def _box(mask, word):
    rows, columns = np.nonzero(mask)
    left, right, top, bottom = columns.min(), columns.max() + 1, rows.min(), rows.max() + 1
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=float)
    return TextBox(corners, word.capitalize() + ".", 0.9)

"""Networks trained on phantoms with and without a bait of words, told apart by the audit.

Both are audited on the same images, whose words name their class. One was trained where they did so
too, the other where words were drawn without looking at the class.
"""

import numpy as np
import pytest
import torch
from monai.networks.nets import DenseNet

from monai_covid.audits.finding import Verdict
from monai_covid.audits.subject import AuditOptions, Subject
from monai_covid.audits.text.audit import audit_with
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.images import read_image
from monai_covid.lab.phantom.generate import generate_covid_case
from monai_covid.lab.phantom.options import PhantomOptions
from monai_covid.lab.phantom.write_covid import write_covid_phantom
from monai_covid.labels import COVID_LABELS
from monai_covid.models.model_file import ModelInfo
from monai_covid.preprocessing.chains import preprocess_pixels
from monai_covid.preprocessing.text.boxes import text_mask
from monai_covid.preprocessing.text.finder import TextFinder
from tests.audits.text.planted import Handmade

pytestmark = pytest.mark.slow

SIZE, TRAINED_ON, EPOCHS = 96, 360, 20


class RememberingFinder:
    """Finds text once for all networks."""

    def __init__(self):
        self.finder, self.boxes = TextFinder(side=512), {}

    def find(self, pixels):
        key = pixels.tobytes()
        if key not in self.boxes:
            self.boxes[key] = self.finder.find(pixels)
        return self.boxes[key]


def options(word_correlation, conspicuity=3.0):
    return PhantomOptions(
        text_scale=1.8, word_correlation=word_correlation, conspicuity=conspicuity
    )


def trained(settings):
    """Return a small DenseNet trained on phantoms."""
    torch.manual_seed(0)
    images, labels = [], torch.arange(TRAINED_ON) % 3
    for index, label in enumerate(labels.tolist()):
        case = generate_covid_case(1, index, COVID_LABELS[label], settings)
        images.append(preprocess_pixels(case.pixels, SIZE))
    inputs = torch.stack(images)
    network = DenseNet(2, 1, 3, init_features=16, growth_rate=8, block_config=(2, 2, 2))
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1e-2, epochs=EPOCHS, steps_per_epoch=-(-TRAINED_ON // 24)
    )
    for _ in range(EPOCHS):
        for batch in torch.randperm(TRAINED_ON).split(24):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(network(inputs[batch]), labels[batch]).backward()
            optimizer.step()
            schedule.step()
    return network


@pytest.fixture(scope="module")
def collection(tmp_path_factory):
    """Images whose word names the class and whose lungs show it."""
    folder = tmp_path_factory.mktemp("words") / "data"
    write_covid_phantom(folder, images_per_class=25, seed=9, options=options(1.0))
    return read_collection(folder)


@pytest.fixture(scope="module")
def finder():
    return RememberingFinder()


def found_in(network, collection, finder, folder):
    model = Handmade(network)
    model.info = ModelInfo(image_size=SIZE)
    subject = Subject(collection, folder, model, options=AuditOptions(resamples=400))
    return audit_with(subject, finder)


def test_the_reader_finds_the_text_of_the_phantom(collection, finder):
    """Words are found by the reader; their masks are the truth."""
    masks = collection.file.parent / "masks"
    covered, total = 0, 0
    for name, path in zip(collection.frame["image"], collection.paths, strict=True):
        truth = read_image(masks / name.replace(".png", "_text.png")) > 0
        found = text_mask(finder.find(read_image(path)), truth.shape)
        covered, total = covered + (truth & found).sum(), total + truth.sum()
    assert covered > 0.85 * total


def test_a_network_baited_with_words_is_caught(collection, finder, tmp_path):
    finding = found_in(trained(options(1.0, 0.2)), collection, finder, tmp_path)
    numbers = finding.numbers
    assert finding.verdict is Verdict.PROBLEM, finding.summary
    assert numbers["accuracy_with_text"]["value"] > 0.8
    assert numbers["loss"]["low"] > 0.1
    assert numbers["excess_loss"]["low"] > 0.1
    assert numbers["enrichment"]["low"] > 1.5


def test_a_network_that_is_not_baited_is_cleared(collection, finder, tmp_path):
    finding = found_in(trained(options(0.0)), collection, finder, tmp_path)
    numbers = finding.numbers
    assert finding.verdict is Verdict.PASSED, finding.summary
    assert numbers["accuracy_with_text"]["value"] > 0.7
    assert abs(numbers["loss"]["value"]) < 0.1
    # Words of one class were there to be tried.
    assert np.sum([one["images"] for one in numbers["painted"]]) > 30

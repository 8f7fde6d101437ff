"""Suitability is asked where it is asked for, of the image as it was read."""

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from monai_covid.audits.subject import Subject
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.images import folder_datalist, read_image
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.inference.image import ImageFileDataset, ImagePreparation, open_radiograph
from monai_covid.inference.validation import predictions_of
from monai_covid.models.architectures import BLOCK_LAYERS
from monai_covid.models.model_file import ModelInfo, save_model
from monai_covid.preprocessing.chains import inference_transforms
from monai_covid.preprocessing.grey_levels import equalize_histogram
from monai_covid.preprocessing.suitability.assess import CAUTIONS, REASONS, assess
from tests.inference.chests import (
    MIRRORED,
    NOISE,
    SUITABLE,
    UPSIDE_DOWN,
    chest,
    write_spoilt,
    write_suitable,
)

SIZE = 32


@pytest.fixture(autouse=True, scope="module")
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        yield


def random_network(path, seed=0):
    info = ModelInfo(image_size=SIZE)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        save_model(path, info.build().state_dict(), info)
    return path


@pytest.fixture
def model(tmp_path):
    return random_network(tmp_path / "model.pt")


@pytest.fixture
def images(tmp_path):
    write_suitable(tmp_path / "images")
    write_spoilt(tmp_path / "images")
    (tmp_path / "images/broken.png").write_bytes(b"no image")
    return tmp_path / "images"


def loaded(folder, **options):
    """What a loader with the dataset's collate function gives of the images of a folder."""
    data = ImageFileDataset(folder_datalist(folder), ImagePreparation(ModelInfo(image_size=SIZE)))
    loader = DataLoader(data, batch_size=4, collate_fn=data.collate, **options)
    return [(image, tensor) for batch in loader for image, tensor in pairs(batch)]


def pairs(batch):
    return zip(batch["prepared"], batch["image"], strict=True)


def test_every_file_is_judged_by_its_own_pixels(images):
    judged = {image.radiograph.name: image.radiograph for image, _ in loaded(images)}
    assert set(judged) == {*SUITABLE, *UPSIDE_DOWN, MIRRORED, "noise.png", "broken.png"}
    for name, each in judged.items():
        if name == "broken.png":
            assert each.error
            assert each.unsuitable == each.cautions == ()
            continue
        said = assess(read_image(images / name))
        assert each.unsuitable == said.reasons
        assert each.cautions == said.cautions
    assert {judged[name].unsuitable for name in SUITABLE} == {()}
    assert {judged[name].unsuitable for name in UPSIDE_DOWN} == {(REASONS["turned_180"],)}
    assert judged["noise.png"].unsuitable == NOISE
    assert judged[MIRRORED].cautions == (CAUTIONS["mirrored"],)


def test_processes_of_a_loader_give_the_same(images):
    for (one, tensor), (other, same) in zip(
        loaded(images, num_workers=2), loaded(images), strict=True
    ):
        assert vars(one.radiograph) == vars(other.radiograph)
        assert torch.equal(tensor, same)
        assert (one.tensor is None) == (other.tensor is None)


def test_what_gets_no_answer_is_black_in_a_batch(images):
    for image, tensor in loaded(images):
        if image.tensor is None:
            assert not tensor.any()
            assert image.radiograph.error or image.radiograph.unsuitable
        else:
            assert torch.equal(tensor, image.tensor)
        assert image.radiograph.pixels is None


@pytest.mark.parametrize("channels", [1, 3])
def test_the_network_sees_the_same_bits_as_from_the_transforms(images, channels):
    path = images / "a.png"
    prepared = ImagePreparation(ModelInfo(image_size=SIZE, channels=channels))(path)
    plain = inference_transforms(size=SIZE, channels=channels)({"image": str(path)})["image"]
    assert torch.equal(prepared.tensor, plain)
    assert type(prepared.tensor) is type(plain)


def test_unsuitable_images_get_no_answer_unless_they_are_kept(images, model):
    given = [images / name for name in ("a.png", "turned.png", MIRRORED, "broken.png")]
    classifier = Classifier(model)
    plain = list(classifier.predict(given, assess=False))
    refused = list(classifier.predict(given, batch_size=3))
    kept = list(classifier.predict(given, keep_unsuitable=True))
    assert [each.unsuitable for each in refused] == [(), (REASONS["turned_180"],), (), ()]
    assert [each.cautions for each in refused] == [(), (), (CAUTIONS["mirrored"],), ()]
    assert refused[1].probabilities == {}
    assert refused[1].label == refused[1].error == ""
    assert refused[3].error == plain[3].error != ""
    for index in (0, 2):
        assert refused[index].probabilities == pytest.approx(plain[index].probabilities, abs=1e-6)
    for index in range(3):
        assert kept[index].probabilities == plain[index].probabilities
        assert kept[index].unsuitable == refused[index].unsuitable


def test_nothing_is_assessed_where_labels_decide(images, model, tmp_path):
    given = [images / name for name in ("turned.png", "noise.png", MIRRORED)]
    several = EnsembleClassifier([model, random_network(tmp_path / "other.pt", 1)])
    for classifier in (Classifier(model), several):
        for each in classifier.predict(given, assess=False):
            assert sum(each.probabilities.values()) == pytest.approx(1, abs=1e-5)
            assert each.unsuitable == each.cautions == ()


def test_calibration_and_audits_take_every_image_that_has_a_label(images, model, tmp_path):
    names = ("a.png", "turned.png", "noise.png")
    rows = [f"{name},normal,{index}" for index, name in enumerate(names)]
    manifest = tmp_path / "metadata.csv"
    manifest.write_text("\n".join(["image,label,patient_id", *rows]) + "\n")
    classifier = Classifier(model)
    records = read_collection(manifest, classifier.info.labels, image_dir=images)
    logits = [
        classifier.logits(
            inference_transforms(size=SIZE)({"image": str(images / name)})["image"][None]
        )
        for name in names
    ]
    expected = torch.cat(logits).softmax(1).numpy()
    columns = [f"probability_{label}" for label in classifier.info.labels]
    tables = (
        predictions_of(classifier, records.single_label_datalist(), 16, manifest),
        Subject(records, tmp_path, classifier).predictions,
    )
    for table in tables:
        np.testing.assert_allclose(table[columns], expected, atol=1e-6)


def test_spread_of_an_ensemble_of_several_labels_is_not_told(tmp_path):
    labels = ("Mass", "Nodule")
    info = ModelInfo(image_size=SIZE, labels=labels, multilabel=True)
    for name in ("x.pt", "y.pt"):
        save_model(tmp_path / name, info.build().state_dict(), info)
    ensemble = EnsembleClassifier([tmp_path / "x.pt", tmp_path / "y.pt"])
    answer = ensemble.answer(torch.rand(2, 1, SIZE, SIZE))
    assert answer.spread == {}
    assert answer.probabilities.shape == (2, 2)


def test_contrast_is_that_of_the_file_and_not_of_the_equalised_image(tmp_path):
    faint = chest() // 8
    faint[:4, :4] = 255
    Image.fromarray(faint).save(tmp_path / "faint.png")
    radiograph = open_radiograph(tmp_path / "faint.png")
    assert CAUTIONS["low_contrast"] in radiograph.cautions
    equalised = equalize_histogram(torch.from_numpy(faint)).numpy()
    assert "low_contrast" not in assess(equalised).caution_codes

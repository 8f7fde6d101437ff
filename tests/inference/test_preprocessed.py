"""A network that was trained on cut images gets cut images, and its maps their place."""

import nibabel
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from pydicom import dcmread

from monai_covid.cli.main import main
from monai_covid.data.images import read_image
from monai_covid.errors import WeightsError
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.ensemble import EnsembleClassifier
from monai_covid.inference.image import ImageFileDataset, ImagePreparation
from monai_covid.inference.study import StudyPipeline
from monai_covid.models.model_file import ModelInfo, load_model, save_model
from monai_covid.preprocessing.chains import preprocess_file
from monai_covid.preprocessing.region import find_region
from monai_covid.preprocessing.settings import Preprocessing
from tests.dicom.orthanc.studies import radiograph, save
from tests.inference.conftest import SIZE
from tests.inference.test_study import JANE, probabilities, reports
from tests.preprocessing.chests import chest, stranger

CROP = Preprocessing("crop")


def model_of(path, preprocessing, seed=0):
    info = ModelInfo(image_size=SIZE, preprocessing=preprocessing)
    torch.manual_seed(seed)
    save_model(path, info.build().state_dict(), info)
    return path


@pytest.fixture(scope="module")
def cropping(tmp_path_factory):
    return model_of(tmp_path_factory.mktemp("cropping") / "model.pt", CROP)


@pytest.fixture
def wide(tmp_path):
    """A wide chest as PNG and NIfTI, and noise."""
    pixels = np.pad(chest(0).pixels, ((0, 0), (60, 90)))
    Image.fromarray(pixels).save(tmp_path / "chest.png")
    nibabel.save(nibabel.Nifti1Image(np.ascontiguousarray(pixels.T), None), tmp_path / "c.nii")
    Image.fromarray(stranger().astype(np.uint8)).save(tmp_path / "noise.png")
    return tmp_path


def test_a_png_and_a_dicom_file_have_the_same_probabilities(cropping, tmp_path):
    (file,) = save([radiograph(JANE, "cut", bits=8)], tmp_path)
    Image.fromarray(dcmread(file).pixel_array).save(tmp_path / "same.png")
    (expected,) = Classifier(cropping).predict([tmp_path / "same.png"])
    written = probabilities(reports(StudyPipeline(cropping)([file]))[0])
    assert written == pytest.approx(list(expected.probabilities.values()), abs=1e-6)
    network, info = load_model(cropping)
    with torch.no_grad():
        cut = preprocess_file(file, SIZE, 1, info.preprocessing)[None]
        by_hand, otherwise = (network(each)[0].softmax(0) for each in (cut, whole(file)))
    assert written == pytest.approx(by_hand.tolist(), abs=1e-6)
    assert written != pytest.approx(otherwise.tolist(), abs=1e-6)


@pytest.mark.parametrize("lungs", ["crop", "mask", "crop_mask"])
@pytest.mark.parametrize("bits", [8, 12])
def test_a_png_and_a_dicom_file_give_the_same_input(tmp_path, lungs, bits):
    preprocessing = Preprocessing(lungs, grey="local")
    (file,) = save([radiograph(JANE, "alike", bits=bits)], tmp_path)
    pixels = dcmread(file).pixel_array.astype(np.uint16 if bits == 12 else np.uint8)
    Image.fromarray(pixels).save(tmp_path / "same.png")
    found = [
        preprocess_file(each, SIZE, 1, preprocessing) for each in (file, tmp_path / "same.png")
    ]
    torch.testing.assert_close(*found, atol=1e-6, rtol=0)
    assert not torch.allclose(found[0], whole(file)[0], atol=0.1)


def whole(file):
    return preprocess_file(file, SIZE)[None]


def test_a_study_has_relevance_in_the_box_alone(cropping, tmp_path):
    (file,) = save([radiograph(JANE, "box")], tmp_path)
    segmentation = StudyPipeline(cropping)([file]).results[3].pixel_array
    top, bottom, first, last = find_region(read_image(file), CROP).box
    assert (bottom - top) * (last - first) < 0.9 * segmentation.size
    within = segmentation[top:bottom, first:last]
    assert (within > 0).mean() > 0.2
    assert np.count_nonzero(segmentation) == np.count_nonzero(within)


def test_heatmaps_of_files_lie_in_the_box_alone(cropping, wide):
    out = wide / "heatmaps"
    call = ["explain", str(wide / "c.nii"), "--class", "covid19", "--arrays", "--quiet"]
    assert main([*call, "--model", str(cropping), "--out", str(out)]) == 0
    placed = np.asarray(nibabel.load(out / "c_covid19_relevance.nii.gz").dataobj).squeeze().T
    box = find_region(read_image(wide / "c.nii"), CROP).box
    rows, columns = np.flatnonzero(placed.any(1)), np.flatnonzero(placed.any(0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == box
    values = np.load(out / "c_covid19_relevance.npy")
    assert placed.sum(dtype=float) == pytest.approx(values.sum(dtype=float), rel=1e-3)
    (row,) = pd.read_csv(out / "heatmaps.csv").to_dict("records")
    assert row["relevance"] == pytest.approx(placed.sum(dtype=float), rel=1e-3)


def test_an_image_without_lungs_is_used_whole_with_a_caution(cropping, wide):
    paths = [wide / "noise.png", wide / "chest.png"]
    noise, found = Classifier(cropping).predict(paths, assess=False)
    (caution,) = noise.cautions
    assert caution.startswith("The lungs were not found (")
    assert caution.endswith("); the network saw the whole image.")
    assert found.cautions == ()
    network, _ = load_model(cropping)
    with torch.no_grad():
        expected = network(whole(wide / "noise.png"))[0].softmax(0).tolist()
    assert list(noise.probabilities.values()) == pytest.approx(expected, abs=1e-6)


def test_images_know_which_part_of_them_was_seen(wide):
    items = [{"image": str(wide / name), "name": name} for name in ("chest.png", "noise.png", "?")]
    info = ModelInfo(image_size=SIZE, preprocessing=CROP)
    dataset = ImageFileDataset(items, ImagePreparation(info, keep_unsuitable=True))
    box = find_region(read_image(wide / "chest.png"), CROP).box
    assert [image.visible_region for image in dataset] == [box, None, None]
    plain = ImagePreparation(ModelInfo(image_size=SIZE))(wide / "chest.png")
    assert plain.visible_region is None


def test_an_ensemble_has_one_preprocessing(cropping, tmp_path):
    other = model_of(tmp_path / "other.pt", Preprocessing("mask"), seed=1)
    with pytest.raises(WeightsError, match=r"other\.pt: preprocessing is .*mask.* but .*crop"):
        EnsembleClassifier([cropping, other])

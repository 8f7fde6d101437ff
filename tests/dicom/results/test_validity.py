"""Every result against the validator of dicom3tools."""

import subprocess
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmwrite
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.dicom.results.instances import result_instances
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import bare, radiograph
from tests.dicom.results.conftest import ALGORITHM, by_modality, found_in

KINDS = {
    "SR": "Comprehensive3DSR",
    "PR": "GrayscaleSoftcopyPresentationState",
    "OT": "SCImage",
    "SEG": "Segmentation",
}
SOURCES = {
    "CR": {"modality": "CR"},
    "DX": {"modality": "DX"},
    "CR of 8 bits without a window": {"modality": "CR", "bits": 8},
    "DX inverted": {"modality": "DX", "inverted": True},
    "AP": {"modality": "CR", "view": "AP"},
}


def complaints(tool, instance, folder):
    """What the validator finds, but that the private coding scheme is none it knows."""
    path = folder / f"{instance.Modality}.dcm"
    dcmwrite(path, instance, enforce_file_format=True)
    report = subprocess.run([tool, path], capture_output=True, check=False)
    lines = (report.stdout + report.stderr).decode(errors="replace").splitlines()
    kind = KINDS[instance.Modality]
    assert kind in lines
    return [line for line in lines if line != kind and "99MONAI" not in line]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", SOURCES)
def test_nothing_is_wrong_with_results(tmp_path, dciodvfy, name, kind):
    source = radiograph(PEOPLE[0], "validity", **SOURCES[name])
    results = by_modality(result_instances(found_in(source), ALGORITHM))
    assert complaints(dciodvfy, results[kind], tmp_path) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("modality", ["CR", "DX"])
def test_cautions(tmp_path, dciodvfy, modality, kind):
    finding = found_in(radiograph(PEOPLE[0], "validity", modality=modality))
    cautious = replace(finding, cautions=("The image has little contrast.", "It may be mirrored."))
    results = by_modality(result_instances(cautious, ALGORITHM))
    assert complaints(dciodvfy, results[kind], tmp_path) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("modality", ["CR", "DX"])
def test_a_source_with_nothing_but_what_it_must_have(tmp_path, dciodvfy, modality, kind):
    source = bare(radiograph(PEOPLE[0], "validity", modality=modality))
    results = by_modality(result_instances(found_in(source), ALGORITHM))
    errors = [line for line in complaints(dciodvfy, results[kind], tmp_path) if "Error" in line]
    assert errors == []


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.identifier)
def test_every_character_set(tmp_path, dciodvfy, person):
    results = by_modality(result_instances(found_in(radiograph(person, "validity")), ALGORITHM))
    errors = [line for line in complaints(dciodvfy, results["SR"], tmp_path) if "Error" in line]
    assert errors == []


@pytest.mark.parametrize("missing", [["PatientOrientation"], ["ImagerPixelSpacing"], ["both"]])
def test_an_image_that_does_not_say_how_it_lies_or_how_large_it_is(tmp_path, dciodvfy, missing):
    source = radiograph(PEOPLE[0], "validity")
    for keyword in ["PatientOrientation", "ImagerPixelSpacing"] if missing == ["both"] else missing:
        delattr(source, keyword)
    results = by_modality(result_instances(found_in(source), ALGORITHM))
    for instance in results.values():
        complaint = complaints(dciodvfy, instance, tmp_path)
        assert not [line for line in complaint if "Error" in line]
    assert results["OT"].PatientOrientation == source.get("PatientOrientation")


def test_a_report_without_heatmap_links_none(tmp_path, dciodvfy):
    source = radiograph(PEOPLE[0], "validity")
    (report,) = result_instances(found_in(source), ALGORITHM, ["report"])
    assert complaints(dciodvfy, report, tmp_path) == []
    assert "Segmentation" not in str(report)
    linking = by_modality(result_instances(found_in(source), ALGORITHM))["SR"]
    assert report.SOPInstanceUID != linking.SOPInstanceUID
    assert report.SeriesInstanceUID != linking.SeriesInstanceUID


def lut(entries=4096, explanation=None, representation="OW", highest=65535, bits=16):
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [entries, 0, bits])
    values = np.linspace(0, highest, entries).astype("<u2")
    if representation == "SS":
        values = values.view("<i2")
    data = values.tobytes() if representation == "OW" else values.tolist()
    item.add_new("LUTData", representation, data)
    if explanation is not None:
        item.LUTExplanation = explanation
    return [item]


GREY_VALUES = {
    "VOI LUT and window": {"VOILUTSequence": lut(explanation="NORMAL")},
    "VOI LUT of numbers": {"VOILUTSequence": lut(256, representation="US")},
    "long explanation": {"VOILUTSequence": lut(explanation="x" * 80)},
    "empty VOI LUT": {"VOILUTSequence": []},
    "empty window": {"WindowCenter": None, "WindowWidth": None},
    "half a window": {"WindowWidth": None},
    "more explanations": {"WindowCenterWidthExplanation": ["A", "B", "C"]},
    "two centres, one width": {"WindowCenter": ["2048", "1000"]},
    "two windows": {"WindowCenter": ["2048", "1000"], "WindowWidth": ["4096", "900"]},
    "empty function": {"VOILUTFunction": ""},
    "sigmoid": {"VOILUTFunction": "SIGMOID"},
    "slope alone": {"RescaleSlope": "2", "RescaleIntercept": None},
    "rescale without type": {"RescaleSlope": "1", "RescaleIntercept": "-5", "RescaleType": None},
    "modality LUT": {"ModalityLUTSequence": lut()},
    "modality LUT of 8 bits": {"ModalityLUTSequence": lut(highest=255, bits=8)},
    "VOI LUT of fewer bits than stated": {"VOILUTSequence": lut(highest=4095)},
    "VOI LUT of 8 bits": {"VOILUTSequence": lut(highest=255, bits=8)},
    "VOI LUT of signed numbers": {"VOILUTSequence": lut(256, representation="SS")},
    "window of width 0": {"WindowCenter": "0", "WindowWidth": "0"},
    "undefined function": {"VOILUTFunction": "LOG"},
}


@pytest.mark.parametrize("name", GREY_VALUES)
def test_every_way_to_say_how_grey_values_are_shown(tmp_path, dciodvfy, name):
    source = radiograph(PEOPLE[0], "grey values")
    for keyword, value in GREY_VALUES[name].items():
        setattr(source, keyword, value)
    read_radiograph(source)
    state = by_modality(result_instances(found_in(source), ALGORITHM))["PR"]
    errors = [line for line in complaints(dciodvfy, state, tmp_path) if "Error" in line]
    assert errors == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "broken",
    [
        {"StudyDate": "2026.01.01", "StudyTime": "10:10:10", "PatientAge": "70", "PatientSex": "U"},
        {"PatientBirthDate": "31.12.1960", "SeriesDate": "yesterday"},
        {"ImagerPixelSpacing": ["0,70", "0,70"]},
        {"PixelSpacing": ["0,70", "0,70"]},
    ],
)
def test_what_is_broken_is_not_copied(tmp_path, dciodvfy, broken, kind):
    source = radiograph(PEOPLE[0], "broken")
    for keyword, value in broken.items():
        element = DataElement(keyword, dictionary_VR(keyword), "", validation_mode=0)
        element._value = value
        source[keyword] = element
    result = by_modality(result_instances(found_in(source), ALGORITHM))[kind]
    assert [line for line in complaints(dciodvfy, result, tmp_path) if "Error" in line] == []
    assert result.StudyInstanceUID == source.StudyInstanceUID


@pytest.mark.pacs
@pytest.mark.parametrize("name", sorted(set(GREY_VALUES) - {"empty VOI LUT", "half a window"}))
def test_dcmtk_shows_what_is_read(tmp_path, name):
    source = radiograph(PEOPLE[0], "grey values")
    for keyword, value in GREY_VALUES[name].items():
        setattr(source, keyword, value)
    state = by_modality(result_instances(found_in(source), ALGORITHM))["PR"]
    for file, dataset in (("image", source), ("state", state)):
        dcmwrite(tmp_path / file, dataset, enforce_file_format=True)
    shown = tmp_path / "shown.pgm"
    command = ["dcmp2pgm", "--pstate", tmp_path / "state", tmp_path / "image", shown]
    subprocess.run(command, check=True, capture_output=True)
    displayed = np.asarray(Image.open(shown), dtype=float)
    assert np.corrcoef(displayed.ravel(), read_radiograph(source).ravel())[0, 1] > 0.98


def test_fifteen_classes_with_long_names(tmp_path, dciodvfy):
    labels = tuple(f"a finding whose name is rather long, number {index}" for index in range(15))
    finding = found_in(radiograph(PEOPLE[0], "validity"), labels, (1 / 15,) * 15, labels[3])
    for instance in result_instances(finding, ALGORITHM):
        assert complaints(dciodvfy, instance, tmp_path) == []


def test_the_validator_finds_a_fault(tmp_path, dciodvfy, results):
    del results["SEG"].SegmentSequence
    assert any("Error" in line for line in complaints(dciodvfy, results["SEG"], tmp_path))


def test_the_relevance_has_the_range_of_the_format():
    finding = found_in(radiograph(PEOPLE[0], "validity"))
    segmentation = by_modality(result_instances(finding, ALGORITHM))["SEG"]
    assert segmentation.pixel_array.max() == segmentation.MaximumFractionalValue == 255
    assert np.ptp(segmentation.pixel_array) == 255

"""Presentation state, secondary capture and segmentation."""

import io
import subprocess

import highdicom as hd
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread, dcmwrite

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.dicom.results.instances import result_instances
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph
from tests.dicom.results.conftest import ALGORITHM, by_modality, found_in


def read_back(instance):
    stream = io.BytesIO()
    dcmwrite(stream, instance, enforce_file_format=True)
    return stream.seek(0) or stream


def test_the_annotation_holds_the_finding_in_words(results):
    state = dcmread(read_back(results["PR"]))
    (annotation,) = state.GraphicAnnotationSequence
    (text,) = annotation.TextObjectSequence
    assert text.UnformattedTextValue.split("\r\n") == [
        RESEARCH_USE_ONLY,
        "Most probable class: COVID-19",
        "COVID-19 71.2%",
        "Pneumonia 20.0%",
        "Normal 8.8%",
    ]


def test_the_annotation_leaves_the_window_alone(results, source):
    state = results["PR"]
    (voi,) = state.SoftcopyVOILUTSequence
    assert (voi.WindowCenter, voi.WindowWidth) == (source.WindowCenter, source.WindowWidth)


@pytest.mark.pacs
@pytest.mark.parametrize("inverted", [False, True])
def test_the_annotated_image_is_displayed_as_without_annotation(tmp_path, inverted):
    source = radiograph(PEOPLE[0], "polarity", modality="DX", inverted=inverted)
    state = by_modality(result_instances(found_in(source), ALGORITHM))["PR"]
    for name, dataset in (("image", source), ("state", state)):
        dcmwrite(tmp_path / name, dataset, enforce_file_format=True)
    command = [
        "dcmp2pgm",
        tmp_path / "image",
        tmp_path / "shown.pgm",
        "--pstate",
        tmp_path / "state",
    ]
    subprocess.run(command, check=True, capture_output=True)
    shown = np.asarray(Image.open(tmp_path / "shown.pgm"), dtype=float)
    expected = read_radiograph(source)
    assert np.corrcoef(shown.ravel(), expected.ravel())[0, 1] > 0.98


def test_the_capture_shows_the_overlay(results, source):
    capture = dcmread(read_back(results["OT"]))
    assert (capture.pixel_array == found_in(source).overlay).all()
    assert capture.ConversionType == "SYN"
    assert list(capture.ImageType)[:2] == ["DERIVED", "SECONDARY"]
    assert RESEARCH_USE_ONLY in capture.ImageComments
    assert "COVID-19 71.2%" in capture.ImageComments


@pytest.mark.parametrize(("stated", "expected"), [("YES", "YES"), ("NO", "NO"), (None, None)])
def test_burnt_in_names_are_told_on(source, stated, expected):
    source.BurnedInAnnotation = stated
    capture = by_modality(result_instances(found_in(source), ALGORITHM))["OT"]
    assert capture.get("BurnedInAnnotation") == expected


def test_the_heatmap_is_read_as_fractions(results, source):
    segmentation = hd.seg.segread(read_back(results["SEG"]))
    assert segmentation.segmentation_type == hd.seg.SegmentationTypeValues.FRACTIONAL
    pixels = segmentation.get_pixels_by_source_instance(
        [source.SOPInstanceUID], segment_numbers=[1], rescale_fractional=True
    )
    expected = found_in(source).relevance
    assert np.abs(pixels[0, :, :, 0] - expected).max() <= 0.5 / 255 + 1e-6


def test_the_heatmap_says_what_it_is_not(results):
    (segment,) = results["SEG"].SegmentSequence
    assert segment.SegmentLabel == "Relevance for COVID-19"
    assert "Not the outline of a lesion" in segment.SegmentDescription
    assert segment.SegmentAlgorithmType == "AUTOMATIC"


def test_the_heatmap_hangs_like_its_image(results, source):
    assert list(results["SEG"].PatientOrientation) == list(source.PatientOrientation)


@pytest.mark.parametrize(
    ("stated", "across"), [(["L", "F"], 1), (["R", "FL"], -1), (["LF", "F"], 1), (None, 1)]
)
def test_the_heatmap_tells_the_directions_of_its_image(source, stated, across):
    source.PatientOrientation = stated
    heatmap = by_modality(result_instances(found_in(source), ALGORITHM))["SEG"]
    (plane,) = heatmap.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    # Patient coordinates: x to the left, z to the head (PS3.3 C.7.6.2.1.1).
    assert plane.ImageOrientationPatient == [across, 0, 0, 0, 0, -1]

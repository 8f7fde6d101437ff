"""From the images of a study to its results."""

import numpy as np
import pytest
import torch
from PIL import Image
from pydicom import dcmread

from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.dicom.study import StudyError
from monai_covid.errors import TransientError
from monai_covid.explain.lrp.composites import EpsilonZBox
from monai_covid.explain.lrp.engine import LRP
from monai_covid.inference.classifier import Classifier
from monai_covid.inference.study import StudyPipeline
from monai_covid.labels import NIH_LABELS
from monai_covid.models.model_file import ModelInfo, file_hash, load_model, save_model
from monai_covid.preprocessing.chains import preprocess_pixels
from monai_covid.preprocessing.normalise import standardized_range
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph, save

JANE, JUERGEN = PEOPLE[:2]
PRESENT = ("Effusion", "Pleural_Thickening")


@pytest.fixture(scope="module")
def pipeline(model):
    return StudyPipeline(model)


def probabilities(report):
    """Probabilities in a report, in the order of the classes."""
    return [
        float(item.MeasuredValueSequence[0].NumericValue)
        for item in content_items(report)
        if item.ValueType == "NUM"
        and item.ConceptNameCodeSequence[0].CodeMeaning.startswith("Probability")
    ]


def content_items(report):
    """All content items of a report that have a name."""
    return [
        item
        for element in report.iterall()
        if element.keyword == "ContentSequence"
        for item in element.value
        if "ConceptNameCodeSequence" in item
    ]


def reports(outcome):
    return [each for each in outcome.results if each.Modality == "SR"]


def test_an_image_gets_a_report_an_annotation_an_overlay_and_a_heatmap(pipeline, tmp_path):
    files = save([radiograph(JANE, "one")], tmp_path)
    outcome = pipeline(files)
    assert [each.Modality for each in outcome.results] == ["SR", "PR", "OT", "SEG"]
    assert outcome.refusals == ()


def test_probabilities_are_those_of_the_same_pixels_as_a_png(pipeline, model, tmp_path):
    (file,) = save([radiograph(JANE, "png", bits=8)], tmp_path)
    Image.fromarray(dcmread(file).pixel_array).save(tmp_path / "same.png")
    (expected,) = Classifier(model).predict([tmp_path / "same.png"])
    written = probabilities(reports(pipeline([file]))[0])
    assert written == pytest.approx(list(expected.probabilities.values()), abs=1e-6)
    assert sum(written) == pytest.approx(1, abs=1e-6)


def test_the_heatmap_is_the_relevance_of_the_most_probable_class(pipeline, model, tmp_path):
    (file,) = save([radiograph(JANE, "heatmap")], tmp_path)
    network, info = load_model(model)
    batch = preprocess_pixels(read_radiograph(file), info.image_size)[None]
    with torch.no_grad():
        chosen = int(network(batch).argmax())
    relevance = (
        LRP(network, EpsilonZBox(*standardized_range(1))).attribute(batch, chosen)[0, 0].numpy()
    )
    segmentation = pipeline([file]).results[3]
    drawn = segmentation.pixel_array.astype(float)
    # The picture's 512 pixels are 8 to a pixel of the network, and smoothed a little.
    coarse = drawn.reshape(64, 8, 64, 8).mean((1, 3))
    positive = np.clip(relevance, 0, None)
    assert np.corrcoef(coarse.ravel(), positive.ravel())[0, 1] > 0.4
    shuffled = np.random.default_rng(0).permutation(positive.ravel())
    assert abs(np.corrcoef(coarse.ravel(), shuffled)[0, 1]) < 0.1


def test_results_are_signed_with_the_hash_of_the_weights(pipeline, model, tmp_path):
    assert pipeline.algorithm.weights_hash == file_hash(model)
    outcome = pipeline(save([radiograph(JANE, "hash")], tmp_path))
    assert outcome.results[0].DeviceSerialNumber == file_hash(model)[:16]


def test_some_kinds_of_results_only(model, tmp_path):
    files = save([radiograph(JANE, "some")], tmp_path)
    results = StudyPipeline(model, results=["report", "overlay"])(files).results
    assert [each.Modality for each in results] == ["SR", "OT"]


def test_a_lateral_view_is_refused_and_the_frontal_one_answered(pipeline, tmp_path):
    frontal = radiograph(JANE, "two", number=1, view="PA")
    lateral = radiograph(JANE, "two", number=2, view="LL")
    outcome = pipeline(save([lateral, frontal], tmp_path))
    assert len(outcome.results) == 4
    (refusal,) = outcome.refusals
    assert refusal.sop_instance_uid == lateral.SOPInstanceUID
    assert "ViewPosition (0018,5101)" in refusal.reason


def test_every_frontal_image_of_several_series_is_answered(pipeline, tmp_path):
    images = [
        radiograph(JANE, "many", series=series, number=number)
        for series in (1, 2)
        for number in (1, 2)
    ]
    outcome = pipeline(save(images, tmp_path))
    assert len(outcome.results) == 16
    assert len({each.SOPInstanceUID for each in outcome.results}) == 16


def test_our_own_results_are_never_processed(pipeline, tmp_path):
    first = pipeline(save([radiograph(JANE, "loop")], tmp_path / "in"))
    again = pipeline(save(first.results, tmp_path / "out"))
    assert again.results == ()
    assert len(again.refusals) == 4


@pytest.mark.parametrize("change", ["patient", "study", "issuer", "name"])
def test_patients_and_studies_are_never_mixed(pipeline, tmp_path, change):
    first = radiograph(JANE, "mixed", number=1)
    second = radiograph(JANE, "mixed", number=2)
    if change == "patient":
        second.PatientID = JUERGEN.identifier
    elif change == "study":
        second.StudyInstanceUID += ".1"
    elif change == "name":
        first.PatientID = second.PatientID = ""
        second.PatientName = JUERGEN.name
    else:
        second.IssuerOfPatientID = "ANOTHER HOSPITAL"
    with pytest.raises(StudyError, match="2 different studies or patients"):
        pipeline(save([first, second], tmp_path))


def test_files_that_cannot_be_read_are_refused_and_the_rest_answered(pipeline, tmp_path):
    files = save([radiograph(JANE, "files")], tmp_path)
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(files[0].read_bytes()[:3000])
    text = tmp_path / "notes.txt"
    text.write_text("not a DICOM file")
    outcome = pipeline([broken, *files, text])
    assert len(outcome.results) == 4
    reasons = {refusal.file: refusal.reason for refusal in outcome.refusals}
    assert set(reasons) == {broken, text}
    assert reasons[text].startswith("is not a DICOM file")
    assert reasons[broken].startswith("the file is cut off or damaged: (7FE0,0010) has 1704 of")


def test_an_image_that_fails_costs_the_others_nothing(pipeline, tmp_path, monkeypatch):
    images = [radiograph(JANE, "fails", number=number) for number in (1, 2, 3)]
    files = save(images, tmp_path)
    write = pipeline.write

    def fail_at_the_second(findings):
        if findings[0].header.SOPInstanceUID == images[1].SOPInstanceUID:
            raise ValueError(f"cannot write {findings[0].header.PatientName}")
        return write(findings)

    monkeypatch.setattr(pipeline, "write", fail_at_the_second)
    outcome = pipeline(files)
    assert len(outcome.results) == 8
    (refusal,) = outcome.refusals
    assert refusal.file == files[1]
    assert refusal.failed
    assert refusal.reason.startswith("fails unexpectedly: ValueError in test_study.py, line")


@pytest.mark.parametrize("error", [OSError("disk"), MemoryError(), TransientError("ended")])
def test_what_may_work_later_is_not_refused(pipeline, tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr("monai_covid.inference.selection.read_radiograph", fail)
    with pytest.raises(type(error)):
        pipeline(save([radiograph(JANE, "later")], tmp_path))


def test_a_file_that_cannot_be_opened_is_not_refused(pipeline, tmp_path):
    with pytest.raises(FileNotFoundError):
        pipeline([tmp_path / "gone.dcm"])


def test_an_instance_without_a_study_is_refused_by_itself(pipeline, tmp_path):
    stray = radiograph(JUERGEN, "stray")
    del stray.StudyInstanceUID
    outcome = pipeline(save([stray, radiograph(JANE, "stray")], tmp_path))
    assert {each.PatientID for each in outcome.results} == {JANE.identifier}
    (refusal,) = outcome.refusals
    assert "StudyInstanceUID (0020,000D)" in refusal.reason


def test_an_image_that_is_there_twice_is_processed_once(pipeline, tmp_path):
    dataset = radiograph(JANE, "twice")
    files = save([dataset], tmp_path / "a") + save([dataset], tmp_path / "b")
    outcome = pipeline(files)
    assert len(outcome.results) == 4
    assert [each.reason for each in outcome.refusals] == [
        "is there twice; the first one is processed"
    ]


def test_a_blank_image_is_refused(pipeline, tmp_path):
    dataset = radiograph(JANE, "blank")
    dataset.PixelData = b"\1\0" * (dataset.Rows * dataset.Columns)
    (refusal,) = pipeline(save([dataset], tmp_path)).refusals
    assert "all pixels have the grey value 1" in refusal.reason


def test_processing_again_gives_the_same_pixels_and_uids(pipeline, tmp_path):
    files = save([radiograph(JANE, "again")], tmp_path)
    first, second = pipeline(files).results, pipeline(files).results
    for one, other in zip(first, second, strict=True):
        assert one.SOPInstanceUID == other.SOPInstanceUID
        assert one.get("PixelData") == other.get("PixelData")
    assert probabilities(first[0]) == probabilities(second[0])


def test_findings_that_can_hold_at_once_are_reported_with_their_codes(tmp_path, caplog):
    info = ModelInfo(labels=NIH_LABELS, image_size=64, multilabel=True)
    network = info.build()
    with torch.no_grad():
        head = network.get_submodule("class_layers.out")
        head.weight.zero_()
        head.bias.copy_(torch.tensor([3.0 if label in PRESENT else -3.0 for label in NIH_LABELS]))
    save_model(tmp_path / "stage2.pt", network.state_dict(), info)
    pipeline = StudyPipeline(tmp_path / "stage2.pt")
    assert "no coded concept for Pleural Thickening" in caplog.text
    report, annotation, *_ = pipeline(save([radiograph(JANE, "many")], tmp_path)).results
    (effusion,), (thickening,) = [
        item.ConceptCodeSequence
        for item in content_items(report)
        if item.ConceptNameCodeSequence[0].CodeValue == "PRESENT"
    ]
    assert (effusion.CodeValue, effusion.CodingSchemeDesignator) == ("60046008", "SCT")
    assert effusion.CodeMeaning == "Pleural effusion"
    assert thickening.CodingSchemeDesignator == "99MONAICOVID"
    assert thickening.CodeMeaning == "Pleural Thickening"
    assert len(probabilities(report)) == len(NIH_LABELS)
    shown = annotation.GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue
    assert "Probability of 50% or more: Effusion, Pleural Thickening" in shown


@pytest.mark.real_data
def test_real_radiographs_are_answered(real_data, pipeline):
    files = sorted((real_data / "dicom").glob("*.dcm"))
    for file in files:
        outcome = pipeline([file])
        assert (len(outcome.results), outcome.refusals) == (4, ()), file.name
    assert len(files) == 6


def upside_down(study):
    dataset = radiograph(JANE, study)
    dataset.PixelData = np.ascontiguousarray(dataset.pixel_array[::-1, ::-1]).tobytes()
    return dataset


def test_an_image_that_lies_on_its_head_is_refused_and_its_neighbour_is_not(pipeline, tmp_path):
    wrong, right = upside_down("head"), radiograph(JANE, "head", number=1)
    outcome = pipeline(save([wrong, right], tmp_path))
    (refusal,) = outcome.refusals
    assert refusal.sop_instance_uid == wrong.SOPInstanceUID
    assert refusal.reason == "The image is upside-down: turned by 180 degrees"
    assert len(outcome.results) == 4


def test_kept_all_the_same_and_every_result_says_so(model, tmp_path):
    outcome = StudyPipeline(model, keep_unsuitable=True)(save([upside_down("kept")], tmp_path))
    assert outcome.refusals == ()
    words = "Caution: The image is upside-down: turned by 180 degrees"
    report, annotation, overlay, _ = outcome.results
    texts = [
        item.TextValue
        for element in report.iterall()
        if element.keyword == "ContentSequence"
        for item in element.value
        if item.ValueType == "TEXT"
    ]
    assert words in texts
    (drawn,) = annotation.GraphicAnnotationSequence
    assert words in drawn.TextObjectSequence[0].UnformattedTextValue
    assert words in overlay.ImageComments


def test_a_mirrored_image_is_processed_with_a_caution(pipeline, tmp_path):
    dataset = radiograph(JANE, "mirrored", number=2)
    dataset.PixelData = np.ascontiguousarray(dataset.pixel_array[:, ::-1]).tobytes()
    (image,) = pipeline.select([dataset]).images
    (caution,) = image.radiograph.cautions
    assert "mirrored" in caution
    (finding,) = pipeline.infer([image])
    assert finding.cautions == (caution,)


def test_a_polarity_that_is_stated_twice_is_refused_or_trusted(pipeline, model, tmp_path):
    image = radiograph(JANE, "polarity", bits=8)
    (plain,) = save([image], tmp_path / "plain")
    expected = pipeline([plain])
    image.PresentationLUTShape = "INVERSE"
    (both,) = save([image], tmp_path / "both")
    (refusal,) = pipeline([both]).refusals
    assert "PresentationLUTShape (2050,0020) is 'INVERSE'" in refusal.reason
    outcome = StudyPipeline(model, trust_photometric=True)([both])
    assert probabilities(reports(outcome)[0]) == probabilities(reports(expected)[0])
    (state,) = [each for each in outcome.results if each.Modality == "PR"]
    assert state.PresentationLUTShape == "IDENTITY"

import subprocess

import highdicom as hd
import pytest
from pydicom import dcmread, dcmwrite
from pydicom.uid import Comprehensive3DSRStorage

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.results.instances import result_instances
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph
from tests.dicom.results.conftest import ALGORITHM, PROBABILITIES, by_modality, found_in


@pytest.fixture
def content(results, tmp_path):
    """The report's content as highdicom reads it from a file."""
    dcmwrite(tmp_path / "report.dcm", results["SR"], enforce_file_format=True)
    return hd.sr.srread(tmp_path / "report.dcm").content


@pytest.fixture
def classification(content):
    (group,) = content.get_image_measurement_groups()
    return group


def test_it_is_a_comprehensive_3d_report(results):
    assert results["SR"].SOPClassUID == Comprehensive3DSRStorage
    assert results["SR"].ContentTemplateSequence[0].TemplateIdentifier == "1500"


def test_it_holds_the_probability_of_every_class(classification):
    read = {each.name.meaning: each.value for each in classification.get_measurements()}
    names = ("COVID-19", "Pneumonia", "Normal")
    assert read == {
        f"Probability of {name}": pytest.approx(value, abs=1e-8)
        for name, value in zip(names, PROBABILITIES, strict=True)
    }


def test_probabilities_have_no_unit(classification):
    assert {each.unit.value for each in classification.get_measurements()} == {"1"}


def test_it_names_the_most_probable_class(classification):
    (evaluation,) = classification.get_qualitative_evaluations()
    assert evaluation.name.meaning == "Most probable class"
    value = evaluation.value
    assert (value.value, value.scheme_designator) == ("840539006", "SCT")


def test_it_refers_to_the_image(classification, source):
    (image,) = classification.source_images
    assert image.referenced_sop_instance_uid == source.SOPInstanceUID
    assert image.referenced_sop_class_uid == source.SOPClassUID


def test_it_links_the_heatmap(content, results, source):
    (group,) = content.get_planar_roi_measurement_groups()
    items = {each.name.meaning: each for each in group[0].ContentSequence}
    linked = items["Referenced Segmentation Frame"].referenced_sop_instance_uid
    assert linked == results["SEG"].SOPInstanceUID
    derived_from = items["Source Image for Segmentation"].referenced_sop_instance_uid
    assert derived_from == source.SOPInstanceUID
    assert items["Class explained by the heatmap"].value.meaning == "COVID-19"


def test_both_references_are_evidence(results, source):
    evidence = results["SR"].CurrentRequestedProcedureEvidenceSequence
    uids = {
        instance.ReferencedSOPInstanceUID
        for study in evidence
        for series in study.ReferencedSeriesSequence
        for instance in series.ReferencedSOPSequence
    }
    assert uids == {source.SOPInstanceUID, results["SEG"].SOPInstanceUID}


def test_it_names_algorithm_version_and_weights(classification):
    texts = {each.TextValue for each in classification[0].ContentSequence if "TextValue" in each}
    assert texts >= {
        ALGORITHM.name,
        ALGORITHM.version,
        f"weights SHA-256 {ALGORITHM.weights_hash}",
        RESEARCH_USE_ONLY,
    }


def test_the_observer_is_a_device(content):
    observer = content.get_observer_contexts()[0]
    assert observer.observer_type.meaning == "Device"
    assert observer.observer_identifying_attributes.uid == ALGORITHM.device_uid


def test_nobody_has_verified_it(results):
    report = results["SR"]
    assert (report.VerificationFlag, report.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")


def test_it_does_not_claim_a_finding(results):
    codes = {element.value for element in results["SR"].iterall() if element.keyword == "CodeValue"}
    assert "121071" not in codes


def test_classes_without_a_standard_code_get_one_of_their_own():
    labels = ("covid19", "рак лёгкого")
    finding = found_in(radiograph(PEOPLE[0], "codes"), labels, (0.25, 0.75), labels[1])
    report = by_modality(result_instances(finding, ALGORITHM))["SR"]
    values = {
        item.CodeMeaning: item.CodeValue
        for element in report.iterall()
        if element.keyword in ("ConceptCodeSequence", "ConceptNameCodeSequence")
        for item in element.value
        if item.CodingSchemeDesignator == "99MONAICOVID"
    }
    assert values["рак лёгкого"].startswith("C_")
    assert values["Probability of рак лёгкого"].startswith("P_")
    assert all(len(value) <= 16 for value in values.values())
    assert report.SpecificCharacterSet == "ISO_IR 192"


@pytest.mark.pacs
def test_dcmtk_reads_the_same(results, tmp_path):
    path = tmp_path / "report.dcm"
    dcmwrite(path, results["SR"], enforce_file_format=True)
    # All details (+Pl long values, +Pc codes), no shortening.
    shown = subprocess.run(
        ["dsrdump", "+Pl", "+Pc", path], capture_output=True, text=True, check=True
    ).stdout
    for label, value in zip(("COVID-19", "Pneumonia", "Normal"), PROBABILITIES, strict=True):
        assert f'"Probability of {label}")="{value}"' in shown
    assert '"Most probable class")=(840539006,SCT,"COVID-19")' in shown
    assert ALGORITHM.weights_hash in shown
    assert dcmread(path).SOPInstanceUID == results["SR"].SOPInstanceUID

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    BasicTextSRStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    EnhancedXAImageStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    XRayRadiationDoseSRStorage,
    XRayRadiofluoroscopicImageStorage,
)

from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.identity import MANUFACTURER
from tests.dicom.eligibility.chest import chest, coded, digital, only_reason, secondary_capture


@pytest.mark.parametrize("made", [chest, digital, secondary_capture])
def test_radiographs_of_all_three_classes_are_processed(made):
    assert ineligibility(made()) == []


@pytest.mark.parametrize(
    "sop_class",
    [
        CTImageStorage,
        DigitalMammographyXRayImageStorageForPresentation,
        DigitalXRayImageStorageForProcessing,
        EnhancedXAImageStorage,
        XRayRadiofluoroscopicImageStorage,
        MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
        GrayscaleSoftcopyPresentationStateStorage,
        BasicTextSRStorage,
        XRayRadiationDoseSRStorage,
    ],
    ids=lambda uid: uid.name,
)
def test_other_sop_classes_are_refused_and_nothing_more_is_said(sop_class):
    reason = only_reason(chest(SOPClassUID=sop_class, Modality="CT", NumberOfFrames=7))
    assert reason.startswith(f"SOPClassUID (0008,0016) is '{UID(sop_class).name}'; one of Computed")
    assert "Digital X-Ray Image Storage - For Presentation" in reason


def test_a_missing_sop_class_is_refused():
    assert "is missing; one of" in only_reason(chest(SOPClassUID=None))


@pytest.mark.parametrize(
    "kind",
    [
        *(["ORIGINAL", "PRIMARY"], ["ORIGINAL", "PRIMARY", ""], ["DERIVED", "PRIMARY", ""]),
        *(["ORIGINAL", "SECONDARY"], "", ["ORIGINAL", "PRIMARY", "", "GRID"]),
    ],
)
def test_usual_image_types_are_processed(kind):
    assert ineligibility(chest(ImageType=kind)) == []
    assert ineligibility(digital(ImageType=kind)) == []


@pytest.mark.parametrize("made", [chest, digital])
def test_what_was_made_of_a_radiograph_is_refused(made):
    reason = only_reason(made(ImageType=["DERIVED", "SECONDARY"]))
    assert reason.startswith("ImageType (0008,0008) is 'DERIVED\\SECONDARY': made of another image")


@pytest.mark.parametrize(
    "value", ["CAD", "HEATMAP", "SCREEN SAVE", "DOSE_INFO", "STITCHED", "AI", "REPORT"]
)
def test_image_types_of_other_things_are_refused(value):
    reason = only_reason(chest(ImageType=["DERIVED", "PRIMARY", "", value]))
    assert reason.startswith(f"ImageType (0008,0008) has the value '{value}'")


@pytest.mark.parametrize("made", [chest, digital, secondary_capture])
@pytest.mark.parametrize(
    "description", ["Chest PA CAD overlay", "Bone suppression", "Chest phantom", "AP composed"]
)
def test_descriptions_of_altered_images_are_refused(made, description):
    assert "has the word" in only_reason(made(SeriesDescription=description))


@pytest.mark.parametrize(
    "description", ["Screen save", "Dose report", "Request form", "AI summary"]
)
def test_pages_are_refused_as_secondary_captures(description):
    assert "SeriesDescription" in only_reason(secondary_capture(SeriesDescription=description))


@pytest.mark.parametrize("description", ["CHEST LOW DOSE", "TB SCREEN", "torace ai letti"])
def test_the_same_words_do_not_count_for_images_of_a_device(description):
    assert ineligibility(chest(SeriesDescription=description)) == []


@pytest.mark.parametrize("conversion", ["SYN", "DRW", "SD", "DV"])
def test_conversions_that_are_no_radiographs_are_refused(conversion):
    reason = only_reason(secondary_capture(ConversionType=conversion))
    assert reason.startswith(f"ConversionType (0008,0064) is '{conversion}'")


@pytest.mark.parametrize("conversion", ["DF", "DI", "SI", "", None])
def test_other_conversions_are_processed(conversion):
    assert ineligibility(secondary_capture(ConversionType=conversion)) == []


@pytest.mark.parametrize(
    ("kind", "modality", "is_processed"),
    [
        (["ORIGINAL", "PRIMARY"], "CR", True),
        (["DERIVED", "PRIMARY"], "DX", True),
        (["DERIVED", "SECONDARY"], "CR", False),
        (["ORIGINAL", "PRIMARY"], "OT", False),
        (["DERIVED", "SECONDARY", "OTHER"], "OT", False),
    ],
)
def test_pictures_of_a_workstation_are_refused(kind, modality, is_processed):
    picture = secondary_capture(ConversionType="WSD", ImageType=kind, Modality=modality)
    if is_processed:
        assert ineligibility(picture) == []
    else:
        assert only_reason(picture).startswith("ConversionType (0008,0064) is 'WSD', made by")


@pytest.mark.parametrize("description", ["Abdomen", "Thoracic spine", "INSIGHT"])
def test_a_secondary_capture_whose_nearest_description_names_no_chest_is_refused(description):
    tags = {"BodyPartExamined": None, "StudyDescription": "Chest and abdomen"}
    assert "SeriesDescription" in only_reason(
        secondary_capture(SeriesDescription=description, **tags)
    )


def test_a_secondary_capture_has_to_name_the_chest():
    reason = only_reason(secondary_capture(BodyPartExamined=None))
    assert reason.startswith("BodyPartExamined (0018,0015) is missing and no description names")
    named = ({"SeriesDescription": "Chest"}, {"StudyDescription": "Rö Thorax p.a."})
    for tags in named:
        assert ineligibility(secondary_capture(BodyPartExamined=None, **tags)) == []
    region = coded("816094009", "SCT", "Chest")
    tags = {"BodyPartExamined": None, "AnatomicRegionSequence": region}
    assert ineligibility(secondary_capture(**tags)) == []


def test_a_secondary_capture_has_to_name_its_modality():
    assert "Modality (0008,0060) is missing" in only_reason(secondary_capture(Modality=""))
    assert ineligibility(chest(Modality="")) == []


@pytest.mark.parametrize("keyword", ["SourceImageSequence", "ReferencedImageSequence"])
def test_a_capture_of_an_instance_is_refused_but_not_a_processed_radiograph(keyword):
    assert keyword in only_reason(secondary_capture(**{keyword: Sequence([Dataset()])}))
    assert ineligibility(digital(**{keyword: Sequence([Dataset()])})) == []


@pytest.mark.parametrize("made", [chest, digital, secondary_capture])
@pytest.mark.parametrize("name", [MANUFACTURER, "MONAI-COVID 1.2", "monai covid"])
@pytest.mark.parametrize("keyword", ["Manufacturer", "ManufacturerModelName", "SoftwareVersions"])
def test_results_of_this_package_are_refused(made, name, keyword):
    assert f"names {MANUFACTURER}" in only_reason(made(**{keyword: name}))


def test_contributing_equipment_tells_a_result_as_well():
    ours, other = Dataset(), Dataset()
    ours.Manufacturer, other.Manufacturer = MANUFACTURER, "SOME PACS"
    assert ineligibility(chest(ContributingEquipmentSequence=Sequence([other]))) == []
    reason = only_reason(chest(ContributingEquipmentSequence=Sequence([other, ours])))
    assert reason == "Manufacturer (0008,0070) names monai_covid: it is a result, not a radiograph"


def test_one_of_several_software_versions_tells_a_result():
    assert "SoftwareVersions" in only_reason(chest(SoftwareVersions=["1.0", "monai_covid 0.1"]))


def test_colour_from_a_device_is_refused():
    dataset = chest(SamplesPerPixel=3, PhotometricInterpretation="RGB", Rows=320 // 2)
    assert any(
        "a colour image; 1 (grey) is processed" in reason for reason in ineligibility(dataset)
    )


@pytest.mark.parametrize(
    ("attributes", "start"),
    [
        ({"ContentQualification": "RESEARCH"}, "ContentQualification (0018,9004) is 'RESEARCH'"),
        ({"ContentQualification": "SERVICE"}, "ContentQualification (0018,9004) is 'SERVICE'"),
        ({"QualityControlImage": "YES"}, "QualityControlImage (0028,0300) is 'YES'"),
        ({"AnatomicalOrientationType": "QUADRUPED"}, "AnatomicalOrientationType (0010,2210)"),
    ],
)
def test_statements_that_it_is_no_patient_image_are_refused(attributes, start):
    assert only_reason(chest(**attributes)).startswith(start)


@pytest.mark.parametrize(
    "attributes",
    [
        {"ContentQualification": "PRODUCT"},
        {"QualityControlImage": "NO"},
        {"AnatomicalOrientationType": "BIPED"},
        {"BurnedInAnnotation": "YES"},
        {"LossyImageCompression": "01"},
    ],
)
def test_harmless_statements_are_processed(attributes):
    assert ineligibility(chest(**attributes)) == []

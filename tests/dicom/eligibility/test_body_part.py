import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from monai_covid.dicom.eligibility import ineligibility
from tests.dicom.eligibility.chest import chest, coded, digital, only_reason, plain


@pytest.mark.parametrize(
    "part",
    [
        *("CHEST", "Chest", "CHEST 2 VIEWS", "THORAX PA", "PORT CHEST", "LUNG", "RIB", "RIBS"),
        *("CHEST_PA", "TORAX", "胸部", "", "UNKNOWN"),
    ],
)
def test_chests_and_unstated_parts_are_processed(part):
    assert ineligibility(chest(BodyPartExamined=part)) == []


def test_a_missing_part_is_processed():
    assert ineligibility(chest(BodyPartExamined=None)) == []


@pytest.mark.parametrize(
    "part",
    [
        *("ABDOMEN", "HAND", "SKULL", "BREAST", "TSPINE", "LSPINE", "THORACIC SPINE", "PHANTOM"),
        *("ABDOMEN CHEST", "CHESTABDOMEN", "CHESTABDPELVIS", "NECKCHEST", "THORACOLUMBAR", "BWS"),
        *("STERNUM", "CLAVICLE", "WHOLEBODY", "胸椎"),
    ],
)
def test_other_parts_are_refused_also_beside_the_chest(part):
    reason = only_reason(chest(BodyPartExamined=part))
    assert reason == f"BodyPartExamined (0018,0015) is '{part}'; CHEST is processed"


def anatomic_regions():
    """Every region of DICOM PS3.16 CID 4009 (DX anatomy) as (code, meaning)."""
    return [
        (code, meaning)
        for keyword in cid_concepts[4009]["SCT"]
        for code, (meaning, _) in concepts["SCT"][keyword].items()
    ]


@pytest.mark.parametrize(("code", "meaning"), anatomic_regions())
def test_of_all_coded_regions_only_the_chest_is_processed(code, meaning):
    reasons = ineligibility(digital(AnatomicRegionSequence=coded(code, "SCT", meaning)))
    assert (not reasons) == (meaning in ("Chest", "Thorax", "Rib", "Lung")), reasons


@pytest.mark.parametrize(
    ("code", "scheme", "meaning"),
    [
        ("T-D3000", "SRT", "Chest"),
        ("51185008", "SCT", "Thorax"),
        ("T-28000", "SNM3", "Lung"),
        ("7", "99VENDOR", "Chest wall"),
    ],
)
def test_other_codes_of_the_chest(code, scheme, meaning):
    assert ineligibility(digital(AnatomicRegionSequence=coded(code, scheme, meaning))) == []


def test_the_code_of_another_region_is_refused_whatever_the_part_says():
    reason = only_reason(digital(AnatomicRegionSequence=coded("12738006", "SCT", "Brain")))
    assert reason.startswith("AnatomicRegionSequence (0008,2218) is (12738006, SCT) 'BRAIN'; the")


@pytest.mark.parametrize("description", ["KNEE AP", "Left hand", "ABD supine", "LWS wirbel"])
def test_a_description_counts_where_no_tag_tells_the_part(description):
    assert "has the word" in only_reason(plain(StudyDescription=description))
    assert ineligibility(plain(StudyDescription=description, BodyPartExamined="CHEST")) == []
    assert ineligibility(plain(StudyDescription=description, SeriesDescription="CXR")) == []


@pytest.mark.parametrize("description", ["", "XR CHEST AND ABDOMEN", "HANDHELD UNIT", "Bedside"])
def test_other_descriptions_are_no_reason(description):
    assert ineligibility(plain(StudyDescription=description)) == []

import pytest
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

from monai_covid.dicom.eligibility.reasons import ineligibility
from tests.dicom.eligibility.chest import chest, coded, digital, only_reason, plain


@pytest.mark.parametrize(
    "part",
    [
        *("CHEST", "Chest", "CHEST 2 VIEWS", "THORAX PA", "PORT CHEST", "LUNG", "RIB", "RIBS"),
        *("CHEST_PA", "TORAX", "胸部", "", "UNKNOWN"),
        *("NA", "N/A", "XX", "ANY", "OTHER"),
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


CHESTS = [
    *(
        "CXR",
        "THX ap",
        "Thorax p.a.",
        "Bettthorax",
        "Tórax",
        "Torace",
        "Toraks",
        "Poumon",
        "Borstkas",
    ),
    *("Bröstkorg", "Brystkasse", "Rintakehä", "Keuhkot", "Lunge", "Klatka piersiowa", "Płuca"),
    *("Hrudník", "Mellkas", "Akciğer", "Göğüs", "Грудная клетка", "Лёгкие", "Θώρακος"),
    *("胸部正面", "흉부", "CHEST PA", "Thorax Bauchlage"),
]


@pytest.mark.parametrize("name", CHESTS)
def test_the_chest_in_other_languages(name):
    assert ineligibility(plain(SeriesDescription=name)) == []
    assert ineligibility(chest(BodyPartExamined=name.split(" ")[0])) == []


LISTED = [
    "KNEE AP",
    "Left hand",
    "ABD supine",
    "LWS wirbel",
    "LWS ap",
    "HWS",
    "TSPINE AP",
    "LSPINE",
]
UNLISTED = ["Genou face", "Rodilla AP", "Mano dx", "Handgelenk", "Fuss", "HANDHELD UNIT", "FACE"]


@pytest.mark.parametrize("keyword", ["SeriesDescription", "ProtocolName", "StudyDescription"])
@pytest.mark.parametrize("description", LISTED)
def test_a_description_counts_where_no_tag_tells_the_part(keyword, description):
    assert f"{keyword} (" in only_reason(plain(**{keyword: description}))
    assert "contains" in only_reason(plain(**{keyword: description}))
    assert ineligibility(plain(**{keyword: description}, BodyPartExamined="CHEST")) == []


@pytest.mark.parametrize("description", UNLISTED)
def test_words_that_are_not_known_are_no_chest_and_are_not_shown(description):
    reason = only_reason(plain(SeriesDescription=description))
    assert reason == (
        "SeriesDescription (0008,103E) does not name the chest and no tag tells the body part; "
        "BodyPartExamined (0018,0015) CHEST is needed to process it"
    )
    assert ineligibility(plain(SeriesDescription=description, BodyPartExamined="CHEST")) == []


def test_only_what_is_known_of_a_word_is_shown():
    assert only_reason(plain(StudyDescription="ABDSECRET")).startswith(
        "StudyDescription (0008,1030) contains 'ABD' and no tag"
    )


@pytest.mark.parametrize("description", ["ABDOMEN AP", "Thoracic spine AP", "Schulter rechts"])
def test_the_description_nearest_to_the_image_decides(description):
    study = "XR Chest and Abdomen"
    reason = only_reason(plain(SeriesDescription=description, StudyDescription="Chest"))
    assert reason.startswith("SeriesDescription")
    assert ineligibility(plain(SeriesDescription="CXR", StudyDescription=study)) == []
    assert ineligibility(plain(SeriesDescription="CXR", StudyDescription=description)) == []


@pytest.mark.parametrize(
    "description",
    [
        *("XR CHEST AND ABDOMEN", "CHESTABDOMEN", "Thoracic spine AP", "Thoracolumbar spine AP"),
        *("Thorax BWS", "Torace addome", "Hrudní páteř", "Грудной отдел позвоночника", "胸椎"),
        *("흉부 복부", "Rintaranka", "Bröstrygg", "Chest and arms", "胸骨"),
    ],
)
def test_another_part_beside_the_chest_is_refused(description):
    assert "contains" in only_reason(plain(StudyDescription=description))
    assert "contains" in only_reason(plain(SeriesDescription="AP", StudyDescription=description))


@pytest.mark.parametrize(
    "description",
    [
        *("", "Bedside", "X-RAY", "XR portable AP", "Röntgen 1", "RX debout", "CR LEFT", "2"),
        *("Radiography", "DX supine a.p.", "postero-anterior"),
    ],
)
def test_descriptions_that_tell_no_part_are_no_reason(description):
    assert ineligibility(plain(StudyDescription=description)) == []
    told = plain(SeriesDescription=description, StudyDescription="Knee")
    assert only_reason(told).startswith("StudyDescription (0008,1030) contains 'KNEE'")

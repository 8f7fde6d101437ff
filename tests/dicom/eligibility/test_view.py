import pytest
from pydicom.sequence import Sequence
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping

from monai_covid.dicom.eligibility.reasons import ineligibility
from tests.dicom.eligibility.chest import chest, coded, digital, only_reason, plain

FRONTAL_POSITIONS = ["PA", "AP", "ap", " PA ", "AP SUPINE", "PA_ERECT", "A.P.", "P-A", "FRONTAL"]
FRONTAL_POSITIONS += ["ANTERO-POSTERIOR", "POSTEROANTERIOR", "P->A", "FRONT", "antéro-postérieur"]
UNSTATED_POSITIONS = [
    *("", "UNKNOWN", "None", "NA", "N/A", "XX", "ANY", "OTHER"),
    *("ERECT", "SUPINE", "PORTABLE", "STANDING", "SEMI-ERECT", "PORTABLE_SUPINE"),
]
OTHER_POSITIONS = [
    *("LL", "RL", "LLD", "RLD", "LLO", "RLO", "LAT", "LATERAL", "LAO", "RPO", "OBL", "Seitlich"),
    *("PA LAT", "AP LLD", "LORDOTIC", "AXIAL", "SWIMMERS", "AP AXIAL", "AP LORDOTIC"),
    *("LATERAL DECUBITUS", "L.L.", "LATEROLATERAL", "SUPINE LAT"),
]


@pytest.mark.parametrize("position", [*FRONTAL_POSITIONS, *UNSTATED_POSITIONS])
def test_frontal_and_unstated_positions_are_processed(position):
    assert ineligibility(chest(ViewPosition=position)) == []


@pytest.mark.parametrize("position", OTHER_POSITIONS)
def test_other_positions_are_refused(position):
    reason = only_reason(chest(ViewPosition=position))
    assert reason == (
        f"ViewPosition (0018,5101) is '{position.upper()}'; a frontal view (PA or AP) is processed"
    )


def test_a_missing_position_is_processed():
    assert ineligibility(chest(ViewPosition=None, PatientOrientation=None)) == []


def dx_views():
    """Every view of DICOM PS3.16 CID 4010 as (code, meaning)."""
    keywords = cid_concepts[4010]["SCT"]
    return [
        (code, meaning)
        for keyword in keywords
        for code, (meaning, _) in concepts["SCT"][keyword].items()
    ]


@pytest.mark.parametrize(("code", "meaning"), dx_views())
def test_of_all_coded_views_only_the_frontal_ones_are_processed(code, meaning):
    reasons = ineligibility(digital(ViewCodeSequence=coded(code, "SCT", meaning)))
    is_frontal = meaning in ("postero-anterior", "antero-posterior", "frontal")
    assert (not reasons) == is_frontal, reasons
    assert all(reason.startswith("ViewCodeSequence (0054,0220) is") for reason in reasons)


@pytest.mark.parametrize("scheme", ["SRT", "SNM3", "99SDM"])
@pytest.mark.parametrize(("code", "meaning"), [*dx_views(), ("R-10214", "postero-anterior")])
def test_the_same_views_in_the_codes_of_older_devices(scheme, code, meaning):
    older = mapping["SCT"].get(code, code)
    reasons = ineligibility(digital(ViewCodeSequence=coded(older, scheme, "")))
    is_frontal = meaning in ("postero-anterior", "antero-posterior", "frontal")
    assert (not reasons) == is_frontal, reasons


@pytest.mark.parametrize(
    ("meaning", "is_frontal"),
    [
        ("Chest PA", True),
        ("posteroanterior", True),
        ("Thorax a.p.", True),
        ("Chest LAT", False),
        ("Ferguson", False),
        ("", False),
    ],
)
def test_the_meaning_counts_for_codes_of_a_vendor(meaning, is_frontal):
    reasons = ineligibility(digital(ViewCodeSequence=coded("123", "99VENDOR", meaning)))
    assert (not reasons) == is_frontal, reasons


def test_an_oblique_modifier_is_refused():
    view = coded("399348003", "SCT", "antero-posterior")
    view[0].ViewModifierCodeSequence = coded("399061009", "SCT", "Oblique axial")
    assert "ViewModifierCodeSequence (0054,0222)" in only_reason(digital(ViewCodeSequence=view))


@pytest.mark.parametrize(
    "orientation", [["L", "F"], ["R", "F"], ["LA", "F"], ["L", "FP"], "", ["", ""], ["X", "Y"]]
)
def test_upright_frontal_and_unreadable_orientations_are_processed(orientation):
    assert ineligibility(chest(PatientOrientation=orientation)) == []


@pytest.mark.parametrize("position", ["PA", "AP", ""])
@pytest.mark.parametrize("orientation", [["A", "F"], ["P", "F"], ["AL", "F"], ["L", "P"]])
def test_lateral_and_axial_orientations_are_refused_whatever_the_position_says(
    position, orientation
):
    reason = only_reason(chest(ViewPosition=position, PatientOrientation=orientation))
    shown = "\\".join(orientation)
    assert reason.startswith(
        f"PatientOrientation (0020,0020) is '{shown}', no frontal view; 'L\\F'"
    )


@pytest.mark.parametrize("orientation", [["L", "H"], ["F", "L"], ["H", "R"]])
def test_views_that_do_not_stand_upright_are_refused(orientation):
    assert "stands on its head" in only_reason(chest(PatientOrientation=orientation))


@pytest.mark.parametrize(
    "description",
    [
        *(
            "CHEST LAT",
            "Thorax seitlich",
            "Thorax de profil",
            "CHEST_LATERAL",
            "胸部側面",
            "胸部侧面",
        ),
        *(
            "CHEST PA AND LATERAL",
            "CHEST PA/LAT",
            "Chest LLD",
            "LATERAL DECUBITUS CHEST",
            "흉부 측면",
        ),
        *("Thorax laterolateral", "Torace L.L.", "Грудная клетка, боковой", "Klatka boczne"),
        *("Thorax dwars", "CHEST 2 VIEWS", "Thorax in 2 Ebenen", "Chest PA, two views"),
        *("CXR 2V", "Thorax deux incidences", "胸部2方向", "胸部正側", "Thorax schräg"),
    ],
)
@pytest.mark.parametrize("keyword", ["SeriesDescription", "ProtocolName", "StudyDescription"])
def test_a_description_counts_where_no_tag_tells_the_view(description, keyword):
    assert f"{keyword} (" in only_reason(plain(**{keyword: description}))
    told_by = ({"ViewPosition": "AP"}, {"PatientOrientation": ["L", "F"]})
    for tags in told_by:
        assert ineligibility(plain(**{keyword: description}, **tags)) == []


@pytest.mark.parametrize(
    "description",
    [
        *("CHEST PA", "CHEST 1 VIEW", "Chest portable", "LATVIA SCREENING", "PLATE 2", "120 V"),
        *("Chest bilateral", "BILATERALE", "COLLATERAL", "Laterality L", "胸部正面"),
    ],
)
def test_other_descriptions_are_no_reason(description):
    assert ineligibility(plain(SeriesDescription=description, BodyPartExamined="CHEST")) == []


@pytest.mark.parametrize("posture", ["SUPINE", "PORTABLE"])
def test_a_posture_does_not_tell_the_view(posture):
    tags = {"ViewPosition": posture, "PatientOrientation": None}
    assert "'LATERAL'" in only_reason(chest(SeriesDescription="Chest lateral", **tags))


def test_the_description_nearest_to_the_image_decides():
    both = "CHEST PA AND LATERAL"
    assert ineligibility(plain(SeriesDescription="Chest PA", StudyDescription=both)) == []
    two = "CHEST 2 VIEWS"
    assert ineligibility(plain(SeriesDescription="Chest PA", StudyDescription=two)) == []
    reason = only_reason(plain(SeriesDescription="Chest", StudyDescription=two))
    assert reason.startswith("StudyDescription (0008,1030) has the words '2 VIEWS' and no tag")
    reason = only_reason(plain(SeriesDescription="Lateral", StudyDescription="CHEST PA"))
    assert reason.startswith("SeriesDescription (0008,103E) has the word 'LATERAL' and no tag")


def test_only_the_word_of_a_description_is_shown():
    reason = only_reason(plain(StudyDescription="SECRET PERSON chest lateral"))
    assert "'LATERAL'" in reason
    assert "PERSON" not in reason


def test_tags_that_contradict_each_other_are_all_named():
    lateral = coded("399173006", "SCT", "left lateral")
    reasons = ineligibility(digital(ViewPosition="LL", ViewCodeSequence=lateral))
    assert [reason.split(" ")[0] for reason in reasons] == ["ViewPosition", "ViewCodeSequence"]


def test_an_empty_code_sequence_says_nothing():
    assert ineligibility(digital(ViewCodeSequence=Sequence([]))) == []

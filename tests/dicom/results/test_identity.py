"""UIDs, series and what results say of themselves."""

import pytest
from pydicom.uid import UID

from monai_covid import RESEARCH_USE_ONLY
from monai_covid.dicom.results.algorithm import Algorithm, derived_uid
from monai_covid.dicom.results.instances import result_instances
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph
from tests.dicom.results.conftest import ALGORITHM, by_modality, found_in

KINDS = ["SR", "PR", "OT", "SEG"]
IDENTITY = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyID",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
)


def results_of(dataset, algorithm=ALGORITHM):
    return by_modality(result_instances(found_in(dataset), algorithm))


def uids(results):
    return {kind: (each.SeriesInstanceUID, each.SOPInstanceUID) for kind, each in results.items()}


def test_derived_uids_never_change():
    # A new rule would make duplicates of all results that archives hold.
    assert derived_uid("instance report", "1.2.3", "key") == (
        "2.25.104096290289565218296341898398237690866"
    )


def test_derived_uids_are_valid_and_keep_sources_apart():
    made = {
        derived_uid("a", "bc"),
        derived_uid("ab", "c"),
        derived_uid("a", "b", "c"),
        derived_uid("a", "c", "b"),
    }
    assert len(made) == 4
    assert all(UID(each).is_valid and len(each) <= 64 for each in made)


def test_processing_again_gives_the_same_instances(source):
    assert uids(results_of(source)) == uids(results_of(source))


def test_processing_again_changes_nothing_but_when(source):
    first, second = results_of(source), results_of(source)
    for kind in KINDS:
        changed = {
            one.keyword
            for one, other in zip(first[kind].iterall(), second[kind].iterall(), strict=True)
            if one.VR not in ("SQ", "DA", "TM", "DT") and one != other
        }
        assert changed == set()


def test_each_kind_has_a_series_of_its_own(results):
    made = uids(results)
    assert len({series for series, _ in made.values()}) == 4
    assert len({instance for _, instance in made.values()}) == 4


@pytest.mark.parametrize(
    "other",
    [
        Algorithm("f" * 64),
        ALGORITHM._replace(version="9.9"),
        ALGORITHM._replace(name="another"),
        ALGORITHM._replace(method="another"),
    ],
)
def test_another_algorithm_makes_other_instances_in_other_series(source, other):
    ours, theirs = uids(results_of(source)), uids(results_of(source, other))
    assert all(not {*ours[kind]} & {*theirs[kind]} for kind in KINDS)


def test_images_of_a_series_share_the_series_of_their_results():
    first, second = (uids(results_of(radiograph(PEOPLE[0], "a", number=n))) for n in (1, 2))
    for kind in KINDS:
        assert first[kind][0] == second[kind][0]
        assert first[kind][1] != second[kind][1]


def test_a_series_uid_that_two_studies_share_is_not_shared_by_results():
    first, second = radiograph(PEOPLE[0], "a"), radiograph(PEOPLE[0], "b")
    second.SeriesInstanceUID = first.SeriesInstanceUID
    first_made, second_made = uids(results_of(first)), uids(results_of(second))
    assert all(first_made[kind][0] != second_made[kind][0] for kind in KINDS)


def test_an_instance_uid_that_two_studies_share_is_not_shared_by_results():
    first, second = radiograph(PEOPLE[0], "a"), radiograph(PEOPLE[1], "b")
    second.SOPInstanceUID = first.SOPInstanceUID
    first_made, second_made = uids(results_of(first)), uids(results_of(second))
    assert all(first_made[kind][1] != second_made[kind][1] for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_results_lie_in_the_study_of_the_image(results, source, kind):
    for keyword in IDENTITY:
        assert results[kind][keyword].value == source[keyword].value, keyword


@pytest.mark.parametrize("kind", KINDS)
def test_results_refer_to_the_image(results, source, kind):
    uids = {
        element.value
        for element in results[kind].iterall()
        if element.keyword == "ReferencedSOPInstanceUID"
    }
    assert source.SOPInstanceUID in uids


@pytest.mark.parametrize("kind", KINDS)
def test_results_name_their_maker_and_their_use(results, kind):
    instance = results[kind]
    assert instance.Manufacturer == "monai_covid"
    assert instance.ManufacturerModelName == ALGORITHM.name
    assert list(instance.SoftwareVersions) == ["monai_covid 0.1.0", "weights 0123456789abcdef"]
    assert RESEARCH_USE_ONLY in instance.SeriesDescription
    made_by = {each.Manufacturer: each for each in instance.ContributingEquipmentSequence}
    assert made_by["monai_covid"].ContributionDescription == RESEARCH_USE_ONLY


def test_numbers_that_are_missing_or_too_large_do_no_harm():
    source = radiograph(PEOPLE[0], "numbers")
    source.SeriesNumber, source.InstanceNumber = 2**31 - 1, None
    made = results_of(source)
    assert all(1 <= each.SeriesNumber < 2**31 for each in made.values())
    assert {each.InstanceNumber for each in made.values()} == {1}

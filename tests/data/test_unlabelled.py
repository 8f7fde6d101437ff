"""Which images stage 1 learns from."""

import pytest

from monai_covid.data.unlabelled import unlabelled_datalist
from monai_covid.errors import InputError, OptionError
from tests.data.collections_on_disk import three_classes, write_manifest, write_nih


def names(*arguments, **options):
    return [item["name"] for item in unlabelled_datalist(*arguments, **options)]


@pytest.fixture
def nih(tmp_path):
    return write_nih(tmp_path / "nih")


@pytest.fixture
def covid(tmp_path):
    lines = [*three_classes(patients=2, images=1), "x/00000001_005.png,normal,someone"]
    return write_manifest(tmp_path / "covid", lines)


def test_images_of_all_collections_without_their_labels(nih, covid):
    found = unlabelled_datalist([nih, covid.parent])
    assert len(found) == 3 + 7
    assert {item["label"] for item in found} == {0}
    assert {frozenset(item) for item in found} == {
        frozenset({"image", "name", "patient_id", "label"})
    }


def test_test_images_of_chestxray14_stay_unseen(nih):
    assert names([nih]) == ["00000001_000.png", "00000001_001.png", "00000002_000.png"]


def test_a_path_is_taken_once(nih, covid):
    assert names([nih, covid, covid.parent, nih]) == names([nih, covid])


def test_patients_are_left_out_everywhere_also_under_another_name(nih, covid, tmp_path):
    excluded = write_manifest(
        tmp_path / "out", ["a.png,normal,nih-1", "b.png,normal,p-covid19-000"]
    )
    found = names([nih, covid], exclude_manifests=[excluded])
    assert found[0] == "00000002_000.png"
    assert not [name for name in found if "00000001" in name or name.startswith("p_covid19_0")]
    assert len(found) == 1 + 5


def test_copies_of_images_that_are_not_among_these_go(covid, tmp_path):
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(
        "image_a,patient_id_a,image_b,patient_id_b\n"
        "p_normal_0_0.png,p-normal-000,tested.png,elsewhere\n"
        "p_normal_1_0.png,p-normal-001,p_covid19_1_0.png,p-covid19-001\n"
    )
    left = set(names([covid])) - set(names([covid], leave_out_images=[pairs]))
    assert left == {"p_normal_0_0.png", "p_covid19_1_0.png"}


def test_a_trial_takes_some_by_the_seed(covid):
    chosen = [names([covid], limit=3, seed=seed) for seed in (0, 0, 1)]
    assert len(chosen[0]) == 3
    assert chosen[0] == chosen[1] != chosen[2]
    assert names([covid], limit=100) == names([covid])


def test_all_problems_are_named_together(covid, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="does not exist") as caught:
        unlabelled_datalist([tmp_path / "empty", covid, tmp_path / "absent"])
    assert len(caught.value.problems) == 2


def test_nothing_to_learn_from(covid):
    with pytest.raises(OptionError, match="image_folders is empty"):
        unlabelled_datalist([])
    with pytest.raises(InputError, match="no images are left for pretraining"):
        unlabelled_datalist([covid], exclude_manifests=[covid])

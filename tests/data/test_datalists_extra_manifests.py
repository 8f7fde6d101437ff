import pytest
from monai.data.utils import list_data_collate

from monai_covid.data.datalists import STAGE3_SECTIONS, stage3_datalist
from monai_covid.errors import InputError
from tests.data.collections_on_disk import three_classes, write_manifest


def names(items):
    return sorted(item["name"] for item in items)


@pytest.fixture
def manifest(tmp_path):
    return write_manifest(tmp_path / "covid", three_classes())


def test_extra_manifests_go_to_training_only(manifest, tmp_path):
    lines = [*three_classes(2, prefix="q"), "own.png,covid19,p-covid19-000"]
    extra = write_manifest(
        tmp_path / "extra", [f"{line},AP" for line in lines], "image,label,patient_id,view"
    )
    for section in STAGE3_SECTIONS:
        without = stage3_datalist(manifest, section)
        together = stage3_datalist(manifest, section, extra_manifests=extra.parent)
        added = set(names(together)) - set(names(without))
        assert len(added) == (12 if section in ("training", "all") else 0)
        assert "own.png" not in added
    assert list_data_collate(stage3_datalist(manifest, "training", extra_manifests=[extra]))
    assert {item["view"] for item in together} == {"", "AP"}


def test_extra_manifest_that_adds_nothing_or_repeats(manifest, tmp_path):
    with pytest.raises(InputError, match="adds nothing"):
        stage3_datalist(manifest, "training", extra_manifests=manifest)
    extra = write_manifest(tmp_path / "extra", three_classes(2, prefix="q"))
    with pytest.raises(InputError, match="also in another manifest"):
        stage3_datalist(manifest, "training", extra_manifests=[extra, extra])

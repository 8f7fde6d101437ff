import numpy as np

from monai_covid.data.collections.reading import read_collection
from monai_covid.data.patients import patients_in
from monai_covid.lab.studies.collections import (
    Collections,
    external_items,
    images_of,
    write_excluded,
)
from monai_covid.lab.studies.definition import Run
from tests.data.collections_on_disk import write_manifest
from tests.lab.studies.conftest import built


def test_earlier_stages_leave_out_whom_stage_3_tests_and_validates_on(collections, tmp_path):
    nih, covid = collections
    data, run = Collections(covid, nih), Run("keep", 0, 0)
    file = tmp_path / "excluded.csv"
    everyone = write_excluded(built(), data, run, file, "all").read_text()
    assert everyone.count("\n") == 1 + len(data.records)
    by_fold = built()
    lines = write_excluded(by_fold, data, run, file, "fold").read_text().splitlines()[1:]
    left_out = {line.split(",")[0] for line in lines}
    frame = data.records.frame
    sections = {
        part: set(frame.loc[frame["image"].isin(images_of(by_fold, data, run, part)), "patient_id"])
        for part in ("training", "validation", "test")
    }
    assert left_out == sections["validation"] | sections["test"]
    assert not left_out & sections["training"]


def test_external_images_are_of_other_patients_and_half_of_them(collections, tmp_path):
    nih, covid = collections
    records = read_collection(covid)
    extra = tmp_path / "extra"
    own = f"own.png,covid19,{records.patients[0]}"
    write_manifest(extra, [own, "other.png,covid19,another"])
    items = external_items(nih, records, extra / "metadata.csv")
    counts = np.bincount([item["label"] for item in items], minlength=3)
    assert counts.tolist() == [1, 2, 2]  # of four patients with pneumonia and four without findings
    assert not {item["patient_id"] for item in items} & patients_in(records.frame)
    assert len(external_items(nih, records, None)) == 4

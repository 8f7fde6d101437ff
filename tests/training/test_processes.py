"""One run on two processes: the same loss curve as on one."""

import sys

import ignite.distributed as idist
import pytest
import torch

from monai_covid.errors import OptionError
from monai_covid.models.device import choose_device
from monai_covid.training.processes import join_processes, leave_processes, share_of_batch
from tests.training.stages import (
    BUNDLE,
    CONFIGS,
    FROM_RANDOM,
    MAIN,
    TINY_NETWORK,
    arguments,
    curve,
    finish,
    last,
    start,
)

CPU = torch.device("cpu")
CURVES = ("train_loss", "validation_loss", "validation_auc")


DOUBLE_PRECISION = """
from monai_covid.models.model_file import ModelInfo
from monai_covid.training import PrecisionInferer

build = ModelInfo.build
ModelInfo.build = lambda self: build(self).double()
PrecisionInferer.__call__ = lambda self, inputs, network: network(inputs.double())
"""

GROUP_THREADS = "threads of the group of processes"

COUNT_GROUP_THREADS = f"""
import os
from pathlib import Path
from monai_covid import training

leave = training.leave_processes
def leave_and_count(network):
    leave(network)
    names = [file.read_text() for file in Path("/proc/self/task").glob("*/comm")]
    count = sum("gloo" in name for name in names)
    os.write(1, f"{{count}} {GROUP_THREADS}\\n".encode())  # at once: processes share the output
training.leave_processes = leave_and_count
"""


def start_stage(stage, folder, processes, *, before="", **options):
    """Start a stage with the tiny network on one process, or on several by torchrun."""
    folder.mkdir(exist_ok=True)
    script = folder / "tiny_bundle.py"
    script.write_text(TINY_NETWORK + before + MAIN)
    configs = [str(CONFIGS / f"{stage}.yaml")]
    launcher = []
    if processes > 1:
        configs.append(str(CONFIGS / "distributed.yaml"))
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc_per_node={processes}"]
    run = ["run", "training", "--config_file", f"{configs}", "--bundle_root", str(BUNDLE)]
    random = FROM_RANDOM if stage == "stage3_covid" else {"imagenet": "none"}
    chosen = arguments(**options, **random, output_dir=folder / "run")
    return start([sys.executable, *launcher, str(script), *run, *chosen], folder)


def one_and_two(stage, folder, before="", **options):
    """Run a stage on one process and on two; return the folders and the output of the two."""
    two = start_stage(stage, folder / "two", 2, before=before, **options)
    one = start_stage(stage, folder / "one", 1, before=before, **options)
    for process in (one, two):
        status, output = finish(process)
        assert status == 0, output
    return folder / "one" / "run", folder / "two" / "run", output


def assert_same_curves(one, two, tolerance):
    rows, others = curve(one), curve(two)
    assert [row["phase"] for row in others] == ["head"] * 2 + ["all"] * 3
    for row, other in zip(rows, others, strict=True):
        assert row["learning_rate"] == other["learning_rate"]
        for name in CURVES:
            assert float(other[name]) == pytest.approx(float(row[name]), abs=tolerance), row


@pytest.mark.distributed
def test_two_processes_give_the_loss_curve_of_one(covid, tmp_path):
    options = {"max_epochs": 5, "image_size": 64, "batch_size": 6, "fold": 1}
    one, two, output = one_and_two(
        "stage3_covid", tmp_path, COUNT_GROUP_THREADS, **options, dataset_dir=covid
    )
    assert_same_curves(one, two, 1e-4)
    assert output.count("epoch 5/5") == 1
    # A thread still at work while Python ends would abort its process, now and then.
    assert output.count(f"0 {GROUP_THREADS}") == 2, output


@pytest.mark.distributed
def test_in_double_precision_they_give_the_same_network(nih, tmp_path):
    options = {"max_epochs": 5, "batch_size": 8, "before": DOUBLE_PRECISION}
    one, two, _ = one_and_two("stage2_nih", tmp_path, **options, dataset_dir=nih)
    assert_same_curves(one, two, 1e-6)
    expected, found = last(one)["network"], last(two)["network"]
    assert expected["features.conv0.weight"].dtype == torch.float64
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-9)


@pytest.mark.distributed
def test_two_processes_in_bfloat16(nih, tmp_path):
    options = {"max_epochs": 2, "head_epochs": 1, "batch_size": 8, "precision": "bfloat16"}
    process = start_stage("stage2_nih", tmp_path / "two", 2, **options, dataset_dir=nih)
    status, output = finish(process)
    assert status == 0, output
    assert [row["phase"] for row in curve(tmp_path / "two" / "run")] == ["head", "all"]


def test_several_processes_need_the_overlay(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(SystemExit, match=r"2 processes were started.*configs/distributed\.yaml"):
        join_processes(False, CPU)


def test_the_overlay_needs_torchrun(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with pytest.raises(SystemExit, match="torchrun"):
        join_processes(True, CPU)


def test_one_process_alone_joins_nothing(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    join_processes(False, CPU)
    assert not torch.distributed.is_initialized()
    leave_processes()


def test_a_device_is_chosen():
    expected = torch.device("cuda", 0) if torch.cuda.is_available() else CPU
    assert choose_device(None) == expected
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize("device", ["gpu", "cuda:99", "cpu:x"])
def test_an_unusable_device_is_named(device):
    with pytest.raises(SystemExit, match=f"error: --device {device}: not usable here"):
        choose_device(device)


def test_a_batch_is_shared_evenly_or_not_at_all(monkeypatch):
    monkeypatch.setattr(idist, "get_world_size", lambda: 3)
    assert share_of_batch(12) == 4
    with pytest.raises(OptionError, match=r"--batch_size 16 .* 3 processes; take a multiple of 3"):
        share_of_batch(16)

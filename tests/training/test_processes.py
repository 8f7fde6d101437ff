"""One run on two processes: the same loss curve as on one."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import ignite.distributed as idist
import pytest
import torch

from monai_covid import training
from monai_covid.errors import OptionError
from monai_covid.models.device import choose_device
from monai_covid.models.model_file import ModelInfo
from monai_covid.training.inferer import PrecisionInferer
from monai_covid.training.processes import join_processes, leave_processes, share_of_batch
from tests.training.stages import FROM_RANDOM, arguments, curve, last, start

pytestmark = pytest.mark.slow

CPU = torch.device("cpu")
CURVES = ("train_loss", "validation_loss", "validation_auc")


GROUP_THREADS = "threads of the group of processes"


def double_precision():
    """Let networks and their inputs be of double precision."""
    build = ModelInfo.build
    ModelInfo.build = lambda self: build(self).double()
    PrecisionInferer.__call__ = lambda self, inputs, network: network(inputs.double())


def count_group_threads():
    """Print how many threads a group of processes has left behind."""
    leave = training.leave_processes

    def leave_and_count(network):
        leave(network)
        names = [file.read_text() for file in Path("/proc/self/task").glob("*/comm")]
        count = sum("gloo" in name for name in names)
        os.write(1, f"{count} {GROUP_THREADS}\n".encode())  # at once: processes share the output

    training.leave_processes = leave_and_count


def start_two(folder, *line, prepare=None):
    """Start a run on two processes, as torchrun would."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": f"{port}", "WORLD_SIZE": "2"}
    return [
        start(
            folder,
            *line,
            prepare=prepare,
            environment={**group, "RANK": f"{rank}", "LOCAL_RANK": f"{rank}"},
        )
        for rank in range(2)
    ]


def one_and_two(stage, folder, prepare, **options):
    """Run a stage on one process and on two; return the folders and the output of the two."""
    one, two = (
        arguments(*configs, **options, output_dir=folder / name)
        for name, configs in (("one", [stage]), ("two", [stage, "distributed"]))
    )
    processes = [start(folder, *one, prepare=prepare), *start_two(folder, *two, prepare=prepare)]
    ended = [process.finish() for process in processes]
    for status, output in ended:
        assert status == 0, output
    return folder / "one", folder / "two", ended[1].stdout + ended[2].stdout


def assert_same_curves(one, two, tolerance):
    rows, others = curve(one), curve(two)
    assert [row["phase"] for row in others] == ["head"] * 2 + ["all"] * 3
    for row, other in zip(rows, others, strict=True):
        assert row["learning_rate"] == other["learning_rate"]
        for name in CURVES:
            assert float(other[name]) == pytest.approx(float(row[name]), abs=tolerance), row


@pytest.mark.distributed
def test_two_processes_give_the_loss_curve_of_one(covid, tmp_path):
    options = {"max_epochs": 5, "image_size": 64, "batch_size": 6, "fold": 1, **FROM_RANDOM}
    one, two, output = one_and_two(
        "stage3_covid", tmp_path, count_group_threads, **options, dataset_dir=covid
    )
    assert_same_curves(one, two, 1e-4)
    assert output.count("epoch 5/5") == 1
    assert output.count(f"0 {GROUP_THREADS}") == 2, output


@pytest.mark.distributed
def test_in_double_precision_they_give_the_same_network(nih, tmp_path):
    options = {"max_epochs": 5, "batch_size": 8, "imagenet": "none", "dataset_dir": nih}
    one, two, _ = one_and_two("stage2_nih", tmp_path, double_precision, **options)
    assert_same_curves(one, two, 1e-6)
    expected, found = last(one)["network"], last(two)["network"]
    assert expected["features.conv0.weight"].dtype == torch.float64
    for name, tensor in expected.items():
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=1e-9)


@pytest.mark.distributed
def test_two_processes_in_bfloat16(nih, tmp_path):
    options = {"max_epochs": 2, "head_epochs": 1, "batch_size": 8, "precision": "bfloat16"}
    places = {"dataset_dir": nih, "output_dir": tmp_path / "run", "imagenet": "none"}
    line = arguments("stage2_nih", "distributed", **options, **places)
    for status, output in [process.finish() for process in start_two(tmp_path, *line)]:
        assert status == 0, output
    assert [row["phase"] for row in curve(tmp_path / "run")] == ["head", "all"]


TINY_BUNDLE = """
import sys
from tests.training.stages import run_tiny
from tests.training.test_processes import count_group_threads
run_tiny(count_group_threads, *sys.argv[1:])
"""


@pytest.mark.slow
@pytest.mark.distributed
def test_torchrun_ends_cleanly(covid, tmp_path):
    """Two whole processes of Python: one that torch's threads outlive would be aborted."""
    (tmp_path / "tiny_bundle.py").write_text(TINY_BUNDLE)
    places = {"dataset_dir": covid, "output_dir": tmp_path / "run", **FROM_RANDOM}
    line = arguments("stage3_covid", "distributed", max_epochs=2, head_epochs=1, **places)
    torchrun = (sys.executable, "-m", "torch.distributed.run", "--standalone")
    done = subprocess.run(
        [*torchrun, "--nproc_per_node=2", tmp_path / "tiny_bundle.py", *line],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert [row["phase"] for row in curve(tmp_path / "run")] == ["head", "all"]
    assert done.stdout.count(f"0 {GROUP_THREADS}") == 2, done.stdout


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

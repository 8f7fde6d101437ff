"""A batch of one image, where the last feature maps may be a single value."""

import pytest
import torch

from monai_covid.models.architectures import ARCHITECTURES, build_network
from monai_covid.training.workflow_options import LAST_MAP_OF_ONE, batch_conflicts
from tests.training.stages import run_stage


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_what_is_refused_is_what_fails(architecture):
    limit = LAST_MAP_OF_ONE[architecture]
    network = build_network(architecture).train()
    with torch.no_grad():
        network(torch.rand(1, 1, limit + 1, limit + 1))
        with pytest.raises(ValueError, match="more than 1 value per channel"):
            network(torch.rand(1, 1, limit, limit))


def test_refusal_names_both_values():
    config = {"architecture": "densenet121", "batch_size": 1, "image_size": 32}
    (problem,) = batch_conflicts(config)
    assert problem.startswith("--batch_size 1 with --image_size 32: batch normalisation")
    for change in ({"batch_size": 2}, {"image_size": 61}, {"freeze_batch_norm": True}):
        assert not batch_conflicts({**config, **change})


@pytest.mark.usefixtures("tiny_network")
@pytest.mark.parametrize("stage", ["stage2_nih", "stage3_covid"])
def test_before_anything_is_read(stage, tmp_path):
    with pytest.raises(SystemExit, match="--batch_size 1 with --image_size 32"):
        run_stage(stage, tmp_path / "nothing", tmp_path / "run", batch_size=1)
    assert not (tmp_path / "run").exists()

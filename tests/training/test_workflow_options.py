"""Every config has exactly the options that are described, each with a default that fits."""

import pytest
import yaml

from monai_covid.training import options, workflow_checks, workflow_options
from tests.training.stages import CONFIGS

TABLES = {
    "stage1_selfsupervised": (workflow_options.STAGE1, workflow_checks.TRAINING_WIRING),
    "stage1_distilled": (workflow_options.STAGE1_DISTILLED, workflow_checks.TRAINING_WIRING),
    "stage2_nih": (workflow_options.STAGE2, workflow_checks.TRAINING_WIRING),
    "stage3_covid": (workflow_options.STAGE3, workflow_checks.TRAINING_WIRING),
    "evaluate": (workflow_options.EVALUATION, workflow_checks.INFERENCE_WIRING),
    "inference": (workflow_options.INFERENCE, workflow_checks.INFERENCE_WIRING),
}


def config(name):
    return yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())


@pytest.mark.parametrize("name", TABLES)
def test_the_config_has_exactly_the_options(name):
    described, wiring = TABLES[name]
    written = list(config(name))
    before_imports = set(written[: written.index("imports")])
    assert before_imports == set(described)
    assert set(written) - before_imports <= set(wiring)
    assert not set(described) & set(wiring)


@pytest.mark.parametrize("name", TABLES)
def test_the_defaults_are_usable(name):
    described, wiring = TABLES[name]
    assert not options.option_problems(config(name), described, wiring)


@pytest.mark.parametrize("name", TABLES)
def test_every_option_is_explained(name):
    for option, described in TABLES[name][0].items():
        assert len(described.help) > 5, option
        assert not described.help.endswith("."), option


def test_one_option_means_the_same_in_every_config():
    tables = [described for described, _ in TABLES.values()]
    for name in ("architecture", "batch_size", "seed", "fold", "precision", "overwrite"):
        assert len({described[name].kinds for described in tables if name in described}) == 1


def test_the_overlay_sets_options_alone():
    assert config("distributed") == {"distributed": True}
    for name in ("stage2_nih", "stage3_covid"):
        assert "distributed" in TABLES[name][0]

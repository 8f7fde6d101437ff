"""Small networks, and pictures of every kind."""

import pytest

from monai_covid.cli.main import main
from monai_covid.models.architectures import BLOCK_LAYERS
from tests.cli.predict.results import random_network
from tests.inference.chests import write_spoilt, write_suitable


@pytest.fixture(autouse=True, scope="module")
def small_network():
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(BLOCK_LAYERS, "densenet121", (1, 1, 1, 1))
        yield


@pytest.fixture(scope="module")
def models(small_network, tmp_path_factory):
    """Model files of three networks with random weights."""
    folder = tmp_path_factory.mktemp("models")
    return [random_network(folder / f"{seed}.pt", seed) for seed in range(3)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = write_suitable(tmp_path_factory.mktemp("pictures") / "images")
    return write_spoilt(folder)


@pytest.fixture
def predict(models, tmp_path):
    """Run the command into ``results``; return its exit status."""

    def run(*arguments, model=None):
        out = ["--out", str(tmp_path / "results")]
        files = map(str, model or models[:1])
        return main(["predict", *map(str, arguments), *out, "--quiet", "--model", *files])

    return run

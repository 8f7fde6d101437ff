"""Fixtures of the application's tests.

Those with the marker ``deploy`` need the MONAI Deploy App SDK, which has a virtual environment of
its own: ``make test-deploy``.
"""

import runpy
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from tests.conftest import REPOSITORY

DEPLOY = REPOSITORY / "deploy"

if find_spec("holoscan"):
    # Where the SDK is installed, MONAI and so the modules of the tests import it.
    runpy.run_path(str(DEPLOY / "stack_limit.py"))["raise_stack_limit"]()


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """A function that imports a module of the folder ``deploy``, as its scripts do."""
    names = {path.stem for path in DEPLOY.iterdir()}
    monkeypatch.syspath_prepend(str(DEPLOY))
    yield import_module
    for name in [name for name in sys.modules if name.split(".")[0] in names]:
        module = sys.modules[name]
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(DEPLOY):
            del sys.modules[name]


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle folder with a network of random weights."""
    import torch

    from monai_covid.models.model_file import ModelInfo, save_model

    info = ModelInfo(image_size=64)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = info.build().state_dict()
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "LICENSE").write_text("a file beside the folders, as bundles have")
    save_model(folder / "models" / "model.pt", state, info)
    return folder

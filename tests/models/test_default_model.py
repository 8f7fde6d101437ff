from pathlib import Path

import pytest

from monai_covid.models.default_model import MODEL, default_model


@pytest.fixture
def folders(tmp_path):
    """Two folders with a bundle each."""
    found = [tmp_path / "here", tmp_path / "checkout"]
    for folder in found:
        (folder / MODEL.parent).mkdir(parents=True)
    return found


def test_the_bundle_of_the_working_directory_comes_first(folders):
    here, checkout = folders
    assert default_model(here, checkout) == MODEL
    (checkout / MODEL).touch()
    assert default_model(here, checkout) == checkout / MODEL
    (here / MODEL).touch()
    assert default_model(here, checkout) == here / MODEL


def test_the_working_directory_is_where_a_command_is_called(folders, monkeypatch):
    here, checkout = folders
    (here / MODEL).touch()
    (checkout / MODEL).touch()
    monkeypatch.chdir(here)
    assert default_model(checkout=checkout) == Path(MODEL)

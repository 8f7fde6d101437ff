"""Which model file a path stands for."""

import pytest

from monai_covid.errors import OptionError
from monai_covid.models.default_model import find_model


@pytest.mark.parametrize("place", ["models/model.pt", "model.pt", "model/model.pt"])
def test_a_folder_stands_for_the_model_in_it(tmp_path, place):
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).touch()
    (tmp_path / "other.pt").touch()
    assert find_model(tmp_path) == tmp_path / place


def test_a_file_is_taken_by_whatever_name(tmp_path):
    (tmp_path / "weights").touch()
    assert find_model(tmp_path / "weights") == tmp_path / "weights"


def test_no_model_or_two_of_them_are_told_with_what_would_be_right(tmp_path):
    with pytest.raises(OptionError, match=r"no model file; give .*models/model\.pt"):
        find_model(tmp_path)
    (tmp_path / "models").mkdir()
    (tmp_path / "model.pt").touch()
    (tmp_path / "models" / "model.pt").touch()
    with pytest.raises(OptionError, match="several model files"):
        find_model(tmp_path)

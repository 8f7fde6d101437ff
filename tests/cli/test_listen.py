"""``monai-covid listen``: options and errors; tests/dicom/service tests the service itself."""

import sys

import pytest

from monai_covid.cli.main import main
from monai_covid.dicom.service.run import NEEDED


def listen(tmp_path, *arguments):
    needed = ["--spool", str(tmp_path / "spool"), "--send-to", "dicom://PACS@127.0.0.1:1"]
    return main(["listen", *needed, *arguments])


def test_an_absent_model_is_named_before_anything_is_made(tmp_path):
    with pytest.raises(SystemExit, match=r"--model is .*absent\.pt, which is not a file"):
        listen(tmp_path, "--model", str(tmp_path / "absent.pt"))
    assert not (tmp_path / "spool").exists()


def test_a_file_that_is_no_model_is_named_and_the_service_ends(tmp_path, capfd):
    bad = tmp_path / "bad.pt"
    bad.write_text("no model")
    with pytest.raises(SystemExit, match=r"bad\.pt"):
        listen(tmp_path, "--model", str(bad), "--device", "cpu", "--port", "0")
    log = capfd.readouterr().err
    assert '"event": "stopped"' in log
    assert '"event": "processing"' not in log


def test_model_and_device_can_be_in_the_file(tmp_path):
    config = tmp_path / "service.yaml"
    config.write_text(f"model: {tmp_path}/of-the-file.pt\n")
    with pytest.raises(SystemExit, match=r"of-the-file\.pt"):
        listen(tmp_path, "--config", str(config))


def test_bad_options_are_errors_of_one_line(tmp_path):
    with pytest.raises(SystemExit, match=r"error: --port is 'x'; it must be a whole number"):
        listen(tmp_path, "--port", "x")


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_not_installed_is_named_with_the_remedy(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(SystemExit, match=rf"{name}.*pip install 'monai-covid\[pacs\]'"):
        listen(tmp_path)

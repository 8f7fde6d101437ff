"""Settings from the command line and from YAML."""

import argparse
from pathlib import Path

import pytest

from monai_covid.dicom.service.options import add_service_options, settings_of
from monai_covid.errors import OptionError


def parsed(*arguments, also=()):
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    add_service_options(parser)
    options = parser.parse_args(arguments)
    return settings_of(options, also), options


NEEDED = ("--spool", "spool", "--send-to", "dicom://A@host:104")


def test_defaults():
    chosen, _ = parsed(*NEEDED)
    assert (chosen.host, chosen.port, chosen.ae_title) == ("127.0.0.1", 11112, "MONAI_COVID")
    assert (chosen.allow, chosen.quiet_time, chosen.status_port) == ((), 10.0, 0)
    assert chosen.spool == Path("spool")


def test_the_command_line_wins_over_the_file(tmp_path):
    file = tmp_path / "service.yaml"
    file.write_text(
        "spool: /srv/spool\nsend-to: [dicom://A@host:104, https://host/dicom-web]\nport: 104\n"
        "quiet_time: 5\nrequire-called-ae: true\nallow: ONE\nmodel: other.pt\n"
    )
    chosen, options = parsed(
        "--config", str(file), "--port", "105", "--allow", "A", "--allow", "B", also=["model"]
    )
    assert (chosen.port, chosen.quiet_time, chosen.require_called_ae) == (105, 5.0, True)
    assert chosen.allow == ("A", "B")
    assert chosen.send_to == ("dicom://A@host:104", "https://host/dicom-web")
    assert (chosen.spool, options.model) == (Path("/srv/spool"), "other.pt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("prot: 104", r"unknown key 'prot'; known are .*port"),
        ("[1, 2]", "must be a mapping"),
        ("port: [1", "cannot be read as YAML"),
        ("port: true", "--port is True; it must be a whole number"),
        ("port: 1.5", "--port is 1.5; it must be a whole number"),
        ("quiet-time: soon", "--quiet-time is 'soon'; it must be a number"),
        ("require-called-ae: 7", "--require-called-ae is 7; it must be true or false"),
        ("allow: [1]", r"--allow is \[1\]; it must be text or a list of texts"),
        ("ae-title: 5", "--ae-title is 5; it must be text"),
    ],
)
def test_bad_files(tmp_path, content, message):
    file = tmp_path / "service.yaml"
    file.write_text(content)
    with pytest.raises(OptionError, match=message):
        parsed("--config", str(file), *NEEDED)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--port", "x"), "--port is 'x'; it must be a whole number"),
        (("--port", "65536"), "--port is 65536; it must be from 0 to 65535"),
        (("--quiet-time", "-1"), "--quiet-time is -1.0; it must be at least 0"),
        (("--quiet-time", "nan"), "--quiet-time is nan"),
        (("--max-instance-mb", "0"), "--max-instance-mb is 0.0; it must be above 0"),
        (("--attempts", "0"), "--attempts is 0; it must be at least 1"),
        (("--ae-title", "A" * 17), "an AE title has 1 to 16"),
        (("--allow", "A\\B"), "an AE title has 1 to 16"),
        (("--tls-cert", "absent.pem"), r"absent\.pem, which is not a file.*given together"),
        (("--log-format", "xml"), "it must be json or text"),
        (("--config", "absent.yaml"), "absent.yaml, which cannot be read"),
    ],
)
def test_bad_options(arguments, message):
    with pytest.raises(OptionError, match=message):
        parsed(*NEEDED, *arguments)


def test_all_problems_are_told_together():
    with pytest.raises(OptionError, match=r"(?s)--port.*--ae-title.*--send-to"):
        parsed("--spool", "x", "--port", "70000", "--ae-title", "")


def test_the_spool_is_needed():
    with pytest.raises(OptionError, match="--spool is missing"):
        parsed("--send-to", "dicom://A@host:104")

"""URLs of destinations."""

import pytest

from monai_covid.dicom.service.destinations import committing, parse_destination, parse_destinations
from monai_covid.errors import OptionError


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("dicom://PACS@10.0.0.1:104", ("dicom", "10.0.0.1", 104, "PACS")),
        ("dicoms://PACS_2@pacs.example:2762", ("dicoms", "pacs.example", 2762, "PACS_2")),
        ("http://host:8042/dicom-web", ("http", "host", 8042, "")),
        ("https://host/dicom-web/", ("https", "host", 443, "")),
        ("dicom://A@[::1]:104", ("dicom", "::1", 104, "A")),
    ],
)
def test_usable(url, parts):
    assert parse_destination(url)[1:] == parts


@pytest.mark.parametrize(
    "url",
    [
        "host:104",
        "dicom://host:104",
        "dicom://A@host",
        "dicom://A@host:70000",
        "dicom://A@host:104/x",
        "dicom://ABCDEFGHIJKLMNOPQ@host:104",
        "ftp://host/x",
        "https:///x",
        "https://host/x?y=z",
        "",
    ],
)
def test_unusable(url):
    with pytest.raises(OptionError, match=r"--send-to is .*; it must be dicom://"):
        parse_destination(url)


def test_credentials_in_a_url_are_refused_and_not_repeated():
    with pytest.raises(OptionError, match="environment") as told:
        parse_destination("https://someone:hush@host/dicom-web")
    assert "hush" not in str(told.value)


def test_the_same_twice():
    with pytest.raises(OptionError, match="twice"):
        parse_destinations(["http://host/a", "http://host/a/"])


def test_keys_differ_and_do_not_tell_the_url():
    keys = {parse_destination(f"dicom://A@host:{port}").key for port in (104, 105)}
    assert len(keys) == 2
    assert not any("host" in key for key in keys)


@pytest.mark.parametrize(
    "url",
    [
        "https://hush@host/dicom-web",
        "https://someone:hush@host/dicom-web",
        "https://host/dicom-web?token=hush",
        "https://host/dicom-web#hush",
        "dicom://AET:hush@host:104",
        "ftp://someone:hush@host",
        "dicom://AET@host:104?key=hush",
    ],
)
def test_what_may_be_secret_is_not_repeated(url):
    with pytest.raises(OptionError) as told:
        parse_destination(url)
    assert "hush" not in str(told.value)
    assert "host" in str(told.value)


TWO = ["dicom://A@host:104", "dicoms://B@other:105", "http://web/dicom-web"]


@pytest.mark.parametrize(
    ("urls", "given", "asked"),
    [
        (TWO, ["A"], {TWO[0]: TWO[0]}),
        (TWO, ["A", "B"], {TWO[0]: TWO[0], TWO[1]: TWO[1]}),
        (TWO, ["B=KEEP@there:11112"], {TWO[1]: "dicoms://KEEP@there:11112"}),
        (TWO, ["A=KEEP@[::1]:11112", "B"], {TWO[0]: "dicom://KEEP@[::1]:11112", TWO[1]: TWO[1]}),
        (TWO[1:], ["KEEP@there:11112"], {TWO[1]: "dicoms://KEEP@there:11112"}),
        (
            ["dicom://A@host:1", "dicom://A@host:2"],
            ["A"],
            {f"dicom://A@host:{k}": f"dicom://A@host:{k}" for k in (1, 2)},
        ),
    ],
)
def test_who_is_asked_for_storage_commitment(urls, given, asked):
    found = committing(parse_destinations(urls), given)
    assert {one.url: scp.url for one, scp in found.items()} == asked
    assert all(scp == parse_destination(scp.url) for scp in found.values())


@pytest.mark.parametrize(
    ("urls", "given", "message"),
    [
        (TWO, "C", r"C; it must be the AE title .*\(A, B\)"),
        (TWO, "C=KEEP@there:11112", r"it must be the AE title .*\(A, B\)"),
        (TWO, "KEEP@there:11112", "say of what: A=KEEP@there:11112 or B=KEEP@there:11112"),
        (TWO[2:], "KEEP@there:11112", "there is none"),
        (TWO[:1], "KEEP@there:99999", "at most 65535"),
        (TWO[:1], "KEEP@there", "it must be the AE title"),
    ],
)
def test_it_must_be_clear_who_is_asked_for_storage_commitment(urls, given, message):
    with pytest.raises(OptionError, match=message):
        committing(parse_destinations(urls), [given])

"""Names survive, whatever the character set."""

import io

import pytest
from pydicom import dcmread, dcmwrite

from monai_covid.dicom.results.instances import result_instances
from monai_covid.dicom.results.source import fitting_character_set
from tests.dicom.orthanc.people import PEOPLE, Person
from tests.dicom.orthanc.studies import radiograph
from tests.dicom.results.conftest import ALGORITHM, by_modality, found_in


def through_a_file(dataset):
    stream = io.BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    stream.seek(0)
    return dcmread(stream)


def written(dataset):
    stream = io.BytesIO()
    dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["SR", "PR", "OT", "SEG"])
@pytest.mark.parametrize(
    ("stated", "name"),
    [
        pytest.param(None, "Müller^Jürgen".encode("latin-1"), id="none stated, Latin-1"),
        pytest.param(None, "Διονυσιος".encode("iso8859-7"), id="none stated, Greek"),
        pytest.param("ISO_IR 203", "Lœuvre^Žofie".encode("iso8859-15"), id="Latin-9"),
        pytest.param(
            ["", "ISO 2022 IR 203"], b"\x1b-b" + "Œuvre".encode("iso8859-15"), id="Latin-9 extended"
        ),
        pytest.param(
            ["", "ISO 2022 IR 58"],
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab",
            id="simplified Chinese",
        ),
    ],
)
def test_bytes_survive_where_pydicom_reads_other_letters(stated, name, kind):
    source = radiograph(PEOPLE[0], "names")
    source.PatientName = "N" * len(name)
    if stated:
        source.SpecificCharacterSet = stated
    raw = written(source).replace(b"N" * len(name), name)
    read = dcmread(io.BytesIO(raw))
    result = by_modality(result_instances(found_in(read), ALGORITHM))[kind]
    assert name in written(result)
    assert result.get("SpecificCharacterSet") == read.get("SpecificCharacterSet")


@pytest.mark.parametrize("kind", ["SR", "PR", "OT", "SEG"])
@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.identifier)
def test_names_survive(person, kind):
    source = through_a_file(radiograph(person, "names"))
    assert source.PatientName == person.name
    result = by_modality(result_instances(found_in(source), ALGORITHM))[kind]
    read = through_a_file(result)
    assert read.PatientName == person.name
    assert read.get("SpecificCharacterSet") == source.get("SpecificCharacterSet")


def test_nothing_about_the_patient_is_printed(recwarn, caplog, capsys):
    person = Person("Unverwechselbar", "SECRET-7", sex="U", birth_date="31.12.1960")
    with pytest.warns(UserWarning, match="DA"):
        source = radiograph(person, "names")
    recwarn.clear()
    caplog.clear()
    results = result_instances(found_in(source), ALGORITHM)
    printed = "".join(str(each.message) for each in recwarn) + caplog.text + capsys.readouterr().err
    assert not any(word in printed for word in ("Unverwechselbar", "SECRET", "1960"))
    assert not any(each.PatientSex or each.PatientBirthDate for each in results)


def test_a_character_set_that_is_wrong_becomes_utf_8():
    source = radiograph(Person("Müller^Jürgen", "WRONG"), "names")
    source.SpecificCharacterSet = "ISO_IR 144"
    result = by_modality(result_instances(found_in(source), ALGORITHM))["SR"]
    assert through_a_file(result).PatientName == "Müller^Jürgen"
    assert result.SpecificCharacterSet == "ISO_IR 192"


@pytest.mark.parametrize("stated", ["ISO_IR 999", ["ISO_IR 100", "nonsense"]])
def test_a_character_set_that_does_not_exist_becomes_utf_8(stated):
    header = radiograph(PEOPLE[0], "names")
    header.SpecificCharacterSet = stated
    assert fitting_character_set(header) == "ISO_IR 192"


def test_no_character_set_stays_none_for_plain_letters():
    assert fitting_character_set(radiograph(PEOPLE[0], "names")) is None


def test_words_of_the_result_count_too():
    header = radiograph(PEOPLE[1], "names")
    assert fitting_character_set(header, "Entzündung") == "ISO_IR 100"
    assert fitting_character_set(header, "воспаление") == "ISO_IR 192"
    header.SpecificCharacterSet = "ISO_IR 203"
    assert fitting_character_set(header, "plain") == "ISO_IR 203"
    assert fitting_character_set(header, "воспаление") == "ISO_IR 192"

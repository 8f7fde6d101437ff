"""Whose a data set is."""

import io

import pytest
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from monai_covid.dicom.service.acceptance import Identity, RefusedError, identify, key_of
from tests.dicom.service.studies import image


def encoded(dataset: Dataset, implicit: bool) -> bytes:
    stream = DicomBytesIO()
    stream.is_implicit_VR, stream.is_little_endian = implicit, True
    write_dataset(stream, dataset)
    return stream.getvalue()


def identity(dataset, implicit=False, largest=10**6) -> Identity:
    syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    data = encoded(dataset, implicit)
    return identify(data, syntax, dataset.SOPClassUID, dataset.SOPInstanceUID, largest)


def test_the_same_image_in_another_encoding_is_the_same():
    one = image()
    assert identity(one) == identity(one, implicit=True)


@pytest.mark.parametrize(
    ("change", "together"),
    [
        ({"SeriesInstanceUID": "1.9"}, True),
        ({"PatientName": "OTHER^SPELLING"}, True),
        ({"PatientID": "SECRET-ID-4711 "}, True),
        ({"PatientID": "SECRET-ID-4712"}, False),
        ({"IssuerOfPatientID": "ELSEWHERE"}, False),
        ({"StudyInstanceUID": "1.9"}, False),
    ],
)
def test_images_of_one_study_and_patient_belong_together(change, together):
    one = image("1.2")
    other = image("1.2", **change)
    assert (identity(one).group == identity(other).group) == together


@pytest.mark.parametrize("change", [{"PatientName": "OTHER"}, {"PatientBirthDate": "19330406"}])
def test_without_a_patient_id_name_and_birth_date_tell_patients_apart(change):
    one = image("1.2", PatientID="")
    assert identity(one).group == identity(image("1.2", PatientID="", seed=4)).group
    assert identity(one).group != identity(image("1.2", PatientID="", **change)).group


def test_keys_do_not_run_into_each_other():
    assert key_of("ab", "c") != key_of("a", "bc") != key_of("abc")
    assert key_of("ab") == key_of(b"ab")


@pytest.mark.parametrize("kept", [1, 7, 8, 20, 131, 500])
def test_a_data_set_that_ends_anywhere_else_is_refused(kept):
    one = image()
    data = encoded(one, False)
    with pytest.raises(RefusedError):
        identify(data[:-kept], ExplicitVRLittleEndian, one.SOPClassUID, one.SOPInstanceUID, 10**6)


def test_reasons_hold_no_values(monkeypatch):
    one = image()
    data = encoded(one, False)
    for end in range(0, len(data) - 1, 37):
        with pytest.raises(RefusedError) as told:
            identify(data[:end], ExplicitVRLittleEndian, one.SOPClassUID, one.SOPInstanceUID, 10**6)
        assert "SECRET" not in str(told.value)
    assert io.BytesIO(data).read() == data

"""The conformance statement says what the service and its results are."""

import re
from pathlib import Path

from pydicom.uid import UID

from monai_covid.dicom.results.instances import result_instances
from monai_covid.dicom.service.acceptance import (
    CANNOT_UNDERSTAND,
    DUPLICATE,
    MISMATCH,
    OUT_OF_RESOURCES,
)
from monai_covid.dicom.service.connections import supported_contexts
from tests.dicom.orthanc.people import PEOPLE
from tests.dicom.orthanc.studies import radiograph
from tests.dicom.results.conftest import ALGORITHM, found_in

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "dicom-conformance.md"
TEXT = PAGE.read_text(encoding="utf-8")


def section(title):
    """Text from a heading to the next one."""
    return TEXT.split(f"{title}\n", 1)[1].split("\n#", 1)[0]


def listed_uids(text):
    return set(re.findall(r"1\.2\.840\.10008[.\d]+", text))


def test_it_lists_what_is_accepted():
    contexts = supported_contexts()
    classes = {str(each.abstract_syntax) for each in contexts}
    syntaxes = {
        str(syntax)
        for each in contexts
        if UID(each.abstract_syntax).name != "Verification SOP Class"
        for syntax in each.transfer_syntax
    }
    assert listed_uids(section("### 2.1 As SCP")) == classes | syntaxes


def test_it_lists_the_statuses_of_c_store():
    stated = {int(code, 16) for code in re.findall(r"\| ([0-9A-F]{4})H \|", TEXT)}
    assert stated == {0x0000, DUPLICATE, OUT_OF_RESOURCES, MISMATCH, CANNOT_UNDERSTAND}


def test_it_lists_the_private_codes_that_are_written():
    finding = found_in(radiograph(PEOPLE[0], "conformance"))
    written = {
        item.CodeValue
        for instance in result_instances(finding, ALGORITHM)
        for element in instance.iterall()
        if element.VR == "SQ"
        for item in element.value
        if item.get("CodingSchemeDesignator") == "99MONAICOVID" and "CodeValue" in item
    }
    table = section("### 4.1 Comprehensive 3D SR (TID 1500)").rpartition("| code |")[2]
    assert set(re.findall(r"\b[A-Z][A-Z_0-9]{4,}\b", table)) == written


def test_it_names_the_sop_classes_that_are_sent():
    finding = found_in(radiograph(PEOPLE[0], "conformance"))
    text = " ".join(section("### 2.2 As SCU").split())
    for instance in result_instances(finding, ALGORITHM):
        name = instance.SOPClassUID.name.removesuffix(" Storage").removesuffix(" Image")
        assert name in text

"""Which instances of a study are processed: frontal chest radiographs, and nothing made of them."""

from monai_covid.dicom.eligibility.reasons import ineligibility
from monai_covid.dicom.header import read_header

__all__ = ["ineligibility", "read_header"]

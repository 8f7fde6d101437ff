"""Synthetic chest radiographs with ground truth, for demonstrations, tests and audits.

The images follow from a seed alone. They show what a radiograph shows, but no person: nothing that
is measured on them says anything about patients.
"""

from monai_covid.data.phantom.dicom_object import write_phantom_dicom
from monai_covid.data.phantom.generate import generate_covid_case, generate_nih_case
from monai_covid.data.phantom.image import PhantomImage
from monai_covid.data.phantom.options import PhantomOptions
from monai_covid.data.phantom.write_covid import write_covid_phantom
from monai_covid.data.phantom.write_nih import write_nih_phantom
from monai_covid.data.phantom.write_phantom import write_phantom

__all__ = [
    "PhantomImage",
    "PhantomOptions",
    "generate_covid_case",
    "generate_nih_case",
    "write_covid_phantom",
    "write_nih_phantom",
    "write_phantom",
    "write_phantom_dicom",
]

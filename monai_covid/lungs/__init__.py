"""Lung fields in frontal chest radiographs, and whether an image is one at all."""

from monai_covid.lungs.fields import LungFields
from monai_covid.lungs.find import find_lungs

__all__ = ["LungFields", "find_lungs"]

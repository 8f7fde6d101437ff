"""Leaks: patients and copies of images in two folds, splits or collections."""

from monai_covid.audits.leaks.audit import audit

__all__ = ["audit"]

"""What can be told without looking at lungs: shape, border, texture, and a model without lungs."""

from monai_covid.audits.shortcuts.audit import audit

__all__ = ["audit"]

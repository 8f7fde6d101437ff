"""Is it what readers see? The model beside people who looked at the same images."""

from monai_covid.audits.readings.audit import audit

__all__ = ["audit"]

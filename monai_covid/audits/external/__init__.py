"""External set: what is left of the performance on images of other hospitals?"""

from monai_covid.audits.external.audit import audit

__all__ = ["audit"]

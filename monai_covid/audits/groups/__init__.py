"""Who and where: does the model serve every group of patients alike?"""

from monai_covid.audits.groups.audit import audit

__all__ = ["audit"]

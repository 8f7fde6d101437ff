"""Pages of results from stored study files: tables, figures, and what they mean in plain words.

Nothing in here imports torch or MONAI, trains or evaluates anything: the same file gives the same
pages, byte for byte.
"""

from monai_covid.studies.pages.folder import write_results
from monai_covid.studies.pages.records import Study
from monai_covid.studies.pages.stored import read_study

__all__ = ["Study", "read_study", "write_results"]

"""Does the model read the words on the images?"""

from monai_covid.audits.words.run import audit

__all__ = ["audit"]

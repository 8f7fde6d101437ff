"""DICOM to pixels, without torch."""

"""The DICOM objects that a study is answered with."""

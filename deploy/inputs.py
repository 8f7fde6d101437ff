"""The studies in a folder of files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydicom.uid import MediaStorageDirectoryStorage

from monai_covid.dicom.reading.header import read_header
from monai_covid.errors import ImageReadError
from study_key import NO_STUDY, StudyKey, study_key


class RefusedFile(NamedTuple):
    """A file that belongs to no study.

    Attributes:
        sha256: Of its content, to find it again without its name, which may be the patient's; empty
            where it cannot be read.
        reason: Why.
    """

    sha256: str
    reason: str


class Inputs(NamedTuple):
    """What is in a folder.

    Attributes:
        studies: Files of each study of each patient, sorted by path.
        refused: The other files.
    """

    studies: dict[StudyKey, list[Path]]
    refused: list[RefusedFile]


def find_studies(folder: Path) -> Inputs:
    """Group the files in ``folder`` and the folders in it, or the one file ``folder``."""
    studies: dict[StudyKey, list[Path]] = {}
    refused = []
    for file in _files(folder):
        try:
            studies.setdefault(_key(file), []).append(file)
        except ImageReadError as error:
            refused.append(RefusedFile(_sha256(file), str(error).removeprefix(f"{file}: ")))
    return Inputs(studies, refused)


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        yield folder
        return
    # Links to folders are not followed: they can lead in circles.
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield Path(parent) / name


def _key(file: Path) -> StudyKey:
    if not file.is_file():
        raise ImageReadError(f"{file}: is a broken link or no regular file")
    dataset = read_header(file)
    if dataset.file_meta.get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
        raise ImageReadError(f"{file}: is a DICOMDIR, which has no image; the files beside it do")
    key = study_key(dataset)
    if not key.study_instance_uid:
        raise ImageReadError(f"{file}: {NO_STUDY}")
    return key


def _sha256(file: Path) -> str:
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""

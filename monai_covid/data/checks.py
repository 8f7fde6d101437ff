"""Checking a whole collection before training: all problems at once, or a summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from monai_covid.data.folders import as_paths
from monai_covid.data.image_checks import DeepCheck, check_images, same_pixels
from monai_covid.data.manifest import has_folds, inspect_manifest
from monai_covid.data.nih import inspect_nih
from monai_covid.data.patients import drop_manifest_patients
from monai_covid.data.records import Records
from monai_covid.data.summaries import (
    Part,
    Summary,
    count_formats,
    count_part,
    count_parts,
    size_range,
)
from monai_covid.errors import InputError, Problem
from monai_covid.labels import COVID_LABELS, NIH_LABELS


def check_nih(
    dataset_dir: Path | str,
    exclude_manifests: Path | str | Sequence[Path | str] | None = (),
    deep: bool = True,
    progress: bool = True,
    labels: Sequence[str] = NIH_LABELS,
) -> Summary:
    """Check a folder in the layout of ChestX-ray14.

    Args:
        dataset_dir: The folder, see :func:`monai_covid.data.nih.read_nih`.
        exclude_manifests: Manifests of stage 3 (one or several); their patients are left out.
        deep: Also read every image that is used.
        progress: Show a progress bar on standard error while images are read.
        labels: The outputs.

    Returns:
        Summary of the images that are used, ``str()`` of which is for people.

    Raises:
        InputError: Lists everything that is wrong.
    """
    inspection = inspect_nih(dataset_dir, labels)
    excluded = drop_manifest_patients(inspection.records, as_paths(exclude_manifests))
    left_out = {
        "in neither list": inspection.unlisted,
        f"of {excluded.patients} patients who are in the excluded manifests": excluded.images,
    }
    records = excluded.records
    parts = count_parts(records, "split")
    images = check_images(records, progress) if deep else DeepCheck([], [])
    return _checked(records, inspection.problems, parts, left_out, images)


def check_covid(
    manifest: Path | str,
    image_dir: Path | str | None = None,
    deep: bool = True,
    progress: bool = True,
    labels: Sequence[str] = COVID_LABELS,
) -> Summary:
    """Check a manifest and its images.

    Args:
        manifest: CSV file, or folder that holds ``metadata.csv``.
        image_dir: Folder of the images, if not beside the manifest.
        deep: Also read every image.
        progress: Show a progress bar on standard error while images are read.
        labels: The class names.

    Returns:
        Summary, ``str()`` of which is for people.

    Raises:
        InputError: Lists everything that is wrong.
    """
    records, problems = inspect_manifest(manifest, labels, image_dir)
    parts = count_parts(records, "fold") if has_folds(records.frame) else {}
    images = check_images(records, progress) if deep else DeepCheck([], [])
    return _checked(records, problems, parts, {}, images)


def _checked(
    records: Records,
    problems: list[Problem],
    parts: Mapping[str, Part],
    left_out: Mapping[str, int],
    images: DeepCheck,
) -> Summary:
    problems = [*problems, *images.problems]
    if not len(records):
        reasons = ", ".join(f"{count} {why}" for why, count in left_out.items() if count)
        problems.append(Problem(records.file, None, f"no images are left; left out: {reasons}"))
    if problems:
        raise InputError(problems)
    return Summary(
        file=records.file,
        total=count_part(records),
        parts=parts,
        formats=count_formats(records),
        left_out={why: count for why, count in left_out.items() if count},
        sizes=size_range(images.facts),
        notes=tuple(same_pixels(records, images.facts)),
    )

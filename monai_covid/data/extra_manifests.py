"""Adding the images of further manifests to the training section."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from monai_covid.data.manifest import read_manifest
from monai_covid.data.patients import drop_patients, patients_in
from monai_covid.data.records import ATTRIBUTES, Datalist, Records
from monai_covid.errors import InputError, Problem


def extra_records(manifests: Sequence[Path], main: Records) -> list[Records]:
    """Read ``manifests`` without the patients of ``main``.

    Args:
        manifests: CSV files, or folders that hold ``metadata.csv``.
        main: All records of the main manifest, whatever section they are in.

    Raises:
        InputError: A manifest has problems, adds no patient, or repeats an image of another one.
    """
    found = []
    seen = set(main.paths)
    for manifest in manifests:
        extra = drop_patients(read_manifest(manifest, main.labels), patients_in(main.frame)).records
        if not len(extra):
            message = f"adds nothing: all its patients are also in {main.file}"
            raise InputError([Problem(manifest, None, message)])
        _check_new(extra, seen)
        seen.update(extra.paths)
        found.append(extra)
    return found


def with_extra_records(items: Datalist, extra: Sequence[Records]) -> Datalist:
    """Add the images of ``extra`` to ``items``; all have the same keys then."""
    added = [item for records in extra for item in records.single_label_datalist()]
    return _same_keys([*items, *added])


def _check_new(extra: Records, seen: set[str]) -> None:
    problems = [
        Problem(extra.file, line, f"image {path!r} is also in another manifest; keep it in one")
        for line, path in zip(extra.frame.index.tolist(), extra.paths.tolist(), strict=True)
        if path in seen
    ]
    if problems:
        raise InputError(problems)


def _same_keys(items: Datalist) -> Datalist:
    """Fill in attributes that only some manifests have: batches are collated key by key."""
    missing = {name: "" for name in ATTRIBUTES if any(name in item for item in items)}
    return [{**item, **{k: v for k, v in missing.items() if k not in item}} for item in items]

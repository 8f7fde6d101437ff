"""The classes of a run, and which output neurons they keep: options of the bundle's configs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from monai_covid.data.collections.reading import read_collection
from monai_covid.errors import OptionError
from monai_covid.labels import LabelSet, chosen_labels, known_labels, register_display_names


def run_labels(
    classes: str | Path | Sequence[str] | None = None,
    manifest: Path | str | None = None,
    image_dir: Path | str | None = None,
    patient_pattern: str | None = None,
) -> LabelSet:
    """Return the label set of a run.

    Args:
        classes: As `chosen_labels` takes them; None: what the collection has.
        manifest: The collection.
        image_dir: Folder of the manifest's images.
        patient_pattern: As for `read_collection`.

    Raises:
        InputError: If the collection or the label set has problems.
        OptionError: If no such label set can be found.
    """
    if classes is None:
        if manifest is None:
            raise OptionError("name the label set with --classes")
        records = read_collection(manifest, image_dir=image_dir, patient_pattern=patient_pattern)
        return known_labels(records.labels, exclusive=None if records.exclusive else False)
    labels = chosen_labels(classes)
    register_display_names(labels)
    return labels


def kept_neurons(keep: str | Mapping[str, str] | None) -> dict[str, str] | None:
    """Return which output neurons are kept, label of stage 2 -> class, as an option says it.

    Args:
        keep: ``"Pneumonia=pneumonia,No Finding=normal"``, or a mapping; None: the label set says.

    Raises:
        OptionError: If it is neither.
    """
    if keep is None or isinstance(keep, Mapping):
        return None if keep is None else dict(keep)
    pairs = [pair.partition("=") for pair in keep.split(",")]
    wrong = [source for source, sign, target in pairs if not (source.strip() and target.strip())]
    if wrong:
        raise OptionError(
            f"--keep {keep!r}: {wrong[0]!r} is no pair; write LABEL_OF_STAGE_2=CLASS, several "
            "divided by commas"
        )
    return {source.strip(): target.strip() for source, _, target in pairs}

"""``monai-covid merge-data``: one manifest of several collections, with their hospitals."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from monai_covid.cli.arguments import add_out, add_shared, check_numbers, check_out
from monai_covid.data.collections.named_labels import folded
from monai_covid.data.collections.reading import read_collection
from monai_covid.data.files import atomic_path
from monai_covid.data.merging import SOURCE, Origin, merge
from monai_covid.data.nih import read_nih_as_stage3
from monai_covid.data.records import Records
from monai_covid.errors import OptionError
from monai_covid.labels import LabelSet, chosen_labels, in_known_order, known_labels

NIH_SOURCE = "NIH ChestX-ray14"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    add_shared(parser, "data", nargs="+", required=True)
    add_shared(parser, "nih", "classes")
    parser.add_argument(
        "--nih-source", default=NIH_SOURCE, help=f"name of ChestX-ray14 ({NIH_SOURCE})"
    )
    parser.add_argument(
        "--same-patients",
        action="store_true",
        help="an id is the same patient in all collections (only of ChestX-ray14)",
    )
    parser.add_argument(
        "--origin",
        metavar="COLUMN",
        help="divide a source by where its images come from, such as origin_url",
    )
    parser.add_argument(
        "--fewest",
        type=int,
        default=10,
        help="patients that a part of a source needs, or it is among the others (10)",
    )
    add_out(parser, "CSV file to write")


def run(options: argparse.Namespace) -> int:
    """Write the manifest; say what was taken of each collection, and the hospitals."""
    check_numbers(options, fewest=1)
    if options.out.suffix.lower() != ".csv":
        raise OptionError(f"--out {options.out}: give a CSV file, such as all/metadata.csv")
    check_out(options.out, overwrite=options.overwrite)
    collections = [(_name(path), read_collection(path)) for path in options.data]
    labels = _labels(options, [records for _, records in collections])
    if options.nih is not None:
        collections.append((options.nih_source, read_nih_as_stage3(options.nih, labels)))
    origin = None if options.origin is None else Origin(options.origin, options.fewest)
    merged = merge(collections, labels.names, origin, same_patients=options.same_patients)
    with atomic_path(options.out) as temporary:
        merged.frame.to_csv(temporary, index=False, lineterminator="\n")
    print("\n".join(merged.notes))
    counts = merged.frame.groupby([SOURCE, "label"]).size().unstack(fill_value=0)
    print(f"\n{counts[list(labels.names)].to_string()}\n\n{options.out}")
    return 0


def _labels(options: argparse.Namespace, collections: Sequence[Records]) -> LabelSet:
    """Return the classes to keep: those asked for, else all of the collections."""
    if options.classes is not None:
        return chosen_labels(options.classes)
    names = {folded(name): name for records in collections for name in records.labels}
    return known_labels(in_known_order(list(names.values())))


def _name(path: Path) -> str:
    """Return the collection's folder, or its manifest if that has a name of its own."""
    place = path.resolve()
    if place.is_file():
        return place.parent.name if place.stem == "metadata" else place.stem
    return place.name

"""What a collection holds, as numbers and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from monai_covid.data.records import Records

NOTES_SHOWN = 10


class Part(NamedTuple):
    """Numbers of a collection, a fold or a split.

    Attributes:
        images: Number of images.
        patients: Number of patients.
        labels: Images per label; an image with several labels counts for each.
    """

    images: int
    patients: int
    labels: dict[str, int]


class SizeRange(NamedTuple):
    """Smallest and largest image sides, in pixels."""

    least_height: int
    most_height: int
    least_width: int
    most_width: int


@dataclass(frozen=True)
class Summary:
    """What a collection holds.

    Attributes:
        file: Its CSV.
        total: Numbers of all images that are used.
        parts: The same per fold or split.
        formats: Images per file ending.
        left_out: Why images were left out -> how many.
        sizes: Range of the image sizes; None without deep check.
        notes: What is no error but worth knowing.
    """

    file: Path
    total: Part
    parts: Mapping[str, Part]
    formats: Mapping[str, int]
    left_out: Mapping[str, int] = field(default_factory=dict)
    sizes: SizeRange | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return a table of the parts and lines for the rest."""
        return "\n".join([str(self.file), *self._table(), *self._facts()])

    def _table(self) -> list[str]:
        columns = {"all": self.total, **self.parts}
        rows = [("", *columns)]
        rows.append(("images", *(str(part.images) for part in columns.values())))
        rows.append(("patients", *(str(part.patients) for part in columns.values())))
        for label in self.total.labels:
            rows.append((label, *(str(part.labels[label]) for part in columns.values())))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        return [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
            for row in rows
        ]

    def _facts(self) -> list[str]:
        formats = ", ".join(f"{ending} {count}" for ending, count in self.formats.items())
        lines = [f"formats: {formats}"]
        if self.sizes:
            low_h, high_h, low_w, high_w = self.sizes
            lines.append(f"sizes: width {low_w} to {high_w}, height {low_h} to {high_h} pixels")
        lines += [f"left out: {count} images {why}" for why, count in self.left_out.items()]
        lines += [f"note: {note}" for note in self.notes[:NOTES_SHOWN]]
        hidden = len(self.notes) - NOTES_SHOWN
        return [*lines, f"note: … and {hidden} more"] if hidden > 0 else lines


def count_part(records: Records) -> Part:
    """Count images, patients and labels."""
    counts = records.targets.sum(axis=0).tolist()
    labels = dict(zip(records.labels, counts, strict=True))
    return Part(len(records), len(set(records.patients)), labels)


def count_parts(records: Records, column: str) -> dict[str, Part]:
    """Count for every value of a column, by number or name; numbers get the column's name."""
    values = records.frame[column].to_numpy(dtype=object)
    names = sorted(set(values), key=lambda value: (value.zfill(9), value))
    return {
        f"{column} {name}" if name.isdigit() else name: count_part(records.select(values == name))
        for name in names
    }


def count_formats(records: Records) -> dict[str, int]:
    """Count file endings, in lower case, the commonest first."""
    endings = Counter(Path(path).suffix.lower() or "no ending" for path in records.paths if path)
    return dict(endings.most_common())

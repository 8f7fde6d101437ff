"""The labelled images of one collection, as both readers give them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

ATTRIBUTES = ("view", "sex", "age", "source")
"""Optional columns that go into a datalist."""

Datalist = list[dict[str, Any]]
"""What MONAI datasets take: one dictionary per image."""


@dataclass(frozen=True)
class Records:
    """Labelled images.

    Attributes:
        file: The CSV they come from.
        labels: The ``C`` label names.
        frame: ``N`` rows of str, indexed by line in ``file``: ``image`` (as written in the CSV),
            ``patient_id``, and optional columns.
        paths: ``(N,)`` str, the absolute path of each image, empty if there is no such image.
        targets: ``(N, C)`` bool, True where the image carries the label.
        known: ``(N, C)`` bool, False where nobody knows whether it does (``targets`` is False
            there); None: all is known.
    """

    file: Path
    labels: tuple[str, ...]
    frame: pd.DataFrame
    paths: NDArray[np.object_]
    targets: NDArray[np.bool_]
    known: NDArray[np.bool_] | None = None

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.frame)

    @property
    def patients(self) -> NDArray[np.object_]:
        """Patient of each image, ``(N,)`` str."""
        return self.frame["patient_id"].to_numpy(dtype=object)

    @property
    def classes(self) -> NDArray[np.intp]:
        """Class index of each image, ``(N,)``; only meaningful with one label per image."""
        classes: NDArray[np.intp] = self.targets.argmax(axis=1)
        return classes

    @property
    def exclusive(self) -> bool:
        """Whether each image is known to have exactly one label."""
        return bool((self.targets.sum(axis=1) == 1).all()) and self.known is None

    def select(self, keep: NDArray[np.bool_]) -> Records:
        """Return the images for which ``keep``, ``(N,)`` bool, is True, in the same order."""
        return replace(
            self,
            frame=self.frame.loc[keep],
            paths=self.paths[keep],
            targets=self.targets[keep],
            known=None if self.known is None else self.known[keep],
        )

    def single_label_datalist(self) -> Datalist:
        """Return MONAI items whose ``label`` is the class index (int)."""
        return self._datalist(self.classes.tolist())

    def multi_label_datalist(self) -> Datalist:
        """Return MONAI items whose ``label`` is ``C`` floats: 0.0, 1.0, or NaN where not known."""
        labels = self.targets.astype(float)
        if self.known is not None:
            labels[~self.known] = np.nan
        return self._datalist(labels.tolist())

    def _datalist(self, labels: list[Any]) -> Datalist:
        """Give every item the same keys, because batches are collated key by key."""
        columns = [name for name in ATTRIBUTES if name in self.frame]
        keys = ("image", "label", "patient_id", "name", *columns)
        values = zip(
            self.paths.tolist(),
            labels,
            self.frame["patient_id"],
            self.frame["image"],
            *(self.frame[name] for name in columns),
            strict=True,
        )
        return [dict(zip(keys, row, strict=True)) for row in values]

"""How and where a study is computed; nothing here changes its results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from monai_covid.networks import EFFICIENTNET
from monai_covid.studies.collections import Collections


@dataclass(frozen=True)
class Machine:
    """What runs need beside the study.

    Attributes:
        bundle: Folder of the bundle.
        data: The collections.
        leave_out: CSV files of images that runs with further manifests leave out, such as copies of
            test images among them.
        imagenet: Weights file of each network; None or absent for random weights.
        device: Where to compute; None for a GPU if there is one.
        progress: Whether to show progress bars.
        resamples: Bootstrap resamples.
    """

    bundle: Path
    data: Collections
    leave_out: tuple[Path, ...] = ()
    imagenet: Mapping[str, Path | None] = field(default_factory=dict)
    device: str | None = None
    progress: bool = False
    resamples: int = 2000

    def shown(self) -> dict[str, Any]:
        """Return the options of every config that say where to compute and what to show."""
        return {"device": self.device, "progress": self.progress}

    def further_images(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of further images for training, and of those left out with them.

        Args:
            options: Options of stage 3; ``extra_manifests`` may name a collection.
        """
        if not options.get("extra_manifests"):
            return {}
        found = {"extra_manifests": self.data.extra_manifests(options["extra_manifests"])}
        if self.leave_out:
            found["leave_out_images"] = [str(file) for file in self.leave_out]
        return found

    def imagenet_option(self, architecture: str) -> str:
        """Return the option ``imagenet`` of a network."""
        if architecture == EFFICIENTNET:
            return "required"
        file = self.imagenet.get(architecture)
        return "none" if file is None else str(file)

"""Which model the service answers with, and what it makes of an image."""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from monai_covid.dicom.results.instances import RESULT_KINDS, chosen_kinds
from monai_covid.dicom.service.options import settings_of
from monai_covid.dicom.service.settings import Settings
from monai_covid.errors import OptionError


class ServiceOptions(NamedTuple):
    """What the options of the service ask for.

    Attributes:
        settings: The settings of the service.
        model: The model file.
        device: Where to compute; None: on a GPU if there is one.
        kinds: Which results are made.
        keep_unsuitable: Whether images that do not look like a chest are processed.
    """

    settings: Settings
    model: Path
    device: str | None
    kinds: tuple[str, ...]
    keep_unsuitable: bool

    @property
    def about(self) -> dict[str, str]:
        """Name and SHA-256 of the model file, as the status page shows them."""
        with self.model.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"model": self.model.name, "sha256": digest}


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses the kinds of results."""
    parser.add_argument(
        "--results",
        metavar="KINDS",
        help=f"which results are made: {','.join(RESULT_KINDS)} (all of them)",
    )


def service_options(
    options: argparse.Namespace, find: Callable[[Path | None], Path]
) -> ServiceOptions:
    """Return what the command line and its YAML file ask for.

    Args:
        options: Parsed options: those of `add_service_options` and `add_results`, ``model``,
            ``device`` and ``keep_unsuitable``.
        find: Returns the model file that ``--model`` means; None if it is not given.

    Raises:
        OptionError: An option is unknown, missing or has an unusable value.
    """
    settings = settings_of(options, also=("model", "device", "results", "keep_unsuitable"))
    keep_unsuitable = options.keep_unsuitable or False
    if not isinstance(keep_unsuitable, bool):
        raise OptionError(f"keep-unsuitable is {keep_unsuitable!r}; give true or false")
    model = find(None if options.model is None else Path(options.model))
    return ServiceOptions(
        settings, model, options.device, chosen_kinds(options.results), keep_unsuitable
    )

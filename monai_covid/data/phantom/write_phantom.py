"""Both phantoms in one folder, consistent with each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from monai_covid.data.phantom.folder import new_folder
from monai_covid.data.phantom.options import PhantomOptions
from monai_covid.data.phantom.schedule import plan_covid, plan_nih
from monai_covid.data.phantom.write_covid import check_sharing, count_images, fill_covid_folder
from monai_covid.data.phantom.write_nih import fill_nih_folder


def write_phantom(
    out: Path | str,
    *,
    nih_images: int,
    covid_images_per_class: int | Mapping[str, int],
    seed: int,
    options: PhantomOptions | None = None,
    shared_fraction: float = 0.25,
    overwrite: bool = False,
    progress: bool = False,
) -> Path:
    """Write ``out/nih`` and ``out/covid``, with some patients in both.

    Args:
        out: Folder to make.
        nih_images: Number of images of the NIH phantom, at least 2; 0 leaves ``out/nih`` out.
        covid_images_per_class: Images of each class, one number for all or a number by label.
        seed: Seed of both, at least 0.
        options: Settings of the generator; defaults if None.
        shared_fraction: Part of ``pneumonia`` and ``normal`` that is also in ``out/nih``, 0 to 1.
        overwrite: Replace a phantom that is already there.
        progress: Show progress bars.

    Returns:
        ``out``.

    Raises:
        ValueError: If a number is out of its range or a label is unknown.
        InputError: If ``out`` cannot be written to.
    """
    counts = count_images(covid_images_per_class)
    check_sharing(seed, nih_images, shared_fraction)
    options = options or PhantomOptions()
    rows = plan_covid(seed, counts, plan_nih(seed, nih_images), shared_fraction)
    with new_folder(out, frozenset({"nih", "covid"}), overwrite=overwrite) as folder:
        if nih_images:
            (folder / "nih").mkdir()
            fill_nih_folder(folder / "nih", nih_images, seed, options, progress=progress)
        (folder / "covid").mkdir()
        fill_covid_folder(folder / "covid", rows, seed, options, progress=progress)
    return Path(out)

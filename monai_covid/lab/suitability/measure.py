"""``python -m monai_covid.lab.suitability.measure``: how often suitability errs, with intervals.

Measured on real chest radiographs that nothing was trained on, as they are and corrupted, and on
images of other things. Needs the folder of real images with ``covid``, ``covid_extra``, ``nih`` and
``dicom``.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from monai_covid.data.images import read_image
from monai_covid.dicom.reading.pixels import read_radiograph
from monai_covid.lab.suitability.collection import HELD_OUT_FOLD
from monai_covid.lab.suitability.foreign import foreign_images
from monai_covid.lab.suitability.negatives import MAKERS, laterals
from monai_covid.preprocessing.suitability.assess import Suitability, assess
from monai_covid.preprocessing.suitability.network import WEIGHTS_FILE, Trained, load_trained

Pixels = NDArray[np.float32]

FRESH_SEED = 77
"""Of synthetic pictures that are drawn like those of the training, but are others."""


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, default=WEIGHTS_FILE)
    parser.add_argument("--refused", type=Path, help="file that gets the refused right images")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    trained = load_trained(options.weights, "")
    sets = {
        name: [(path, read_image(path)) for path in paths]
        for name, paths in held_out_sets(options.data).items()
    }
    lines = []
    for name, images in sets.items():
        print(_line(f"refused: {name}", verdicts := _assessed((p for _, p in images), trained)))
        mirrored = sum("mirrored" in verdict.caution_codes for verdict in verdicts)
        print(f"    cautioned as mirrored: {Proportion(mirrored, len(verdicts))}")
        for (path, _), verdict in zip(images, verdicts, strict=True):
            lines += [] if verdict.suitable else [f"{path}\t{','.join(verdict.codes)}"]
    if options.refused:
        options.refused.write_text("\n".join(lines) + "\n")
    right = [pixels for images in sets.values() for _, pixels in images]
    _print_spoilt(right, trained)
    _print_others(trained)
    for path in sorted((options.data / "dicom").glob("*.dcm")):
        verdict = assess(read_radiograph(path), trained)
        print(f"{path.name}: {verdict.codes or 'suitable'} {verdict.caution_codes}")


class Proportion(NamedTuple):
    """A share of independent cases.

    Attributes:
        cases: How often it happened.
        total: Of how many.
    """

    cases: int
    total: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval after Wilson, J. Am. Stat. Assoc. 22:209 (1927)."""
        bounds = binomtest(self.cases, self.total).proportion_ci(0.95, "wilson")
        return float(bounds.low), float(bounds.high)

    def __str__(self) -> str:
        """Return count, total, share and interval in percent."""
        if not self.total:
            return "0/0"
        low, high = self.interval
        share = self.cases / self.total
        return f"{self.cases}/{self.total} = {share:.1%} ({low:.1%} to {high:.1%})"


def held_out_sets(data: Path) -> dict[str, list[Path]]:
    """Return the images to measure on by set: covid fold 0 by class, the nih test list, extra.

    Args:
        data: Folder with ``covid``, ``covid_extra`` and ``nih``.
    """
    covid = pd.read_csv(data / "covid" / "metadata.csv", dtype=str)
    covid = covid[covid["fold"] == HELD_OUT_FOLD]
    extra = pd.read_csv(data / "covid_extra" / "metadata.csv", dtype=str)
    test = (data / "nih" / "test_list.txt").read_text().split()
    names = {
        f"covid fold 0, {label}": _paths(
            data / "covid", covid.loc[covid["label"] == label, "image"]
        )
        for label in ("covid19", "pneumonia", "normal")
    }
    return names | {
        "nih test list": _paths(data / "nih", test),
        "covid_extra": _paths(data / "covid_extra", extra["image"]),
    }


def _paths(folder: Path, names: pd.Series | list[str]) -> list[Path]:
    return [folder / "images" / name for name in names]


def upper_left(pixels: Pixels) -> Pixels:
    """Return the upper left quarter of the area."""
    height, width = pixels.shape
    return pixels[: height // 2, : width // 2]


def middle(pixels: Pixels) -> Pixels:
    """Return the middle quarter of the area."""
    height, width = pixels.shape
    return pixels[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4]


def bottom_third(pixels: Pixels) -> Pixels:
    """Return the lowest third."""
    return pixels[pixels.shape[0] * 2 // 3 :]


def shuffled(pixels: Pixels) -> Pixels:
    """Return the pixels in another order: noise with the grey values of a chest."""
    mixed: Pixels = np.random.default_rng(0).permutation(pixels.ravel()).reshape(pixels.shape)
    return mixed


CORRUPTIONS: Mapping[str, Callable[[Pixels], Pixels]] = MappingProxyType(
    {
        "turned by 90": np.rot90,
        "turned by 180": lambda pixels: np.rot90(pixels, 2),
        "turned by 270": lambda pixels: np.rot90(pixels, 3),
        "inverted": lambda pixels: pixels.max() + pixels.min() - pixels,
        "upside-down (flipped)": lambda pixels: pixels[::-1],
        "cut to a corner": upper_left,
        "cut to the middle": middle,
        "cut to the lowest third": bottom_third,
        "pixels shuffled": shuffled,
    }
)
"""What is done to right images so that they must be refused."""


def _print_spoilt(right: list[Pixels], trained: Trained) -> None:
    for name, spoil in CORRUPTIONS.items():
        print(_line(f"caught: {name}", _assessed(map(spoil, right), trained)))
    mirrored = _assessed((np.ascontiguousarray(pixels[:, ::-1]) for pixels in right), trained)
    seen = sum("mirrored" in verdict.caution_codes for verdict in mirrored)
    print(f"caution in mirrored images: {Proportion(seen, len(mirrored))}")


def _print_others(trained: Trained) -> None:
    for source, images in foreign_images().items():
        verdicts = _assessed((pixels for _, pixels in images), trained)
        print(_line(f"caught: {source}", verdicts))
        passed = [n for (n, _), verdict in zip(images, verdicts, strict=True) if verdict.suitable]
        print(f"    passed: {', '.join(passed) or 'none'}")
    random = np.random.default_rng(FRESH_SEED)
    for maker in dict.fromkeys(MAKERS):
        drawn = (maker(random, 256) for _ in range(50))
        print(_line(f"caught: made, {maker.__name__}", _assessed(drawn, trained)))
    print(_line("caught: made, lateral", _assessed(laterals(FRESH_SEED, 100), trained)))


def _assessed(images: Iterable[np.ndarray], trained: Trained) -> list[Suitability]:
    return [assess(pixels, trained) for pixels in images]


def _line(name: str, verdicts: list[Suitability]) -> str:
    codes = Counter(code for verdict in verdicts for code in verdict.codes)
    refused = sum(not verdict.suitable for verdict in verdicts)
    counts = ", ".join(f"{code} {count}" for code, count in codes.most_common())
    return f"{name}: {Proportion(refused, len(verdicts))}; {counts}"


if __name__ == "__main__":
    main()

"""``python -m monai_covid.suitability.measure``: how often suitability errs, with intervals.

Needs the folder of real images with ``covid``, ``covid_extra``, ``nih`` and ``dicom``.
"""

from __future__ import annotations

import argparse
import logging
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from monai_covid.data.images import read_image
from monai_covid.dicom.pixels import read_radiograph
from monai_covid.suitability.assess import assess
from monai_covid.suitability.building.negatives import MAKERS, laterals
from monai_covid.suitability.measuring.foreign import foreign_images
from monai_covid.suitability.measuring.proportion import Proportion
from monai_covid.suitability.measuring.real import SPOILT, Pixels, held_out_sets
from monai_covid.suitability.verdict import Suitability
from monai_covid.suitability.weights import WEIGHTS_FILE, Trained, load_trained

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
        mirrored = sum("mirrored" in each.caution_codes for each in verdicts)
        print(f"    cautioned as mirrored: {Proportion(mirrored, len(verdicts))}")
        for (path, _), each in zip(images, verdicts, strict=True):
            lines += [] if each.suitable else [f"{path}\t{','.join(each.codes)}"]
    if options.refused:
        options.refused.write_text("\n".join(lines) + "\n")
    right = [pixels for images in sets.values() for _, pixels in images]
    _print_spoilt(right, trained)
    _print_others(trained)
    for path in sorted((options.data / "dicom").glob("*.dcm")):
        verdict = assess(read_radiograph(path), trained)
        print(f"{path.name}: {verdict.codes or 'suitable'} {verdict.caution_codes}")


def _print_spoilt(right: list[Pixels], trained: Trained) -> None:
    for name, spoil in SPOILT.items():
        print(_line(f"caught: {name}", _assessed(map(spoil, right), trained)))
    mirrored = _assessed((np.ascontiguousarray(pixels[:, ::-1]) for pixels in right), trained)
    seen = sum("mirrored" in each.caution_codes for each in mirrored)
    print(f"caution in mirrored images: {Proportion(seen, len(mirrored))}")


def _print_others(trained: Trained) -> None:
    for source, images in foreign_images().items():
        verdicts = _assessed((pixels for _, pixels in images), trained)
        print(_line(f"caught: {source}", verdicts))
        passed = [n for (n, _), each in zip(images, verdicts, strict=True) if each.suitable]
        print(f"    passed: {', '.join(passed) or 'none'}")
    random = np.random.default_rng(FRESH_SEED)
    for maker in dict.fromkeys(MAKERS):
        drawn = (maker(random, 256) for _ in range(50))
        print(_line(f"caught: made, {maker.__name__}", _assessed(drawn, trained)))
    print(_line("caught: made, lateral", _assessed(laterals(FRESH_SEED, 100), trained)))


def _assessed(images: Iterable[np.ndarray], trained: Trained) -> list[Suitability]:
    return [assess(pixels, trained) for pixels in images]


def _line(name: str, verdicts: list[Suitability]) -> str:
    codes = Counter(code for each in verdicts for code in each.codes)
    refused = sum(not each.suitable for each in verdicts)
    found = ", ".join(f"{code} {count}" for code, count in codes.most_common())
    return f"{name}: {Proportion(refused, len(verdicts))}; {found}"


if __name__ == "__main__":
    main()
